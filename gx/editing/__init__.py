"""Changing suites: what they may hold, their versions, drafts and trials."""
