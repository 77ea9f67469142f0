"""Stack files, volumes, secrets, configs, releases and backups."""
