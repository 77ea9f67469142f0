"""The errors that commands report, in one line each."""


class FleetError(Exception):
    """A sentence for the user: what was found, what is expected and the command that fixes it."""


class BootError(FleetError):
    """A host does not boot. What runs is left as it is, to be examined."""
