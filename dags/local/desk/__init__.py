"""The desk of one machine: Airflow, MLflow and PostgreSQL, started, watched and stopped."""
