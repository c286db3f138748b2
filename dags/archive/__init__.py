"""Old bars of a dataset in files: out of the table, back into it, read as if still there."""
