"""Programs that run: kept up, ended with their owner, and not cut off in what must be whole."""
