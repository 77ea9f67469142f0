"""What is wrong in an inventory is one report, whether its hosts answer or not: here nobody listens."""

import json

import pytest
import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.support import runs

NOBODY = {"ansible_host": "127.0.0.1", "ansible_port": 9}
PAIR = {"managers": {"hosts": {"m1": NOBODY}}, "workers": {"hosts": {"w1": NOBODY}}}
# The first play of a restore that changes something.
LOCK = "PLAY [Keep other runs out]"
MOLECULE = "molecule-notest,notest,molecule-idempotence-notest"
OPEN_VAULT = "(--ask-vault-pass, --vault-password-file)"


def play(folder, hosts, variables="", playbook="site.yml"):
    """Run a playbook with an inventory."""
    (folder / "group_vars/all").mkdir(parents=True)
    (folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
    (folder / "group_vars/all/own.yml").write_text(variables)
    return run(folder, playbook)


def run(inventory, playbook, *words):
    return runs.run(*runs.playbook(inventory, playbook, *words))


def locked(indent):
    """A value in a vault that the run has no password for."""
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"key"))]).encrypt("hunter2").decode()
    return "!vault |\n" + "".join(f"{' ' * indent}{line}\n" for line in vault.splitlines())


def test_problems_of_an_inventory_are_one_report(tmp_path):
    found = play(
        tmp_path,
        {
            "swarm": {
                "children": {
                    "managers": {"hosts": {"m1": NOBODY, "m2": {**NOBODY, "stack_release": "soon"}}},
                    "workers": {"hosts": {"m2": None}},
                }
            },
            "registry": {"hosts": {"m1": None}},
        },
        "stack_quux: 1\nregistry_certificate_days: '{{ not_defined }}'\n"
        f"stacks:\n  hello:\n    path: {runs.REPOSITORY}/app\n    secrets:\n      redis_password: " + locked(8),
    )
    found.refused(
        "setting-unknown: stack_quux (own.yml:1), all 2 hosts",
        "setting-invalid: stack_release (hosts.yml:14), m2",
        "setting-unreadable: registry_certificate_days (own.yml:2), all 2 hosts",
        "setting-unreadable: stacks (own.yml:4), all 2 hosts",
        "group-conflict: m2",
    )
    assert (
        "'not_defined' is undefined"
        in found.problems["setting-unreadable: registry_certificate_days (own.yml:2), all 2 hosts"]
    )
    assert OPEN_VAULT in found.problems["setting-unreadable: stacks (own.yml:4), all 2 hosts"]


@pytest.mark.parametrize(
    "words",
    [("--tags", "docker"), ("--tags", "never"), ("--skip-tags", "stack"), ("--start-at-task", "Observe"), ("--step",)],
    ids=" ".join,
)
@pytest.mark.parametrize("playbook", ["site.yml", "playbooks/status.yml", "playbooks/upgrade.yml"])
def test_a_run_that_would_leave_tasks_out_is_refused(tmp_path, playbook, words):
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"swarm": {"children": PAIR}}))
    found = run(tmp_path, playbook, *words)
    assert found.code != 0
    assert f"Nothing was changed: {words[0]} would leave out tasks" in found.words


def test_molecules_own_tags_leave_nothing_out(tmp_path):
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"swarm": {"children": PAIR}}))
    found = run(tmp_path, "playbooks/status.yml", "--skip-tags", MOLECULE, "--tags", "all")
    assert "Nothing was changed" not in found.words


def test_tasks_can_be_listed_without_a_plan(tmp_path):
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"swarm": {"children": PAIR}}))
    found = run(tmp_path, "site.yml", "--list-tasks")
    assert found.code == 0
    assert "Restart engines, one host after another" in found.output


@pytest.mark.parametrize(
    "playbook",
    [
        "site.yml",
        *(f"playbooks/{name}.yml" for name in ("status", "reset", "backup", "restore", "rebalance", "upgrade")),
    ],
)
def test_inventory_without_hosts_is_refused(tmp_path, playbook):
    empty = {"swarm": {"children": {"managers": None}}}
    for inventory, refused in (
        (tmp_path, play(tmp_path, empty, playbook=playbook)),
        (tmp_path / "missing", run(tmp_path / "missing", playbook)),
    ):
        words = refused.refused().words
        assert (
            f"Nothing was changed: group swarm of the inventory ({inventory}) is empty, expected is at least" in words
        )


@pytest.mark.parametrize(
    ("groups", "variables", "problem", "words"),
    [
        (
            PAIR,
            f"registry_password: {locked(2)}",
            "setting-unreadable: registry_password (own.yml:4), all 2 hosts",
            OPEN_VAULT,
        ),
        (
            PAIR,
            "registry_password: '{{ vault_not_defined }}'",
            "setting-unreadable: registry_password (own.yml:4), all 2 hosts",
            "'vault_not_defined' is undefined",
        ),
        (
            PAIR,
            "registry_password: x\nstacks: {shop: {path: /no/such}}",
            "stack-file-invalid: stacks.shop.files",
            "/no/such",
        ),
        ({"workers": PAIR["workers"]}, "registry_password: x", "group-empty: group managers", "at least one"),
    ],
)
def test_what_no_host_can_be_asked_without_is_a_line_of_the_same_report(tmp_path, groups, variables, problem, words):
    given = f"registry_url: reg.example\nregistry_username: me\nstack_quux: 1\n{variables}"
    found = play(tmp_path, {"swarm": {"children": groups}}, given).refused(
        "setting-unknown: stack_quux (own.yml:3)", problem
    )
    assert words in found.problems[problem]


@pytest.mark.parametrize("value", ["abc", ""])
def test_release_that_is_no_number_is_named(tmp_path, value):
    hosts = {"swarm": {"children": PAIR}, "registry": {"hosts": {"m1": None}}}
    found = play(tmp_path, hosts, f"stack_release: '{value}'\n", "playbooks/rollback.yml")
    found.refused("setting-invalid: stack_release (own.yml:1), all 2 hosts")


def test_wrong_types_and_second_keys_are_one_line_each(tmp_path):
    """None of them is told a second time by what could not be made of it."""
    hosts = {"swarm": {"children": PAIR}, "registry": {"hosts": {"m1": None}}}
    wrong = {
        "registry_url": "[r]",
        "swarm_node_labels": "[a]",
        "stacks": "[hello]",
        "docker_daemon_options": "text",
        "registry_certificate_days": "true",
        "registry_password": "",
    }
    text = "".join(f"{name}: {value}\n" for name, value in wrong.items())
    found = play(tmp_path, hosts, f"{text}image_base: hub\nimage_base: distro\n")
    lines = {name: number for number, name in enumerate(wrong, 1)}
    found.refused(
        "setting-duplicate: image_base (own.yml:8)",
        *(f"setting-invalid: {name} (own.yml:{lines[name]}), all 2 hosts" for name in sorted(wrong)),
    )


def test_file_that_ansible_passes_over_is_named(tmp_path):
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/stack.yml").write_text("stacks: {}\n")
    hosts = {"swarm": {"children": PAIR}, "registry": {"hosts": {"m1": None}}}
    found = play(tmp_path, hosts, "stack_release: soon\n")
    found.refused("setting-unused: group_vars (stack.yml)", "setting-invalid: stack_release (own.yml:1), all 2 hosts")


def test_settings_that_playbooks_make_of_groups_are_not_hidden(tmp_path):
    """What a user set is what counts: here, told since it contradicts the groups."""
    hosts = {"swarm": {"children": PAIR}, "registry": {"hosts": {"m1": None}}}
    found = play(tmp_path, hosts, "registry_host: w1\ndocker_insecure_registries: {a: b}\n")
    found.refused(
        "setting-invalid: docker_insecure_registries (own.yml:2), all 2 hosts",
        "setting-conflict: registry_host, all 2 hosts",
    )


@pytest.fixture
def backed_up(tmp_path):
    """An inventory, and a backup that was made with its key."""
    inventory, backup = tmp_path / "inventory", tmp_path / "2026-01-01T00-00-00Z"
    inventory.mkdir()
    (inventory / "hosts.yml").write_text(
        yaml.safe_dump({"swarm": {"children": PAIR}, "registry": {"hosts": {"m1": None}}})
    )
    write_backup(backup, tmp_path / "backup.key")
    return inventory, backup


# What role backup brings from hosts.
BROUGHT = ("data-hello_redis-data.tar.age", "images.tar.age")


def write_backup(backup, key):
    """Write a backup as role backup does; its archives have nothing in them."""
    configs = [
        {
            "CreatedAt": "2026-01-01T00:00:00Z",
            "Spec": {"Name": "hello_motd", "Labels": {"flotilla.stack": "hello", "é": "\"'"}, "Data": "e30="},
        }
    ]
    begin = {
        "ansible.builtin.include_role": {"name": "flotilla.swarm.backup", "tasks_from": "begin"},
        "vars": {"__backup_folder": str(backup), "__backup_key": str(key)},
    }
    pack = 'tar -cT /dev/null | age -e -i "$1" >"$2"'
    seal = {
        "ansible.builtin.command": {
            "argv": [
                "sh",
                "-euc",
                pack,
                "sh",
                str(key),
                f"{backup}/{{{{ item }}}}",
            ]
        },
        "loop": [*BROUGHT],
    }
    record = {
        "ansible.builtin.command": {
            "argv": ["age", "--encrypt", "--identity", str(key), "--output", f"{backup}/releases.json.age"],
            "stdin": "{{ configs | flotilla.swarm.backup_record({'hello': {}}, volumes) | to_json }}",
        },
        "vars": {"configs": configs, "volumes": {"hello_redis-data": "hello"}},
    }
    manifest = {
        "ansible.builtin.copy": {
            "content": "{{ folder | flotilla.swarm.backup_manifest('2026-01-01T00-00-00Z', key) | to_nice_json }}",
            "dest": f"{backup}/manifest.json",
            "mode": "0600",
        },
        "vars": {"folder": str(backup), "key": str(key)},
    }
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [begin, seal, record, manifest]}]
    path = backup.parent / "write.yml"
    path.write_text(yaml.safe_dump(play))
    runs.run(runs.BIN / "ansible-playbook", path).succeeded()


def restore(inventory, backup, **given):
    answers = ["--extra-vars", json.dumps({"restore_confirm": "yes", "backup_from": str(backup), **given})]
    return run(inventory, "playbooks/restore.yml", *answers, "-v")


def test_backup_that_is_not_whole_is_refused_before_anything_is_changed(backed_up):
    inventory, backup = backed_up
    path = backup / BROUGHT[0]
    path.write_bytes(path.read_bytes()[:-1])
    refused = restore(inventory, backup).refused("backup-damaged: backup_from")
    assert f"{backup}: {BROUGHT[0]}" in refused.problems["backup-damaged: backup_from"]
    assert LOCK not in refused.output


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"backup_from": ""}, "backup-missing: backup_from"),
        ({"backup_key_file": "/no/such/key"}, "backup-key: backup_key_file"),
        ({"backup_newer_than": "2026-01-02"}, "backup-too-old: backup_from"),
        ({"backup_newer_than": "yesterday"}, "setting-invalid: backup_newer_than"),
    ],
)
def test_backup_that_was_not_asked_for_is_refused_before_anything_is_changed(backed_up, given, problem):
    refused = restore(*backed_up, **given).refused(problem)
    assert LOCK not in refused.output


def test_restore_plans_before_it_changes_anything(backed_up):
    inventory, backup = backed_up
    (inventory / "group_vars").mkdir()
    (inventory / "group_vars/all.yml").write_text("stack_quux: 1")
    refused = restore(inventory, backup).refused("setting-unknown: stack_quux (all.yml:1)", "swarm-unknown")
    assert LOCK not in refused.output


def test_tear_down_asks_every_member_before_it_removes_anything(tmp_path):
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"swarm": {"children": PAIR}}))
    refused = run(tmp_path, "playbooks/reset.yml", "--extra-vars", "reset_confirm=yes")
    refused.refused("host-not-observed: all 2 hosts")


def test_file_that_is_no_yaml_is_named_with_its_line(tmp_path):
    found = play(tmp_path, {"swarm": {"children": PAIR}}, "stack_release: 5\n\tregistry_url: x\n")
    assert found.code != 0
    assert "group_vars/all/own.yml:2: found a tab character" in found.output


def test_misspelt_name_is_told_with_the_one_meant(tmp_path):
    found = play(
        tmp_path, {"swarm": {"children": PAIR}, "registry": {"hosts": {"m1": None}}}, "dockker_version: 26.1.5\n"
    )
    (head,) = [head for head in found.problems if "dockker" in head]
    assert head == "setting-unknown: dockker_version (own.yml:1), all 2 hosts"
    assert "Did you mean docker_version?" in found.problems[head]
