"""What is told of a run, in MLflow, in alerts and in lists."""
