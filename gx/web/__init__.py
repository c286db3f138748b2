"""The pages inside Airflow's UI: an ASGI app that is handed its guard and its sources."""
