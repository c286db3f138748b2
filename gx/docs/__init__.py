"""Data Docs and the stored results that they show."""
