"""A fleet: hosts on a network of their own, and all that the commands do with them."""

import shutil
import socket
import sys
from pathlib import Path

from . import cache, forward, golden, image, inventory, network, prerequisites, process, settings
from . import state as states
from .boot import boot
from .errors import BootError, FleetError
from .golden import copy_disk
from .host import Host, new_ssh_key, shut_down
from .state import State

PACKAGES = "packages"  # part of the forwarder from the hosts to the package cache
PUBLISH = "publish"  # part of a forwarder from the machine to the hosts, before "-PORT"


class Fleet:
    """A fleet by name. Whoever changes it holds the lock of its name."""

    def __init__(self, name: str) -> None:
        """Name a fleet, which need not exist.

        :raise FleetError: no fleet can have this name
        """
        self.name = settings.check_name(name)
        self.folder = fleets_folder() / name
        self.namespace = network.namespace_of(name)
        self.inventory = self.folder / "inventory"
        self.link = settings.CHECKOUT / inventory.LINK if name == settings.DEMO else None
        self.snapshots = self.folder / "snapshots"

    # What there is

    def load(self) -> State:
        """Return the fleet's state.

        :raise FleetError: there is no such fleet
        """
        if state := states.load(self.folder):
            return state
        raise FleetError(f"there is no fleet {self.name}; run: python -m fleet up 3 --name {self.name}")

    def save(self, state: State) -> None:
        """Keep the fleet's state."""
        states.save(self.folder, state)

    def host(self, state: State, name: str) -> Host:
        """Return a host by name.

        :raise FleetError: the fleet has no such host
        """
        if name not in state.hosts:
            have = ", ".join(state.hosts)
            raise FleetError(f"fleet {self.name} has no host {name}: wanted is one of {have}")
        return Host(
            name=name,
            memory=state.hosts[name],
            fleet=self.folder,
            image=image.folder_of(state.image),
            namespace=self.namespace,
            address=network.address_of(state.index, name),
            gateway=network.gateway_of(state.index),
        )

    def hosts(self, state: State) -> list[Host]:
        """Return all hosts."""
        return [self.host(state, name) for name in state.hosts]

    def table(self) -> str:
        """Return a line for each host and the path of the inventory."""
        state = self.load()
        rows = [("HOST", "ADDRESS", "STATE", "UPTIME", "MEMORY")]
        for host in self.hosts(state):
            pid = host.pid
            uptime = f"{process.age_of(pid):.0f} s" if pid else "-"
            memory = f"{process.memory_of(pid) if pid else 0}/{host.memory} MiB"
            rows.append((host.name, host.address, host.state(), uptime, memory))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, f"Inventory: {self.link or self.inventory}"])

    # Up

    def up(self, count: int, managers: int, memory: int, published: list[int]) -> None:
        """Make the fleet have this many hosts, and boot those that are off.

        :param count: hosts in all; a fleet that has more keeps them
        :param managers: how many of them are managers
        :param memory: MiB for each new host
        :param published: ports of the machine that lead to the hosts, besides those that do
        :raise FleetError: it could not be done; only after a BootError is something left
        """
        wanted = host_names(count, managers)
        self.clear_interrupted()
        old = states.load(self.folder)
        before = self.hosts(old) if old else []
        had = [host.name for host in before]
        new = [name for name in wanted if name not in had]
        if extra := [name for name in had if name not in wanted]:
            print(f"Fleet {self.name} has more hosts, which stay: {', '.join(extra)}", flush=True)
        off = [host for host in before if host.pid is None]
        prerequisites.check_room(
            booting=len(new) + len(off),
            new=len(new),
            memory=memory,
            folder=settings.home(),
            with_image=old is None and not image.exists(),
        )
        base = old.image if old else image.ensure()
        try:
            state = self.register(base)
            state.hosts |= dict.fromkeys(new, memory)
            state.published += [port for port in published if port not in state.published]
            self.save(state)
            self.connect(state)
            self.create_hosts(state)
            self.write_inventory(state)
            boot([host for host in self.hosts(state) if host.state() in ("off", "booting")])
        except BootError:
            raise
        except BaseException:
            self.withdraw(old)
            raise
        for host in self.hosts(state):
            if host.state() != "running":
                print(f"{host.name} is {host.state()} and stays so", flush=True)
        self.finish(state)

    def up_from(self, name: str, published: list[int]) -> None:
        """Boot a new fleet from a golden disk: hosts, addresses, keys and inventory are those that it was kept with.

        :param published: ports of the machine that lead to the hosts
        :raise FleetError: it could not be done; only after a BootError is something left
        """
        self.clear_interrupted()
        if states.load(self.folder):
            raise FleetError(f"there is a fleet {self.name} already; run: python -m fleet down --name {self.name}")
        hosts = golden.load(name).hosts
        prerequisites.check_room(
            booting=len(hosts),
            new=len(hosts),
            memory=max(hosts.values()),
            folder=settings.home(),
            with_image=False,
        )
        try:
            state = golden.take(name, self.folder)
            state.published = published
            self.save(state)
            self.connect(state)
            self.create_hosts(state)
            self.write_inventory(state)
            boot(self.hosts(state))
        except BootError:
            raise
        except BaseException:
            self.withdraw(None)
            raise
        self.finish(state)

    def finish(self, state: State) -> None:
        """Keep that the fleet came up, and say how it is reached."""
        state.complete = True
        self.save(state)
        print(f"Inventory: {self.link or self.inventory}", flush=True)

    def clear_interrupted(self) -> None:
        """Clear what a killed command left of a fleet that never came up."""
        with settings.locked("fleets"):
            state = states.load(self.folder)
            if state is None or not state.complete:
                if self.folder.exists():
                    print(f"Clearing what an interrupted command left of {self.name}", flush=True)
                self.clear()

    def register(self, base: str) -> State:
        """Return the fleet's state, which a new fleet gets with a number of its own.

        :param base: name of the base image of a new fleet
        """
        with settings.locked("fleets"):
            state = states.load(self.folder)
            if state is None:
                self.folder.mkdir(parents=True)
                state = State(index=free_index(), image=base)
                self.save(state)
        return state

    def connect(self, state: State) -> None:
        """Make the network, its forwarders and the package cache, or what is missing of them."""
        with settings.locked("fleets"):
            cache.ensure()
        gateway = network.gateway_of(state.index)
        network.ensure(self.namespace, gateway)
        if not self.has_part(PACKAGES):
            with network.entered(self.namespace):
                listener = network.listen(gateway, cache.PORT)
            self.start_forwarder(PACKAGES, listener, cache.targets(), prefix=[])
        for port in state.published:
            part = f"{PUBLISH}-{port}"
            targets = self.folder / f"{part}.targets"
            lines = [f"{host.address}:{port}\n" for host in self.hosts(state)]
            settings.write_atomically(targets, "".join(lines))
            if not self.has_part(part):
                listener = network.listen("127.0.0.1", port)
                self.start_forwarder(part, listener, targets, network.inside(self.namespace))
                print(f"Published: 127.0.0.1:{port} leads to port {port} of the hosts", flush=True)

    def has_part(self, part: str) -> bool:
        """Tell whether a background process of the fleet runs."""
        return bool(process.find(process.works_for(self.folder, part)))

    def start_forwarder(self, part: str, listener: socket.socket, targets: Path, prefix: list[str]) -> None:
        """Start a forwarder that takes over a listening socket.

        :param prefix: words that run it in the namespace where the targets are
        """
        with listener:
            number = listener.fileno()
            command: list[str | Path] = [*prefix, sys.executable, forward.__file__, str(number), targets]
            process.start(command, self.folder, part, self.folder / f"{part}.log", number)

    def create_hosts(self, state: State) -> None:
        """Make the folders of the hosts that have none, and the files that let ssh in."""
        private_key = inventory.private_key_of(self.folder)
        if not private_key.exists():
            private_key.parent.mkdir(exist_ok=True)
            new_ssh_key(private_key, f"fleet {self.name}")
        for host in self.hosts(state):
            if not host.folder.exists():
                host.create(private_key.with_suffix(".pub").read_text())
        keys = {host.address: host.public_key for host in self.hosts(state)}
        settings.write_atomically(inventory.known_hosts_of(self.folder), inventory.known_hosts_text(keys))

    def write_inventory(self, state: State) -> None:
        """Write the inventory, but not over a person's changes, and link the demo's into the checkout."""
        variables = self.inventory / "group_vars" / "all"
        variables.mkdir(parents=True, exist_ok=True)
        settings.write_atomically(variables / "connection.yml", inventory.connection_text(self.folder, self.namespace))
        if self.link:
            inventory.link(self.link, self.inventory)
        path = self.inventory / "hosts.yml"
        addresses = {host.name: host.address for host in self.hosts(state)}
        written = inventory.write_hosts(path, inventory.hosts_text(addresses), state.hosts_digest)
        if written:
            state.hosts_digest = written
            self.save(state)
            return
        print(f"{path} was edited and is left as it is", flush=True)
        for line in inventory.missing_lines(path.read_text(), addresses):
            print(f"It lacks: {line}", flush=True)

    # Down

    def withdraw(self, old: State | None) -> None:
        """Undo an `up` that was interrupted: remove the hosts that it added.

        :param old: the fleet's state before; None if the whole fleet is new
        """
        if old is None:
            self.down()
            return
        state = self.load()
        for host in self.hosts(state):
            if host.name not in old.hosts:
                self.remove_host(state, host)
        state.published = old.published
        self.save(state)
        self.write_inventory(state)

    def remove_host(self, state: State, host: Host) -> None:
        """Remove a host from the fleet; the caller saves the state."""
        host.cut_power()
        network.remove_tap(self.namespace, host.name)
        host.delete()
        del state.hosts[host.name]
        print(f"{host.name} is gone", flush=True)

    def down(self) -> None:
        """Remove the fleet, and with the last one end the package cache."""
        with settings.locked("fleets"):
            self.clear()
            if not all_fleets():
                cache.stop()
        print(f"Fleet {self.name} is gone", flush=True)

    def clear(self) -> None:
        """End the fleet's processes and remove its network and files, whatever there is of them."""
        process.end(process.works_for(self.folder))
        process.end(process.is_inside(self.namespace))
        network.remove(self.namespace)
        if self.link:
            inventory.unlink(self.link, self.inventory)
        shutil.rmtree(self.folder, ignore_errors=True)

    # Hosts and disks

    def boot(self, name: str) -> None:
        """Boot a host that is off, also after the machine itself was booted."""
        state = self.load()
        host = self.host(state, name)
        self.connect(state)
        boot([host])

    def wipe(self, name: str) -> None:
        """Replace a host by a fresh one with the same name and address; its cable is plugged in."""
        state = self.load()
        host = self.host(state, name)
        host.cut_power()
        host.delete()
        self.connect(state)
        self.create_hosts(state)
        network.ensure_tap(self.namespace, name)
        network.plug_in(self.namespace, name)
        boot([host])

    def snapshot(self, label: str) -> None:
        """Keep the disks of all hosts under a label. The hosts are off meanwhile.

        :raise FleetError: the label is taken, or a host does not power off
        """
        state = self.load()
        target = self.snapshots / settings.check_name(label)
        if target.exists():
            raise FleetError(
                f"fleet {self.name} has a snapshot {label} already; take another label or run: rm -r {target}"
            )
        temporary = target.with_suffix(".new")
        shutil.rmtree(temporary, ignore_errors=True)
        shut_down(self.hosts(state))
        for host in self.hosts(state):
            copy_disk(host.folder, temporary / host.name)
        temporary.rename(target)
        print(f"Snapshot {label} taken", flush=True)
        boot(self.hosts(state))

    def keep_golden(self, name: str) -> None:
        """Keep the fleet as a golden disk. The hosts are off meanwhile.

        :raise FleetError: a host does not power off
        """
        state = self.load()
        settings.check_name(name)
        shut_down(self.hosts(state))
        golden.keep(name, self.folder, state)
        print(f"Golden disk {name} kept", flush=True)
        boot(self.hosts(state))

    def restore(self, label: str) -> None:
        """Give all hosts the disks that they had at a snapshot. Hosts that came later go.

        :raise FleetError: there is no such snapshot
        """
        state = self.load()
        source = self.snapshots / settings.check_name(label)
        if not source.exists():
            have = ", ".join(sorted(path.name for path in self.snapshots.glob("*"))) or "none"
            raise FleetError(
                f"fleet {self.name} has no snapshot {label}, it has: {have}; "
                f"run: python -m fleet snapshot --name {self.name} {label}"
            )
        for host in self.hosts(state):
            if not (source / host.name).exists():
                self.remove_host(state, host)
                continue
            host.cut_power()
            host.delete()
            copy_disk(source / host.name, host.folder)
        self.save(state)
        self.connect(state)
        self.create_hosts(state)
        self.write_inventory(state)
        print(f"Snapshot {label} restored", flush=True)
        boot(self.hosts(state))


def host_names(count: int, managers: int) -> list[str]:
    """Return the names of a fleet's hosts, managers first.

    :raise FleetError: the numbers make no fleet
    """
    workers = count - managers
    if not 1 <= managers <= network.MOST_MANAGERS or not 0 <= workers <= network.MOST_WORKERS:
        raise FleetError(
            f"{managers} managers and {workers} workers make no fleet: wanted are 1 to "
            f"{network.MOST_MANAGERS} managers and 0 to {network.MOST_WORKERS} workers, "
            "such as: python -m fleet up 3 --managers 1"
        )
    names = [f"manager-{number}" for number in range(1, managers + 1)]
    return names + [f"worker-{number}" for number in range(1, workers + 1)]


def fleets_folder() -> Path:
    """Return the folder that has a folder for each fleet."""
    return settings.home() / "fleets"


def all_fleets() -> list[Fleet]:
    """Return all fleets of this machine, and what is left of killed ones."""
    return [Fleet(path.name) for path in sorted(fleets_folder().glob("*"))]


def free_index() -> int:
    """Return the lowest number that no fleet has. Call it with the lock "fleets" held.

    :raise FleetError: all are taken
    """
    present = (states.load(fleet.folder) for fleet in all_fleets())
    taken = {state.index for state in present if state}
    for index in range(network.MOST_FLEETS):
        if index not in taken:
            return index
    raise FleetError(f"there are {network.MOST_FLEETS} fleets, the most there can be; run: python -m fleet down --all")
