"""One DAG run as one MLflow run."""
