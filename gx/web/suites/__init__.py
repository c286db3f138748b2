"""The pages about suites."""
