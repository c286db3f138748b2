"""A file opened: unpacked, decoded, and its cells as they stand in it."""
