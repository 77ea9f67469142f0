"""Packages, the engine's source, files and services of one host."""
