"""Check the machine that runs Ansible."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible.release import __version__

from ..model.problem import Code, Problem

# As meta/runtime.yml says, of which Ansible only warns.
OLDEST = (2, 21)


def ansible_is_recent(version: str = __version__) -> Iterator[Problem]:
    """Refuse an ansible-core that does what is not tried here, such as templating what hosts answer.

    :param version: such as ``"2.21.5"`` or ``"2.22.0b1"``
    """
    found = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if found < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        yield Problem(
            code=Code.ANSIBLE_TOO_OLD,
            where="the machine that runs Ansible",
            found=f"ansible-core {version}",
            expected=f"ansible-core {oldest} or newer",
            fix=f"pip install 'ansible-core>={oldest}', or run make setup in a checkout",
        )
