"""One host: a User-Mode Linux guest with a copy-on-write disk and keys of its own."""

import signal
import socket
import struct
import tarfile
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from . import folders, inventory, network, process
from .errors import BootError, FleetError

# Of the files in a host's folder.
DISK = "disk.cow"
SEED = "seed.tar"
PUBLIC_KEY = "ssh_host_ed25519_key.pub"
LASTING_FILES = (DISK, SEED, PUBLIC_KEY)  # what a snapshot keeps
CONSOLE = "console.log"
CONTROL = "control"  # folder that the guest's kernel makes, with its control socket "mconsole"

POWER_OFF_TIMEOUT = 90.0  # seconds; systemd itself gives a service that hangs 90 s
# Of the kernel's control socket: struct mconsole_request in arch/um.
CONTROL_MAGIC = 0xCAFEBABE
CONTROL_VERSION = 2
CONTROL_TEXT_SIZE = 512


@dataclass(frozen=True)
class Host:
    """A host of a fleet.

    :param name: such as "worker-1"
    :param memory: MiB
    :param fleet: folder of the fleet
    :param image: folder of the base image
    :param namespace: file of the fleet's network namespace
    :param address: IPv4 address
    :param gateway: IPv4 address of the bridge
    """

    name: str
    memory: int
    fleet: Path
    image: Path
    namespace: Path
    address: str
    gateway: str

    @property
    def folder(self) -> Path:
        """The folder with the host's disk, keys and console log."""
        return self.fleet / "hosts" / self.name

    @property
    def pid(self) -> int | None:
        """The id of the guest's main process; None when the host is off."""
        return process.find_main(self.is_own)

    @property
    def is_own(self) -> process.Condition:
        """The condition that a process is one of this host's."""
        return process.works_for(self.fleet, self.name)

    @property
    def ssh_command(self) -> list[str]:
        """The words that run the command after them on the host, as its user."""
        key = inventory.private_key_of(self.fleet)
        options = inventory.ssh_options(self.fleet, self.namespace)
        return ["ssh", "-i", str(key), *options, f"{inventory.USER}@{self.address}"]

    @property
    def public_key(self) -> str:
        """The content of the host's public ssh key file."""
        return (self.folder / PUBLIC_KEY).read_text()

    def create(self, authorized_key: str) -> None:
        """Make the host's folder with its keys, whole or not at all. The first boot makes the disk.

        :param authorized_key: public ssh key of the user who may log in
        """
        temporary = self.folder.with_name(self.name + ".new")
        folders.remove(temporary)
        temporary.mkdir(parents=True)
        private_key = temporary / PUBLIC_KEY.removesuffix(".pub")
        new_ssh_key(private_key, self.name)
        write_seed(
            temporary / SEED,
            private_key.read_text(),
            (temporary / PUBLIC_KEY).read_text(),
            authorized_key,
        )
        private_key.unlink()
        temporary.rename(self.folder)

    def delete(self) -> None:
        """Remove the host's folder with all that is in it."""
        folders.remove(self.folder)

    def boot(self) -> None:
        """Start the guest. It takes some seconds until it answers.

        :raise BootError: its cable is pulled, so nobody could see it boot
        """
        network.ensure_tap(self.namespace, self.name)
        if not network.is_plugged_in(self.namespace, self.name):
            raise BootError(f"{self.name} is cut off; run: {self.command('plug')}")
        folders.remove(self.folder / CONTROL)
        command: list[str | Path] = [
            *network.inside(self.namespace),
            self.image / "boot",
            f"mem={self.memory}M",
            f"ubd0={self.folder / DISK},{self.image / 'disk.img'}",
            f"ubd1r={self.folder / SEED}",
            *("root=/dev/ubda", "rw", "net.ifnames=0", "quiet"),
            # This kernel charges CPU time in ticks of 10 ms, all that a container with 0.1 CPU gets in a period. A
            # period must then begin with a tick, or the container pays for a tick of which it ran a fraction.
            "highres=off",
            # 512 terminals that nobody uses, each of which udev would examine.
            "pty.legacy_count=0",
            f"vec0:transport=tap,ifname={self.name},depth=128,gro=1,mac={network.hardware_address_of(self.address)}",
            *("con=null", "con0=null,fd:2"),
            *(f"uml_dir={self.folder}", f"umid={CONTROL}"),
            f"fleet_host={self.name}",
            f"fleet_address={self.address}/{network.PREFIX_LENGTH}",
            f"fleet_gateway={self.gateway}",
        ]
        process.start(command, self.fleet, self.name, self.folder / CONSOLE)

    def cut_power(self) -> None:
        """End the guest at once, as a power cut would."""
        process.end(self.is_own)

    def shut_down(self) -> None:
        """Press the power button and wait for the host to be off.

        :raise FleetError: it does not go off
        """
        shut_down([self])

    def await_power_off(self) -> None:
        """Wait for the host to be off, whose power button was pressed.

        :raise FleetError: it does not go off
        """
        pid = self.pid
        if pid is None:
            return
        deadline = time.monotonic() + POWER_OFF_TIMEOUT
        while process.is_alive(pid):
            if time.monotonic() > deadline:
                raise FleetError(
                    f"{self.name} does not power off within {POWER_OFF_TIMEOUT:.0f} s; run: {self.command('kill')}"
                )
            time.sleep(0.1)
        # The children of a guest may outlive it for a moment.
        self.cut_power()

    def press_power_button(self) -> None:
        """Press the guest's Ctrl-Alt-Del, on which its systemd powers off."""
        request = struct.pack("<III", CONTROL_MAGIC, CONTROL_VERSION, len("cad"))
        request += b"cad".ljust(CONTROL_TEXT_SIZE, b"\0")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control:
            # The kernel answers, and wants an address to answer to.
            control.bind("")
            try:
                control.sendto(request, str(self.folder / CONTROL / "mconsole"))
            except OSError as error:
                raise FleetError(
                    f"{self.name} has no power button yet ({error.strerror}); wait until it runs "
                    f"or run: {self.command('kill')}"
                ) from error

    def freeze(self) -> None:
        """Stop the guest's time: it keeps its state and answers nothing."""
        process.send_signal(self.running_pid(), self.is_own, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen guest go on."""
        process.send_signal(self.running_pid(), self.is_own, signal.SIGCONT)

    def command(self, name: str) -> str:
        """Return the fleet's command of this name for this host, for messages."""
        return f"python -m fleet {name} --name {self.fleet.name} {self.name}"

    def running_pid(self) -> int:
        """Return the id of the guest's main process.

        :raise FleetError: the host is off
        """
        pid = self.pid
        if pid is None:
            raise FleetError(f"{self.name} is off; run: {self.command('boot')}")
        return pid

    def state(self) -> str:
        """Return "off", "frozen", "cut", "running" or "booting"."""
        pid = self.pid
        if pid is None:
            return "off"
        if process.is_stopped(pid):
            return "frozen"
        if not network.is_plugged_in(self.namespace, self.name):
            return "cut"
        return "running" if network.answers(self.namespace, self.address, 22) else "booting"


def shut_down(hosts: list[Host]) -> None:
    """Press the power buttons of those hosts that are on and wait for all to be off.

    :raise FleetError: one does not go off
    """
    on = [host for host in hosts if host.pid is not None]
    for host in on:
        if process.is_stopped(host.running_pid()):
            raise FleetError(f"{host.name} is frozen; run: {host.command('thaw')}")
    for host in on:
        host.press_power_button()
    for host in on:
        host.await_power_off()


def new_ssh_key(path: Path, comment: str) -> None:
    """Make a key pair in a file and the file beside it with ".pub"."""
    process.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path)


def write_seed(path: Path, private_key: str, public_key: str, authorized_key: str) -> None:
    """Write the archive that a host unpacks over its root folder at its first boot."""
    with tarfile.open(path, "w") as archive:

        def add(name: str, text: str, mode: int, owner: str) -> None:
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            entry.mode = mode
            entry.uname = entry.gname = owner
            entry.mtime = int(time.time())
            archive.addfile(entry, BytesIO(text.encode()))

        add("etc/ssh/ssh_host_ed25519_key", private_key, 0o600, "root")
        add("etc/ssh/ssh_host_ed25519_key.pub", public_key, 0o644, "root")
        add(f"home/{inventory.USER}/.ssh/authorized_keys", authorized_key, 0o600, inventory.USER)
    path.chmod(0o600)
