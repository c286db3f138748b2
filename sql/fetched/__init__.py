"""Bars from Interactive Brokers: storing them, and remembering what was asked."""
