"""Backups: what one holds, who may have made it, and what a restore brings back."""
