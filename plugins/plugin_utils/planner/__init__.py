"""One function that makes the whole plan."""
