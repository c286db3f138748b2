"""What the values of a table's sample tell of it."""
