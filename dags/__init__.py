"""What Airflow loads, and the local runner that starts it on one machine."""

VERSION = "0.1.0"
