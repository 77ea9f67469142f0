"""The variables of all roles for one host, as if the host's play had them all.

Roles stay apart: each has its own variables only, and what it needs of others is passed to it as an argument. But
the site as a whole is described by the variables of all of them.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase

ROLES = Path(__file__).parents[3] / "roles"


def add_roles(loader: DataLoader, variables: Mapping[str, Any]) -> ChainMap[str, Any]:
    """Put the roles' defaults beneath a host's variables, and their internal variables above.

    :param variables: of the host, as an action plugin gets them
    """
    internal, defaults = _load(loader, "vars"), _load(loader, "defaults")
    # Paths in defaults begin at a role's folder; whichever it is, the others lie beside it.
    place = {"role_path": str(ROLES / "preflight")}
    return ChainMap(place, internal, dict(variables), defaults)


class RoleVariables:
    """The variables of all roles for one host, with their templates."""

    def __init__(self, action: ActionBase, variables: Mapping[str, Any]) -> None:
        """Take the variables of a host.

        :param action: the action plugin that needs them
        :param variables: see ``add_roles``
        """
        self._known = add_roles(action._loader, variables)
        self._templar = action._templar.copy_with_new_env(available_variables=self._known)
        # Ansible evaluates a variable each time that it is read.
        self._read_often = list(self._known["__preflight_read_often"])

    def template(self, name: str) -> Any:  # noqa: ANN401 # whatever a user wrote
        """Return the value of a variable.

        :raise AnsibleError: it cannot be read, as in a locked vault
        """
        while self._read_often:
            often = self._read_often[0]
            self._known[often] = self._templar.template(self._known[often])
            self._read_often.pop(0)
        return self._templar.template(self._known[name])


def _load(loader: DataLoader, part: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(ROLES.glob(f"*/{part}/main.yml")):
        # Not copied, which takes longer than all else here: nobody changes it.
        found |= loader.load_from_file(str(path), unsafe=True, trusted_as_template=True) or {}
    return found
