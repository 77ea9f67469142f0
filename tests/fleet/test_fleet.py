"""Boots real fleets: needs root and the packages of `python -m fleet prerequisites`.

The tests run in order on two fleets of their own, which are taken down at the end.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fleet import folders
from tests.support.wait import wait_until

REPOSITORY = Path(__file__).parents[2]
FIRST = f"test-{os.getpid()}-a"
SECOND = f"test-{os.getpid()}-b"
THIRD = f"test-{os.getpid()}-c"
GOLDEN = f"test-{os.getpid()}-0123456789ab"
HOME = Path(os.environ.get("FLOTILLA_FLEET_HOME", "/var/lib/flotilla-fleet"))
PORT = 20000 + os.getpid() % 10000
ANSIBLE = Path(sys.executable).with_name("ansible")


def fleet(*words, check=True, timeout=120):
    """Run a command of the fleet and return what it printed, errors included."""
    done = subprocess.run(
        [sys.executable, "-m", "fleet", *words],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout
    return done.stdout


def on(name, host, command, check=True):
    """Run a command on a host, as its user."""
    return fleet("ssh", "--name", name, host, command, check=check).strip()


def states(name):
    """Return the state of each host, as `status` shows it."""
    lines = fleet("status", "--name", name).splitlines()[1:-1]
    return {line.split()[0]: line.split()[2] for line in lines}


def inventory(name):
    """Return the path of a fleet's inventory, as `status` shows it."""
    return fleet("status", "--name", name).splitlines()[-1].removeprefix("Inventory: ")


def traces(name):
    """Return what of a fleet, or of an ended one, is on the machine."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"/fleets/{name}".encode() in (folder / "environ").read_bytes():
                found.append(f"process {folder.name}")
        except OSError:  # it has ended, or is the machine's own
            continue
    for command in (["ip", "netns"], ["ip", "link"], ["findmnt", "-rno", "TARGET"]):
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found += [line for line in output.splitlines() if name in line]
    found += [str(path) for path in HOME.glob(f"fleets/{name}*")]
    return found


def links_and_listeners():
    """Return the machine's own network interfaces and the ports that these tests publish."""
    links = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout
    ports = subprocess.run(["ss", "-Hltn", f"sport = :{PORT}"], capture_output=True, text=True, check=True).stdout
    return links, ports


@pytest.fixture(scope="module", autouse=True)
def machine():
    """Two fleets side by side, of which nothing is left afterwards."""
    before = links_and_listeners()
    # The base image is made first: the time limits are for booting.
    fleet("build", timeout=600)
    try:
        second = subprocess.Popen(
            [sys.executable, "-m", "fleet", "up", "1", "--name", SECOND],
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
        )
        fleet("up", "2", "--name", FIRST, "--publish", str(PORT))
        assert second.wait(timeout=120) == 0
        yield
    finally:
        for name in (FIRST, SECOND, THIRD):
            fleet("down", "--name", name)
        folders.remove(HOME / "golden" / GOLDEN)
    assert traces(FIRST) + traces(SECOND) + traces(THIRD) == []
    assert links_and_listeners() == before


def test_ansible_reaches_root_on_every_host_through_the_inventory():
    done = subprocess.run(
        [ANSIBLE, "-i", inventory(FIRST), "all", "-b", "-o", "-m", "command", "-a", "id -u"],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("rc=0") == 2


def test_hosts_have_names_and_machine_ids_of_their_own():
    found = {on(FIRST, host, "hostname; cat /etc/machine-id") for host in states(FIRST)}
    assert {line.split()[0] for line in found} == {"manager-1", "worker-1"}
    assert len({line.split()[1] for line in found}) == 2


def test_hosts_reach_the_package_mirror_and_nothing_else():
    assert "Reading package lists" in on(FIRST, "worker-1", "sudo apt-get update")
    fetch = "python3 -c 'import urllib.request as r; r.urlopen(\"http://{}\", timeout=3)' 2>&1"
    gateway = on(FIRST, "worker-1", "ip route show default").split()[2]
    proxied = f"http_proxy=http://{gateway}:3142 " + fetch.format("example.com/")
    assert "403" in on(FIRST, "worker-1", proxied, check=False)
    # An address beyond is refused at once, and so is one of the other fleet.
    other = on(SECOND, "manager-1", "hostname -I").split()[0]
    for address in ("192.0.2.1", other):
        assert "No route to host" in on(FIRST, "worker-1", fetch.format(address), check=False)


def test_published_port_leads_to_a_host_that_answers():
    on(FIRST, "worker-1", f"nohup python3 -m http.server {PORT} >/dev/null 2>&1 </dev/null &")
    fetch = [sys.executable, "-c", FETCH, f"http://127.0.0.1:{PORT}/"]
    wait_until(lambda: b"Directory listing" in subprocess.run(fetch, capture_output=True, check=False).stdout, 10)


FETCH = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=5).read().decode())"


def test_exec_runs_inside_and_passes_the_exit_code_on():
    assert "bridge" in fleet("exec", "--name", FIRST, "--", "ip", "link")
    done = subprocess.run(
        [sys.executable, "-m", "fleet", "exec", "--name", FIRST, "--", "sh", "-c", "exit 7"],
        cwd=REPOSITORY,
        check=False,
    )
    assert done.returncode == 7


def test_frozen_and_cut_hosts_are_told_and_come_back():
    fleet("freeze", "--name", FIRST, "worker-1")
    assert states(FIRST)["worker-1"] == "frozen"
    fleet("thaw", "--name", FIRST, "worker-1")
    fleet("cut", "--name", FIRST, "worker-1")
    assert states(FIRST)["worker-1"] == "cut"
    fleet("plug", "--name", FIRST, "worker-1")
    assert states(FIRST)["worker-1"] == "running"


# Broadcasts for 20 s, as fast as it can: no neighbour's address is needed for that. Then it says so on the console,
# whose log is read without the network.
SHOUT = """\
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
end = time.monotonic() + 20
while time.monotonic() < end:
    s.sendto(bytes(1000), ("255.255.255.255", 9))
open("/dev/console", "w").write("SHOUTED\\n")
"""


def test_a_host_that_transmits_while_it_is_cut_off_comes_back():
    on(FIRST, "worker-1", f"sudo nohup python3 -c '{SHOUT}' >/dev/null 2>&1 </dev/null &")
    fleet("cut", "--name", FIRST, "worker-1")
    console = HOME / "fleets" / FIRST / "hosts/worker-1/console.log"
    wait_until(lambda: "SHOUTED" in console.read_text(errors="replace"), 60)
    fleet("plug", "--name", FIRST, "worker-1")
    wait_until(lambda: on(FIRST, "worker-1", "echo here", check=False) == "here", 30)


def test_a_snapshot_brings_back_what_a_wipe_loses_and_a_power_cut_keeps():
    on(FIRST, "worker-1", "echo kept | sudo tee /root/kept && sudo sync")
    machine_id = on(FIRST, "worker-1", "cat /etc/machine-id")
    fleet("kill", "--name", FIRST, "worker-1")
    assert states(FIRST)["worker-1"] == "off"
    fleet("boot", "--name", FIRST, "worker-1")
    assert on(FIRST, "worker-1", "sudo cat /root/kept") == "kept"
    fleet("snapshot", "--name", FIRST, "one")
    fleet("wipe", "--name", FIRST, "worker-1")
    assert "No such file" in on(FIRST, "worker-1", "sudo cat /root/kept", check=False)
    assert on(FIRST, "worker-1", "cat /etc/machine-id") != machine_id
    fleet("restore", "--name", FIRST, "one")
    assert on(FIRST, "worker-1", "sudo cat /root/kept; cat /etc/machine-id").split() == [
        "kept",
        machine_id,
    ]


def test_a_host_reboots_itself():
    boot_id = on(SECOND, "manager-1", "cat /proc/sys/kernel/random/boot_id; sudo systemctl reboot")

    def has_rebooted():
        answer = on(SECOND, "manager-1", "cat /proc/sys/kernel/random/boot_id", check=False)
        return len(answer) == 36 and answer != boot_id

    wait_until(has_rebooted, 60)


def test_a_fleet_from_a_golden_disk_is_the_same_again_beside_the_first():
    """Both have the same addresses, each in a network of its own."""
    asked = "hostname -I; cat /etc/machine-id; sudo cat /root/kept"
    on(SECOND, "manager-1", "echo kept | sudo tee /root/kept")
    (Path(inventory(SECOND)) / "group_vars/all/mine.yml").write_text("mine: 1\n")
    before = on(SECOND, "manager-1", asked)
    fleet("save", "--name", SECOND, GOLDEN)
    # The host was shut down for that and boots; on busy cores its ssh server may greet late.
    wait_until(lambda: states(SECOND) == {"manager-1": "running"}, 60)
    fleet("up", "--from", GOLDEN, "--name", THIRD)
    assert on(THIRD, "manager-1", asked) == before
    assert (Path(inventory(THIRD)) / "group_vars/all/mine.yml").read_text() == "mine: 1\n"
    on(THIRD, "manager-1", "sudo rm /root/kept")
    assert on(SECOND, "manager-1", asked) == before
    assert "there is a fleet" in fleet("up", "--from", GOLDEN, "--name", THIRD, check=False)
    fleet("down", "--name", THIRD)
    # It can be used again, as nobody writes to it.
    fleet("up", "--from", GOLDEN, "--name", THIRD)
    assert on(THIRD, "manager-1", asked) == before
    fleet("down", "--name", THIRD)


def test_a_second_up_adds_hosts_and_leaves_an_edited_inventory_alone():
    hosts = Path(inventory(SECOND)) / "hosts.yml"
    hosts.write_text(hosts.read_text() + "# mine\n")
    output = fleet("up", "2", "--name", SECOND)
    assert "was edited and is left as it is" in output
    assert "It lacks: worker-1: {ansible_host: " in output
    assert states(SECOND) == {"manager-1": "running", "worker-1": "running"}
    assert hosts.read_text().endswith("# mine\n")


def interrupted_up(name, number):
    """Start an `up`, end it with a signal while its host boots and wait for its end."""
    up = subprocess.Popen(
        [sys.executable, "-m", "fleet", "up", "1", "--name", name],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    while "Booting" not in up.stdout.readline():
        assert up.poll() is None
    wait_until(lambda: [trace for trace in traces(name) if trace.startswith("process")], 30, pause=0.1)
    up.send_signal(number)
    up.wait(timeout=30)


def test_an_interrupted_up_leaves_nothing():
    interrupted_up(THIRD, signal.SIGINT)
    assert traces(THIRD) == []


def test_what_a_killed_up_leaves_is_cleared_by_the_next_command():
    interrupted_up(THIRD, signal.SIGKILL)
    assert traces(THIRD) != []
    assert "Clearing what an interrupted command left" in fleet("up", "1", "--name", THIRD)
    fleet("down", "--name", THIRD)
    assert traces(THIRD) == []
