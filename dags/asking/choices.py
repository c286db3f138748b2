"""What can be answered to a question, as Airflow's page and API call it."""

HOLD, PUBLISH, FAIL = "Hold these symbols", "Publish all the same", "Fail the run"
