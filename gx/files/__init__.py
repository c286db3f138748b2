"""Files of bars: read as they are meant, or refused with a reason."""
