"""Expectations of your own: see README.md here. gx.suite.custom imports what lies here."""
