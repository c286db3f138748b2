"""Expectations of your own: see README.md beside this file. gx.custom imports what lies here."""
