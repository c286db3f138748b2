"""What of a suite can find nothing."""
