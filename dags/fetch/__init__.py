"""Bars from Interactive Brokers, into the source table of a dataset."""
