"""Expectations of your own: see README.md here. gx.suite.custom.load imports what lies here."""
