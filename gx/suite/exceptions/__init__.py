"""Exceptions by symbol: a table in an expectation's entry, whose first row that fits rules."""
