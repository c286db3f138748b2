"""What a threshold costs: the alarms it raises, and the defects that it misses."""
