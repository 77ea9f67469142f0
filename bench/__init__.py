"""Measurements of flotilla beside what else would do the job: `make bench`, whose figures are in RESULTS.md."""
