"""Hosts as users have them: how one logs in, how they are called and addressed, what keeps others out.

Each test changes the shared fleet for itself alone, and uses an inventory of its own that is made from the fleet's.
"""

import copy
import re
import shutil

import pytest
import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret

from bench import stack

PASSWORD = "correct-horse-battery"


class Variant:
    """The shared fleet with another inventory.

    :ivar site: the fleet, to play against
    :ivar known_hosts: file of the known host keys
    """

    def __init__(self, fleet, folder):
        self.site = copy.copy(fleet)
        self.site.inventory = folder / "inventory"
        self.known_hosts = folder / "known_hosts"
        self.connection_file = self.site.inventory / "group_vars/all/connection.yml"
        shutil.copytree(fleet.inventory, self.site.inventory)
        shutil.copy(fleet.inventory.parent / "ssh/known_hosts", self.known_hosts)
        text = self.connection_file.read_text()
        self.connection_file.write_text(
            text.replace(str(fleet.inventory.parent / "ssh/known_hosts"), str(self.known_hosts))
        )

    @property
    def connection(self):
        return yaml.safe_load(self.connection_file.read_text())

    def connect(self, **variables):
        """Log in another way."""
        self.connection_file.write_text(yaml.safe_dump({**self.connection, **variables}))

    def edit_hosts(self, edit):
        """Edit hosts.yml: ``edit`` gets its content."""
        content = yaml.safe_load((self.site.inventory / "hosts.yml").read_text())
        edit(content)
        self.site.edit_hosts(**content)

    def alias_hosts(self, name_of):
        """Give each host's key another name in known_hosts as well, ``name_of`` its address."""
        lines = [line.split(" ", 1) for line in self.known_hosts.read_text().splitlines()]
        self.known_hosts.write_text("".join(f"{a} {key}\n{name_of(a)} {key}\n" for a, key in lines))


@pytest.fixture
def variant(fleet, tmp_path):
    return Variant(fleet, tmp_path)


@pytest.fixture
def deployer(fleet):
    """A user on all hosts whose sudo asks for a password."""
    for host in fleet.addresses:
        fleet.on(
            host,
            f"useradd -m -s /bin/bash deployer && echo deployer:{PASSWORD} | chpasswd && "
            "echo 'deployer ALL=(ALL) ALL' > /etc/sudoers.d/deployer && "
            "cp -r /home/admin/.ssh /home/deployer/ && chown -R deployer: /home/deployer/.ssh",
        )
    yield
    for host in fleet.addresses:
        fleet.on(host, "userdel -f -r deployer 2>&1; rm /etc/sudoers.d/deployer")


def test_sudo_that_asks_for_a_password(fleet, variant, deployer):
    variant.connect(ansible_user="deployer")
    run = variant.site.play().changed_nothing()
    assert run.code != 0
    assert "password" in run.output
    # What a run repairs here also asks another host, the registry's, on behalf of this one.
    fleet.on("worker-1", "rm /root/.docker/config.json")
    variant.connect(ansible_user="deployer", ansible_become_password=PASSWORD)
    run = variant.site.play().succeeded()
    assert [run.changed[name] for name in ("manager-1", "worker-1", "worker-2")] == [0, 1, 0]
    assert PASSWORD not in run.output


@pytest.mark.long
def test_a_host_without_python_stops_no_other(fleet):
    interpreter = fleet.on("worker-2", "readlink --canonicalize /usr/bin/python3").strip()
    fleet.on("worker-2", f"mv {interpreter} {interpreter}.away")
    fleet.on("worker-1", "rm /etc/modules-load.d/flotilla.conf")
    try:
        run = fleet.play()
        status = fleet.play(playbook="playbooks/status.yml")
    finally:
        fleet.on("worker-2", f"mv {interpreter}.away {interpreter}")
    assert run.code != 0
    assert run.changes == ["docker worker-1: write /etc/modules-load.d/flotilla.conf"]
    assert "worker-2 (" in run.output
    assert "/usr/bin/python3: not found" in run.output
    assert "Problem: worker-2 could not be observed" in status.told(problems=True).output
    fleet.play().unchanged()


def test_another_ssh_port(fleet, variant):
    for host in fleet.addresses:
        fleet.on(host, "systemd-run --quiet --unit=sshd-2222 /usr/sbin/sshd -D -p 2222")
    try:
        variant.alias_hosts("[{}]:2222".format)
        variant.connect(ansible_port=2222)
        variant.site.play().unchanged()
        assert "2222" in fleet.on(
            "worker-1", "journalctl -u sshd-2222 | grep -c Accepted && ss -Htn sport = 2222 | cat"
        )
    finally:
        for host in fleet.addresses:
            fleet.on(host, "systemctl stop sshd-2222")


def test_bastion_that_alone_resolves_the_workers(fleet, variant, tmp_path):
    manager = fleet.addresses["manager-1"]
    workers = {name: address for name, address in fleet.addresses.items() if name != "manager-1"}
    names = "".join(f"{address} {name}.inside\n" for name, address in workers.items())
    fleet.on("manager-1", f"cp /etc/hosts /etc/hosts.kept; printf '{names}' >> /etc/hosts")
    try:
        connection = variant.connection
        proxy = re.search(r"ProxyCommand=([^']*)'", connection["ansible_ssh_common_args"])[1]
        (tmp_path / "ssh_config").write_text(f"""\
Host *.inside
  ProxyJump admin@{manager}
Host {manager}
  ProxyCommand {proxy}
Host *
  IdentityFile {connection["ansible_ssh_private_key_file"]}
  IdentitiesOnly yes
  UserKnownHostsFile {variant.known_hosts}
  StrictHostKeyChecking yes
""")
        inside = {address: f"{name}.inside" for name, address in workers.items()}
        variant.alias_hosts(lambda address: inside.get(address, address))
        variant.connect(ansible_ssh_common_args=f"-F {tmp_path / 'ssh_config'}")

        def rename(content):
            for name, entry in content["swarm"]["children"]["workers"]["hosts"].items():
                entry["ansible_host"] = f"{name}.inside"

        variant.edit_hosts(rename)
        variant.site.play().unchanged()
    finally:
        fleet.on("manager-1", "mv /etc/hosts.kept /etc/hosts")


def test_names_of_the_inventory_need_not_be_host_names(variant):
    def rename(content):
        for group in (*content["swarm"]["children"].values(), content["registry"]):
            group["hosts"] = {f"{name}.example": entry for name, entry in group["hosts"].items()}

    variant.edit_hosts(rename)
    run = variant.site.play().unchanged()
    assert re.search(r"^worker-1\.example +10\.", run.output, re.MULTILINE)


def test_second_address_leaves_a_member_alone_and_cannot_become_its_first(fleet, variant):
    fleet.on("worker-1", "ip address add 10.99.0.2/24 dev vec0")
    try:
        variant.site.play().unchanged()

        def advertise(content):
            content["swarm"]["children"]["workers"]["hosts"]["worker-1"]["swarm_advertise_addr"] = "10.99.0.2"

        variant.edit_hosts(advertise)
        run = variant.site.play().refused("address-changed: worker-1")
        assert fleet.addresses["worker-1"] in run.problems["address-changed: worker-1"]
    finally:
        fleet.on("worker-1", "ip address delete 10.99.0.2/24 dev vec0")


@pytest.mark.long
def test_firewall_that_keeps_members_out_is_named_with_the_commands_that_fix_it(fleet):
    install = "apt-get -qq update && apt-get -qq -y --no-install-recommends install ufw"
    fleet.on("worker-2", f"{install} && ufw allow 22/tcp && ufw --force enable")
    try:
        run = fleet.play().refused("firewall-closed: worker-2")
        assert "7946/tcp, 7946/udp, 4789" in run.problems["firewall-closed: worker-2"]
        command, *_again = re.findall(r"^ +fix +Run as root on worker-2: (.*)$", run.output, re.MULTILINE)
        fleet.on("worker-2", command)
        run = fleet.play().succeeded()
        assert run.changes == ["firewall worker-2: take the firewall off (ufw keeps strangers out)"]
        fleet.play().unchanged()
        assert all(fleet.pages())
    finally:
        fleet.on("worker-2", "ufw --force disable && apt-get -qq -y purge ufw")
    fleet.play().succeeded()


def test_packages_come_through_the_proxy_that_apt_is_set_to(fleet):
    """The fleet has no other way out, so all runs prove that apt's own setting is enough, on hosts and in images."""
    assert "http::Proxy" in fleet.on("worker-1", "apt-config dump Acquire::http::Proxy")
    fleet.on("worker-1", "apt-get -qq update")
    direct = fleet.on("worker-1", "apt-get -o Acquire::http::Proxy=DIRECT -o Acquire::Retries=0 update 2>&1")
    assert "Failed to fetch" in direct


def test_value_of_a_vault_that_cannot_be_opened_is_said_to_be_so(variant):
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"key"))]).encrypt("hunter2").decode()
    (variant.site.inventory / "group_vars/all/secrets.yml").write_text(
        "registry_password: !vault |\n" + "".join(f"    {line}\n" for line in vault.splitlines())
    )
    run = variant.site.play().refused("setting-unreadable: registry_password")
    assert "--ask-vault-pass" in run.output


def test_problems_of_a_small_host_and_of_the_input_are_one_report(make_fleet):
    small = make_fleet(1, memory=512)
    small.on("manager-1", f"systemd-run --quiet --unit=squatter python3 -m http.server {stack.PORT}")
    small.play("-e", "docker_daemon_option=x").refused(
        "setting-unknown: docker_daemon_option, manager-1",
        "host-memory: manager-1",
        f"port-in-use: {stack.PORT}/tcp, manager-1",
    )


@pytest.mark.long
def test_overlay_network_that_a_rule_of_nobody_cuts_is_named_with_its_ports(fleet):
    """Each node goes on to answer some visits: those of replicas that it reaches."""
    rule = "INPUT -p udp --dport 4789 -j DROP"
    fleet.on("worker-2", f"iptables -I {rule}")
    try:
        # A deploy ends with visits through every node.
        fleet.scale(stack.WEB, stack.REPLICAS - 1)
        run = fleet.play()
    finally:
        fleet.on("worker-2", f"iptables -D {rule}")
    assert run.code == 2
    assert "worker-2" in run.failed
    assert "let 4789/udp, 7946/udp and 7946/tcp through between all members" in run.words
    fleet.play().unchanged()
