"""Where a text has its header and its cells."""
