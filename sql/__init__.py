"""Bars in PostgreSQL: schema, sample, reading, loading, publishing, and the embedded server."""
