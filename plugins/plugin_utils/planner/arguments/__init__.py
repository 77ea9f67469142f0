"""The arguments of the phases: what was decided for a host, as the roles' entry points take it.

A module for each role. Field ``x`` of a phase that role ``r`` carries out is option ``__r_x`` of that role's entry
point (``result.ENTRY_POINTS``).
"""
