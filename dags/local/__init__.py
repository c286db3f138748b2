"""The embedded default: every service in one folder of this machine, and the commands around it."""
