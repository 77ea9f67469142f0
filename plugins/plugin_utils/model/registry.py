"""The registry as the inventory and the settings describe it."""

from __future__ import annotations

from dataclasses import dataclass

from ..registry.url import RegistryUrl


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the registry; of a password only whether it is given."""

    name: str
    has_password: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The registry.

    :ivar host: inventory name of the host that serves it, ``""`` for an external one
    :ivar push_port: at which the one that flotilla serves takes images, while they are pushed
    :ivar push: the account that pushes; that which pulls may be the same
    :ivar ca: PEM text of the CA of an external one
    :ivar insecure: whether engines take any certificate of an external one
    """

    url: RegistryUrl
    host: str
    push_port: int
    push: Account
    pull: Account
    ca: str
    insecure: bool = False

    @property
    def is_shared(self) -> bool:
        """Tell whether one account does both."""
        return self.push.name == self.pull.name

    def account(self, purpose: str) -> Account:
        """Return the account for ``push`` or ``pull``."""
        return self.push if purpose == "push" else self.pull
