"""Of which day a bar is, by what a file shows."""
