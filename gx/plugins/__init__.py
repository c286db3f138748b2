"""Extensions of Great Expectations that belong to this project."""
