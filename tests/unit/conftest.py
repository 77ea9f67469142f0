"""Settings of all unit tests."""

import os

from hypothesis import settings

# Speed is measured in bench/. A busy machine makes no decision of the planner wrong.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# In a hook, or in what a rebase runs, git's own variables name this repository: a test that makes one of its own would
# change this one instead.
for name in [name for name in os.environ if name.startswith("GIT_")]:
    del os.environ[name]
