"""Judging a market part by part, as if it were one frame."""
