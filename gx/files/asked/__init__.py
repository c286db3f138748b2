"""What a person says of how files are to be read, once or for good."""
