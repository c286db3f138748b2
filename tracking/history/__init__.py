"""Many runs in MLflow: their lines over months, saved views, and old ones removed."""
