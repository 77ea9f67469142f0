"""What is wrong with an inventory and does not concern a rollback does not refuse it: here its hosts alone do."""

import pytest
import yaml

from tests.support import runs

NOBODY = {"ansible_host": "127.0.0.1", "ansible_port": 9}
HOSTS = {"swarm": {"children": {"managers": {"hosts": {"m1": NOBODY}}, "workers": {"hosts": {"w1": NOBODY}}}}}
UNASKED = ("swarm-unknown: all 2 hosts", "release-unknown: hello: stack_release")
BROKEN = "services: {web: {image: [}}\n"


def play(folder, playbook, chosen, variables):
    """Write a site of two stacks, of which each has a folder; what is returned runs a playbook for it."""
    inventory = folder / "inventory"
    for name in ("hello", "shop"):
        (folder / name).mkdir()
        (folder / name / "compose.yml").write_text("services: {web: {image: reg.example/web}}\n")
    (inventory / "group_vars/all").mkdir(parents=True)
    (inventory / "hosts.yml").write_text(yaml.safe_dump(HOSTS))
    stacks = "".join(f"  {name}:\n    path: {folder}/{name}\n    files: [compose.yml]\n" for name in ("hello", "shop"))
    text = f"registry_url: reg.example\nregistry_username: me\nstacks:\n{stacks}{variables}"
    (inventory / "group_vars/all/own.yml").write_text(text)
    return lambda: runs.run(*runs.playbook(inventory, playbook, "-e", f"stack={chosen}"))


@pytest.mark.parametrize("broken", ["hello", "shop"])
def test_compose_files_that_cannot_be_read_refuse_a_deploy_and_no_rollback(tmp_path, broken):
    run = play(tmp_path, "playbooks/rollback.yml", "hello", "registry_password: x\n")
    (tmp_path / broken / "compose.yml").write_text(BROKEN)
    run().refused(*UNASKED)
    runs.run(*runs.playbook(tmp_path / "inventory", "playbooks/deploy.yml", "-e", "stack=hello")).refused(
        f"stack-file-invalid: stacks.{broken}.files"
    )


@pytest.mark.parametrize("lacking", ["hello", "shop"])
def test_config_that_is_not_there_refuses_a_deploy_and_no_rollback(tmp_path, lacking):
    run = play(tmp_path, "playbooks/rollback.yml", "hello", "registry_password: x\n")
    text = "services: {web: {image: reg.example/web, configs: [motd]}}\nconfigs: {motd: {file: ./none}}\n"
    (tmp_path / lacking / "compose.yml").write_text(text)
    run().refused(*UNASKED)
    runs.run(*runs.playbook(tmp_path / "inventory", "playbooks/deploy.yml", "-e", "stack=hello")).refused(
        f"setting-unreadable: stacks.{lacking}.files"
    )


def test_registry_and_other_stacks_are_left_to_other_playbooks(tmp_path):
    play(tmp_path, "playbooks/rollback.yml", "hello", "    timeout: 9999\n    backup: {none: x}\n")().refused(*UNASKED)


def test_what_the_stack_itself_is_deployed_with_is_checked(tmp_path):
    run = play(tmp_path, "playbooks/rollback.yml", "shop", "    timeout: 9999\n    backup: {none: x}\n")
    run().refused("setting-too-large: stacks.shop.timeout")
