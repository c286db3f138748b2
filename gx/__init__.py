"""The quality gate: a Great Expectations project, and the code that runs it."""
