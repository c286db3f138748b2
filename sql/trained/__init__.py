"""What a model is trained on, and what it says: published bars that are vouched for, signals."""
