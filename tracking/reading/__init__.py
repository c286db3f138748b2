"""Finding the runs that a person names, and reading back what they left."""
