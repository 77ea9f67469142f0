"""Disks of a whole fleet: replaced by fresh ones, kept, and brought back."""

from . import folders, golden, network, settings
from .boot import boot
from .errors import FleetError
from .fleet import Fleet
from .golden import copy_disk
from .host import shut_down


def wipe(fleet: Fleet, name: str) -> None:
    """Replace a host by a fresh one with the same name and address; its cable is plugged in."""
    state = fleet.load()
    host = fleet.host(state, name)
    host.cut_power()
    host.delete()
    fleet.connect(state)
    fleet.create_hosts(state)
    network.ensure_tap(fleet.namespace, name)
    network.plug_in(fleet.namespace, name)
    boot([host])


def snapshot(fleet: Fleet, label: str) -> None:
    """Keep the disks of all hosts under a label. The hosts are off meanwhile.

    :raise FleetError: the label is taken, or a host does not power off
    """
    state = fleet.load()
    target = fleet.snapshots / settings.check_name(label)
    if target.exists():
        raise FleetError(
            f"fleet {fleet.name} has a snapshot {label} already; take another label or run: rm -r {target}"
        )
    temporary = target.with_suffix(".new")
    folders.remove(temporary)
    shut_down(fleet.hosts(state))
    for host in fleet.hosts(state):
        copy_disk(host.folder, temporary / host.name)
    temporary.rename(target)
    print(f"Snapshot {label} taken", flush=True)
    boot(fleet.hosts(state))


def keep_golden(fleet: Fleet, name: str) -> None:
    """Keep the fleet as a golden disk. The hosts are off meanwhile.

    :raise FleetError: a host does not power off
    """
    state = fleet.load()
    settings.check_name(name)
    shut_down(fleet.hosts(state))
    golden.keep(name, fleet.folder, state)
    print(f"Golden disk {name} kept", flush=True)
    boot(fleet.hosts(state))


def restore(fleet: Fleet, label: str) -> None:
    """Give all hosts the disks that they had at a snapshot. Hosts that came later go.

    :raise FleetError: there is no such snapshot
    """
    state = fleet.load()
    source = fleet.snapshots / settings.check_name(label)
    if not source.exists():
        have = ", ".join(sorted(path.name for path in fleet.snapshots.glob("*"))) or "none"
        raise FleetError(
            f"fleet {fleet.name} has no snapshot {label}, it has: {have}; "
            f"run: python -m fleet snapshot --name {fleet.name} {label}"
        )
    for host in fleet.hosts(state):
        if not (source / host.name).exists():
            fleet.remove_host(state, host)
            continue
        host.cut_power()
        host.delete()
        copy_disk(source / host.name, host.folder)
    fleet.save(state)
    fleet.connect(state)
    fleet.create_hosts(state)
    fleet.write_inventory(state)
    print(f"Snapshot {label} restored", flush=True)
    boot(fleet.hosts(state))
