"""What is wrong in an inventory is one report, whether its hosts answer or not: here nobody listens."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
NOBODY = {"ansible_host": "127.0.0.1", "ansible_port": 9}
PAIR = {"managers": {"hosts": {"m1": NOBODY}}, "workers": {"hosts": {"w1": NOBODY}}}
OPEN_VAULT = "give this run the vault's password (--ask-vault-pass, --vault-password-file) (all hosts)"


def refuse(folder, hosts, variables="", playbook="site.yml"):
    """Run a playbook with an inventory, expect that it fails and changes nothing, and return its output."""
    (folder / "group_vars/all").mkdir(parents=True)
    (folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
    (folder / "group_vars/all/own.yml").write_text(variables)
    return fail(folder, playbook)


def fail(inventory, playbook, *words):
    """Run a playbook, expect that it fails and changes nothing, and return its output."""
    done = subprocess.run(
        [PLAYBOOK, "--inventory", inventory, playbook, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert not re.search("changed=[1-9]", done.stdout)
    return done.stdout


def problems(*inventory):
    """Return the lines of the report that an inventory is refused with."""
    output = refuse(*inventory).split("nothing was changed:", 1)[-1]
    return re.findall(r"^          (\d+\. .*)$", output, re.MULTILINE)


def locked(indent):
    """A value in a vault that the run has no password for."""
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"key"))]).encrypt("hunter2").decode()
    return "!vault |\n" + "".join(f"{' ' * indent}{line}\n" for line in vault.splitlines())


def test_problems_of_an_inventory_are_one_report(tmp_path):
    found = problems(
        tmp_path,
        {
            "swarm": {
                "children": {
                    "managers": {"hosts": {"m1": NOBODY, "m2": {**NOBODY, "stack_timeout": "soon"}}},
                    "workers": {"hosts": {"m2": None}},
                }
            },
            "registry": {"hosts": {"m1": None}},
        },
        "stack_quux: 1\nregistry_certificate_days: '{{ nobody_knows }}'\nstack_secrets:\n  redis_password: "
        + locked(4),
    )
    parts = [
        "1. flotilla has no variable stack_quux; docs/variables.md lists all (all hosts)",
        "2. argument 'stack_timeout' is of type str",
        "3. registry_certificate_days cannot be read: 'nobody_knows' is undefined; mend it in the inventory",
        "4. stack_secrets cannot be read: ",
        "5. m2 is in managers and in workers, wanted is one of them; see inventory/hosts.yml",
    ]
    assert len(found) == len(parts)
    assert all(line.startswith(part) for line, part in zip(found, parts, strict=True)), found
    assert found[3].endswith(OPEN_VAULT)


@pytest.mark.parametrize(
    "playbook",
    ["site.yml", *(f"playbooks/{name}.yml" for name in ("status", "reset", "backup", "restore", "rebalance"))],
)
def test_inventory_without_hosts_is_refused(tmp_path, playbook):
    empty = {"swarm": {"children": {"managers": None}}}
    for inventory, output in (
        (tmp_path, refuse(tmp_path, empty, playbook=playbook)),
        (tmp_path / "missing", fail(tmp_path / "missing", playbook)),
    ):
        words = " ".join(output.split())
        assert f"Nothing was changed: group swarm of the inventory ({inventory}) is empty, wanted is at least" in words


@pytest.mark.parametrize(
    ("groups", "variables", "begin", "end"),
    [
        (PAIR, f"registry_password: {locked(2)}", "registry_password cannot be read: ", OPEN_VAULT),
        (
            PAIR,
            "registry_password: '{{ vault_nobody_knows }}'",
            "registry_password cannot be read: 'vault_nobody_knows' is undefined; mend it in the inventory",
            "(all hosts)",
        ),
        (PAIR, "stack_file: /no/such.yml", "the inventory cannot be read: ", "; mend it in the inventory"),
        ({"workers": PAIR["workers"]}, "", "group managers is empty, wanted is at least one host", "hosts.yml"),
    ],
)
def test_what_the_look_cannot_be_asked_without_is_a_line_of_the_same_report(tmp_path, groups, variables, begin, end):
    words = f"registry_url: reg.example\nregistry_username: me\nstack_quux: 1\n{variables}"
    stray, found = problems(tmp_path, {"swarm": {"children": groups}}, words)
    assert stray.startswith("1. flotilla has no variable stack_quux")
    assert found.startswith(f"2. {begin}")
    assert found.endswith(end)


@pytest.mark.parametrize("value", ["abc", ""])
def test_release_that_is_no_number_is_named(tmp_path, value):
    hosts = {"swarm": {"children": PAIR}, "registry": {"hosts": {"m1": None}}}
    found = problems(tmp_path, hosts, f"stack_release: '{value}'\n", "playbooks/rollback.yml")
    assert found[0].startswith("1. argument 'stack_release' is of type str and we were unable to convert to int")


@pytest.fixture
def backed_up(tmp_path):
    """An inventory and a backup that goes with it."""
    inventory, backup = tmp_path / "inventory", tmp_path / "hello-then"
    inventory.mkdir()
    (inventory / "hosts.yml").write_text(
        yaml.safe_dump({"swarm": {"children": PAIR}, "registry": {"hosts": {"m1": None}}})
    )
    backup.mkdir()
    for name in ("redis.rdb", "registry.tar"):
        (backup / name).write_text(name)
    write_record(backup)
    return inventory, backup


def write_record(backup):
    """Write the last file of a backup as role backup does."""
    configs = [
        {"CreatedAt": "2026-01-01T00:00:00Z", "Spec": {"Name": "hello_motd", "Labels": {"é": "\"'"}, "Data": "e30="}}
    ]
    task = {
        "name": "Write down",
        "ansible.builtin.copy": {
            "content": "{{ configs | flotilla.swarm.backup_record('hello', {}, folder | flotilla.swarm.backup_sums) "
            "| to_nice_json }}",
            "dest": "{{ folder }}/releases.json",
            "mode": "0600",
        },
    }
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    path = backup.parent / "write.yml"
    path.write_text(yaml.safe_dump(play))
    options = ["--extra-vars", json.dumps({"folder": str(backup), "configs": configs})]
    subprocess.run([PLAYBOOK, path, *options], check=True, capture_output=True, timeout=120)


def restore(inventory, backup):
    """Let playbooks/restore.yml be refused, and return its words."""
    answers = ["--extra-vars", json.dumps({"restore_confirm": "yes", "backup_from": str(backup)})]
    return " ".join(fail(inventory, "playbooks/restore.yml", *answers).split())


def test_backup_that_is_not_whole_is_refused_before_any_host_is_asked(backed_up):
    inventory, backup = backed_up
    (backup / "redis.rdb").write_text("redis.r")
    words = restore(inventory, backup)
    assert (
        f"Nothing was changed: the backup in {backup} is not whole: redis.rdb was cut short or altered. Want" in words
    )
    assert "TASK [preflight" not in words


def test_restore_plans_before_it_changes_anything(backed_up):
    inventory, backup = backed_up
    (inventory / "group_vars").mkdir()
    (inventory / "group_vars/all.yml").write_text("stack_quux: 1")
    words = restore(inventory, backup)
    assert "nothing was changed: 1. flotilla has no variable stack_quux" in words
    assert "TASK [preflight : Send" not in words


def test_tear_down_has_no_check_mode(tmp_path):
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"swarm": {"children": PAIR}}))
    words = fail(tmp_path, "playbooks/reset.yml", "--check", "--extra-vars", "reset_confirm=yes")
    assert "Nothing was changed: the tear-down has no check mode" in words
