"""What a run is: its request, its settings, and where it stands."""
