"""The folder of a run: what one step leaves for the next, signed."""
