"""Stack files, volumes, secrets, configs and releases."""
