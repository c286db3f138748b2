"""Expectations of your own: where their files lie, and reading them."""
