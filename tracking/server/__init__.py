"""MLflow's server with logins, behind a guard: python -m tracking.server."""
