"""Compose files as their users wrote them, and what becomes of each key in a swarm."""
