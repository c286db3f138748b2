"""What the pipeline costs, as ratios against the least that it could cost (`make bench`)."""
