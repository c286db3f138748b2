"""Removing old runs with all that they left: python -m dags.prune --help."""
