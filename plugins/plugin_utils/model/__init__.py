"""Values that all rooms share: problems, rules, and later the site and what was observed."""
