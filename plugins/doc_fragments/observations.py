"""Options that actions share which read the observations of all hosts."""


class ModuleDocFragment:
    """Offer the fragment ``flotilla.swarm.observations`` to Ansible."""

    DOCUMENTATION = r"""
options:
  hosts:
    description: Inventory names of all hosts, also of those that could not be observed.
    type: list
    elements: str
    required: true
  observed:
    description: Name of the variable that holds the result of M(flotilla.swarm.observe) of each host.
    type: str
    required: true
"""
