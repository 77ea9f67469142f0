"""Settings of all unit tests."""

from hypothesis import settings

# Speed is measured in bench/. A busy machine makes no decision of the planner wrong.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
