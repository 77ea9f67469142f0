"""Members, managers, labels and dead nodes of the swarm."""
