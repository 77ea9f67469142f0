"""A problem as a value, and the tables of rules that find problems.

docs/problems.md lists every code for people; a test keeps page and codes equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

# Things that a sentence names of many.
NAMED = 5


class Code(StrEnum):
    """What kind of problem it is; stable, since people search for it and tests name it."""

    # The inventory and its settings.
    GROUP_EMPTY = "group-empty"
    GROUP_CONFLICT = "group-conflict"
    GROUP_UNKNOWN = "group-unknown"
    GROUP_TOO_LARGE = "group-too-large"
    HOST_WITHOUT_ROLE = "host-without-role"
    RUN_LIMITED = "run-limited"
    SETTING_UNKNOWN = "setting-unknown"
    SETTING_UNUSED = "setting-unused"
    SETTING_DUPLICATE = "setting-duplicate"
    SETTING_INVALID = "setting-invalid"
    SETTING_UNREADABLE = "setting-unreadable"
    SETTING_MISSING = "setting-missing"
    SETTING_CONFLICT = "setting-conflict"
    SETTING_TOO_LARGE = "setting-too-large"
    ANSIBLE_TOO_OLD = "ansible-too-old"
    # The hosts.
    HOST_NOT_OBSERVED = "host-not-observed"
    HOST_DUPLICATE = "host-duplicate"
    HOST_NOT_UNIQUE = "host-not-unique"
    HOST_SYSTEM = "host-system"
    HOST_MEMORY = "host-memory"
    HOST_DISK = "host-disk"
    HOST_KERNEL = "host-kernel"
    HOST_CLOCK = "host-clock"
    ENGINE_TOO_OLD = "engine-too-old"
    ENGINE_VERSION = "engine-version"
    ENGINE_SETTINGS = "engine-settings"
    ENGINE_STOPPED = "engine-stopped"
    ENGINE_UNATTENDED = "engine-unattended"
    KEY_UNTRUSTED = "key-untrusted"
    # The network.
    PORT_IN_USE = "port-in-use"
    ADDRESS_CHANGED = "address-changed"
    ADDRESS_MISSING = "address-missing"
    ADDRESS_AMBIGUOUS = "address-ambiguous"
    PEER_UNREACHABLE = "peer-unreachable"
    FIREWALL_CLOSED = "firewall-closed"
    POOL_TOO_SMALL = "pool-too-small"
    POOL_IN_USE = "pool-in-use"
    # The registry.
    REGISTRY_NAME_UNKNOWN = "registry-name-unknown"
    REGISTRY_REFUSED = "registry-refused"
    REGISTRY_WITHOUT_TLS = "registry-without-tls"
    REGISTRY_OTHER_NAME = "registry-other-name"
    REGISTRY_UNTRUSTED = "registry-untrusted"
    REGISTRY_CREDENTIALS = "registry-credentials"
    REGISTRY_DENIED = "registry-denied"
    REGISTRY_LIMITED = "registry-limited"
    REGISTRY_SILENT = "registry-silent"
    REGISTRY_LOGIN = "registry-login"
    REGISTRY_MISDIRECTED = "registry-misdirected"
    REGISTRY_CERTIFICATE = "registry-certificate"
    # The swarm.
    SWARM_UNCLEAR = "swarm-unclear"
    SWARM_SEVERAL = "swarm-several"
    SWARM_OTHER = "swarm-other"
    NODE_CLAIMED = "node-claimed"
    SWARM_UNKNOWN = "swarm-unknown"
    SWARM_WITHOUT_MANAGER = "swarm-without-manager"
    SWARM_WITHOUT_QUORUM = "swarm-without-quorum"
    MANAGERS_UNREACHABLE = "managers-unreachable"
    MAJORITY_AT_RISK = "majority-at-risk"
    SWARM_AUTOLOCKED = "swarm-autolocked"
    DEAD_NODE_ALIVE = "dead-node-alive"
    DEAD_NODE_IS_HOST = "dead-node-is-host"
    NODE_HAS_DATA = "node-has-data"
    # The stacks, their images, data and releases.
    STACK_FILE_INVALID = "stack-file-invalid"
    COMPOSE_MISSING = "compose-missing"
    FIELD_REFUSED = "field-refused"
    STACK_VARIABLE_MISSING = "stack-variable-missing"
    STACK_DIFFERS = "stack-differs"
    STACK_TOO_LARGE = "stack-too-large"
    PORT_RESERVED = "port-reserved"
    PORT_PUBLISHED_TWICE = "port-published-twice"
    NETWORK_DIFFERS = "network-differs"
    SERVICE_INVALID = "service-invalid"
    SERVICE_UNPLACEABLE = "service-unplaceable"
    SERVICE_TOO_LARGE = "service-too-large"
    SECRET_WITHOUT_VALUE = "secret-without-value"
    SECRET_MISSING = "secret-missing"
    SECRET_HAS_VALUE = "secret-has-value"
    DATA_LOST = "data-lost"
    DATA_SEVERAL = "data-several"
    BUILDER_UNREACHABLE = "builder-unreachable"
    CONTEXT_PRIVATE = "context-private"
    IMAGE_UNKNOWN = "image-unknown"
    IMAGE_MISSING = "image-missing"
    IMAGE_REPLACED = "image-replaced"
    RELEASE_UNKNOWN = "release-unknown"
    RELEASE_INCOMPLETE = "release-incomplete"
    RELEASE_PINNED = "release-pinned"
    # The run itself.
    SITE_NOT_SET_UP = "site-not-set-up"
    SITE_LOCKED = "site-locked"
    LOCK_LOST = "lock-lost"
    INPUT_EDITED = "input-edited"
    # Backup and restore.
    BACKUP_MISSING = "backup-missing"
    BACKUP_DAMAGED = "backup-damaged"
    BACKUP_OTHER_SITE = "backup-other-site"
    BACKUP_OTHER_STACK = "backup-other-stack"
    BACKUP_TOO_OLD = "backup-too-old"
    BACKUP_UNSAFE = "backup-unsafe"
    BACKUP_KEY = "backup-key"
    BACKUP_IMPOSSIBLE = "backup-impossible"
    AGE_MISSING = "age-missing"
    # Moving a volume.
    MOVE_IMPOSSIBLE = "move-impossible"
    # Cutting a host off.
    EVICT_IMPOSSIBLE = "evict-impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What forbids a run, or ends it.

    :ivar code: what kind it is
    :ivar found: what is there
    :ivar expected: what should be there
    :ivar fix: what to do, in the imperative
    :ivar where: a setting, a group, or a file and a key in it
    :ivar hosts: inventory names of the hosts that it is about
    """

    code: Code
    found: str
    expected: str
    fix: str
    where: str = ""
    hosts: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in one line, for where there is room for no more."""
        about = ", ".join(filter(None, [self.where, *self.hosts]))
        return f"{self.code}: {about}: found {self.found}; expected {self.expected}. {self.fix}"


def read_problem(raw: Mapping[str, Any]) -> Problem:
    """Read what ``dataclasses.asdict`` made of a problem."""
    return Problem(**{**raw, "code": Code(raw["code"]), "hosts": tuple(raw["hosts"])})


def first_of(names: Sequence[str]) -> str:
    """Name the first of many things in a sentence, and say how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


class ProblemError(ValueError):
    """Ends what cannot go on; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        """Keep the problem."""
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Rule[Facts]:
    """One check.

    :ivar check: finds its problems in all that a check may read; asks nobody and changes nothing
    :ivar after: codes that, once found, make this check's answer noise
    """

    check: Callable[[Facts], Iterable[Problem]]
    after: frozenset[Code] = frozenset()


def find[Facts](facts: Facts, rules: Sequence[Rule[Facts]]) -> tuple[Problem, ...]:
    """Apply rules in their order, which is that of the report."""
    found: list[Problem] = []
    for rule in rules:
        if rule.after.isdisjoint(problem.code for problem in found):
            found += rule.check(facts)
    return merge(found)


def merge(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Say the same problem of several hosts once."""
    hosts: dict[Problem, dict[str, None]] = {}
    for problem in problems:
        hosts.setdefault(replace(problem, hosts=()), {}).update(dict.fromkeys(problem.hosts))
    return tuple(replace(problem, hosts=tuple(names)) for problem, names in hosts.items())
