"""What the pages inside Airflow show, and who may see and change it."""
