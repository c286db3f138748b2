"""What a run's MLflow run holds: metrics, files, a dataset, children, and points of trends."""
