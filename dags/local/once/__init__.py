"""One run from the command line, watched, with a summary."""
