"""Judges the market expectations as detectors: plants defects in real bars and counts."""
