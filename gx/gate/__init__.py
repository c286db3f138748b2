"""From bars to a verdict: a suite as a checkpoint, its outcomes, per symbol and per row."""
