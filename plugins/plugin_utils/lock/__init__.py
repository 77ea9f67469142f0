"""Which run may change the site, and which process it is."""
