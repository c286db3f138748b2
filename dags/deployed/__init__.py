"""What a deployment needs beside Airflow and MLflow themselves: first steps, and health checks."""
