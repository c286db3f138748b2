"""The entries of a suite: read, and tried before a run needs them."""
