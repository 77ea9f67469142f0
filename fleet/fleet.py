"""A fleet: hosts on a network of their own, and all that the commands do with them."""

from pathlib import Path

from . import cache, connection, folders, golden, image, inventory, network, prerequisites, process, settings
from . import state as states
from .boot import boot
from .errors import BootError, FleetError
from .host import Host, new_ssh_key
from .state import State


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
            raise FleetError(f"fleet {self.name} has no host {name}: expected one of {have}")
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
        names = network.host_names(count, managers)
        self.clear_interrupted()
        old = states.load(self.folder)
        before = self.hosts(old) if old else []
        had = [host.name for host in before]
        new = [name for name in names if name not in had]
        if extra := [name for name in had if name not in names]:
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
        addresses = [host.address for host in self.hosts(state)]
        connection.connect(self.folder, self.namespace, state, addresses)

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
        folders.remove(self.folder)

    def boot(self, name: str) -> None:
        """Boot a host that is off, also after the machine itself was booted."""
        state = self.load()
        host = self.host(state, name)
        self.connect(state)
        boot([host])


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
