"""What is different between two tracked runs."""
