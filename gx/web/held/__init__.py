"""The pages of held bars: what is in quarantine, and what people may do about it."""
