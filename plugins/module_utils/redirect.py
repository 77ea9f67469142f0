"""Lead the visitors of a host's published ports to another host, while its own engine cannot serve them.

Kernel rules do it: what comes in for such a port is sent on to the other host, whose routing mesh serves it. They are
told from all other rules by their comment, and ``/run`` keeps whether there are any, so that observing it costs
nothing; both are gone after a reboot.
"""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Collection, Iterator, Sequence

from .host import Run, read_text

MARK = "/run/flotilla-redirect"
COMMENT = "flotilla-redirect"
# Within which a host that is there takes a connection.
SECONDS = 2
# By table, the chains that have rules of ours.
PREROUTING, POSTROUTING, FORWARD = ("nat", "PREROUTING"), ("nat", "POSTROUTING"), ("filter", "FORWARD")


class RedirectError(Exception):
    """The kernel refused a rule; the message is iptables' own."""


def is_there() -> bool:
    """Tell whether visitors are led elsewhere."""
    return os.path.exists(MARK)


def choose(addresses: Collection[str], ports: Collection[int]) -> tuple[str, list[int]]:
    """Choose who serves the visitors: the first host that takes connections at every port, else the most of them.

    A host may have been lost since the others were asked, and behind a port there may be no task anywhere.

    :return: the address, and those of the ports; ``""`` and none where no host takes any
    """
    best, most = "", list[int]()
    for address in addresses:
        taken = [port for port in ports if _takes(address, port)]
        if len(taken) > len(most):
            best, most = address, taken
        if len(most) == len(ports):
            break
    return best, most


def _takes(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), SECONDS):
            return True
    except OSError:
        return False


def begin(run: Run, address: str, ports: Collection[int]) -> None:
    """Lead visitors of TCP ports to another host.

    Its rules come in this order, as a packet that is sent on before it may pass would hang its visitor.

    :param run: runs a command, see ``host.Run``
    :param address: the other host's IPv4 address
    :raise RedirectError: a rule was refused; those before it are taken away again
    """
    end(run)
    with open(MARK, "w", encoding="utf-8") as mark:
        mark.write(" ".join(map(str, ports)))
    try:
        for (table, chain), rule in _rules(address, ports):
            _iptables(run, table, "--insert", chain, *rule)
    except RedirectError:
        end(run)
        raise


def _rules(address: str, ports: Collection[int]) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for port in map(str, ports):
        yield FORWARD, ("--protocol", "tcp", "--destination", address, "--dport", port, "--jump", "ACCEPT")
        yield FORWARD, ("--protocol", "tcp", "--source", address, "--sport", port, "--jump", "ACCEPT")
        yield POSTROUTING, ("--protocol", "tcp", "--destination", address, "--dport", port, "--jump", "MASQUERADE")
    local = ("--match", "addrtype", "--dst-type", "LOCAL")
    for port in map(str, ports):
        yield (
            PREROUTING,
            ("--protocol", "tcp", "--dport", port, *local, "--jump", "DNAT", "--to-destination", address),
        )


def is_served(run: Run) -> bool:
    """Tell whether the host's own routing mesh has rules for all ports whose visitors are led elsewhere."""
    code, output, _errors = run(["iptables", "--wait", "--table", "nat", "--list-rules", "DOCKER-INGRESS"])
    served = {words[words.index("--dport") + 1] for words in map(str.split, output.splitlines()) if "--dport" in words}
    return not code and {*(read_text(MARK) or "").split()} <= served


def stop_new(run: Run) -> None:
    """Let the host serve its new visitors itself; those on their way are still led elsewhere."""
    _remove(run, *PREROUTING)


def end(run: Run) -> None:
    """Take all rules away; without any, this does nothing."""
    if is_there():
        for chain in (PREROUTING, POSTROUTING, FORWARD):
            _remove(run, *chain)
        os.unlink(MARK)


def _remove(run: Run, table: str, chain: str) -> None:
    code, output, errors = run(["iptables", "--wait", "--table", table, "--list-rules", chain])
    if code:
        raise RedirectError(errors.strip())
    for line in output.splitlines():
        rule: Sequence[str] = shlex.split(line)
        if COMMENT in rule:
            _iptables(run, table, "--delete", *rule[1:])


def _iptables(run: Run, table: str, act: str, chain: str, *rule: str) -> None:
    comment = () if COMMENT in rule else ("--match", "comment", "--comment", COMMENT)
    code, _output, errors = run(["iptables", "--wait", "--table", table, act, chain, *comment, *rule])
    if code:
        raise RedirectError(errors.strip())
