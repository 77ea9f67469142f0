"""Releases: numbered, gone back to, cleaned up.

Most deploys here change a label, which restarts nothing.
"""

import json
import re
import shutil
import signal

import pytest
import yaml
from conftest import REPOSITORY
from test_bad_releases import release_of, stack_with


def labelled(tmp_path, text):
    return stack_with(tmp_path, web={"deploy": {"labels": {"note": text}}})


def label(fleet):
    inspect = "docker service inspect hello_web --format '{{index .Spec.Labels \"note\"}}'"
    return fleet.on(fleet.manager, inspect).strip()


def status(fleet, *words):
    run = fleet.play("-e", "status_format=json", *words, playbook="playbooks/status.yml")
    assert run.code == 0
    assert set(run.changed.values()) == {0}
    return json.loads(run.output.splitlines()[-1])


def deploy(fleet, *words, playbook="deploy"):
    run = fleet.play(*words, playbook=f"playbooks/{playbook}.yml")
    assert run.code == 0
    return run


@pytest.mark.long
def test_releases_are_numbered_and_gone_back_to(fleet, tmp_path):
    first = status(fleet)["releases"][0]["number"]
    neighbour = "flotilla_hello_vip.release_v1"
    labels = "--label flotilla.stack=hello_vip --label ansible_version=1"
    fleet.on(fleet.manager, f"echo of another stack | docker config create {labels} {neighbour} -")
    deploy(fleet, "-e", labelled(tmp_path, "a"))
    deploy(fleet, "-e", labelled(tmp_path, "b"))
    deploy(fleet, playbook="rollback")
    assert label(fleet) == "a"

    held = fleet.play("-e", labelled(tmp_path, "b"))
    assert held.code == 0
    assert set(held.changed.values()) == {0}
    assert f"Note: release {first + 3} stays, which went back to {first + 1}" in held.output

    deploy(fleet, "-e", f"stack_release={first + 2}", playbook="rollback")
    assert label(fleet) == "b"
    seen = status(fleet)
    assert seen["problems"] == []
    assert [(release["number"] - first, release["rollback_to"]) for release in seen["releases"][:4]] == [
        (4, first + 2),
        (3, first + 1),
        (2, 0),
        (1, 0),
    ]
    assert all("@sha256:" in image for release in seen["releases"] for image in release["images"])
    wrong = fleet.play("-e", "stack_release=999", playbook="playbooks/rollback.yml")
    assert wrong.code != 0
    assert "release-unknown: stack_release" in wrong.output
    assert "no release 999" in wrong.output
    assert fleet.play().code == 0
    assert label(fleet) == ""
    assert [release["number"] - first for release in status(fleet)["releases"]] == [5, 4, 3, 2, 1]
    fleet.on(fleet.manager, f"docker config rm {neighbour}")


@pytest.mark.long
def test_deploy_that_was_killed_is_gone_back_from_and_does_not_come_back(fleet, tmp_path):
    last = release_of(fleet)
    option = labelled(tmp_path, "killed")
    with fleet.begin(tmp_path / "killed.log", "-e", option) as killed:
        killed.wait_for("waiting for at most")
        killed.signal(signal.SIGKILL)
    assert label(fleet) == "killed"
    back = deploy(fleet, "-e", option, playbook="rollback")
    assert f"back to release {last} of" in back.output
    assert "A deploy that was begun and not recorded is left" in back.output
    assert label(fleet) == ""
    held = fleet.play("-e", option)
    assert (held.code, set(held.changed.values())) == (0, {0})
    assert f"Note: release {last + 1} stays, which went back to {last}" in held.output


@pytest.mark.long
def test_release_with_another_port_is_gone_back_to_and_stays(fleet, tmp_path):
    option = stack_with(tmp_path, web={"ports": ["8080:80"]})
    deploy(fleet, "-e", option)
    assert "Hello World" in fleet.page(fleet.addresses["worker-1"], port=8080)
    deploy(fleet, "-e", option, playbook="rollback")
    assert "Hello World" in fleet.page(fleet.addresses["worker-1"])
    held = fleet.play("-e", option)
    assert (held.code, set(held.changed.values())) == (0, {0})
    assert status(fleet, "-e", option)["problems"] == []


@pytest.mark.long
def test_going_back_needs_no_registry(fleet, tmp_path):
    """The other release has another environment, so that its tasks are replaced."""
    deploy(fleet, "-e", stack_with(tmp_path, web={"environment": {"EDITION": "b"}}))
    fleet.on(fleet.manager, "systemctl stop docker-registry")
    try:
        refused = fleet.play("-e", labelled(tmp_path, "c"), playbook="playbooks/deploy.yml")
        deploy(fleet, playbook="rollback")
    finally:
        fleet.on(fleet.manager, "systemctl start docker-registry")
    assert refused.code != 0
    assert re.search(rf"registry-login: .*, {fleet.manager}$", refused.output, re.MULTILINE)
    assert fleet.services() == {"web": "5/5", "redis": "1/1"}
    assert fleet.play().code == 0


@pytest.mark.long
def test_what_no_release_needs_is_removed_everywhere_and_nothing_else(fleet):
    registry = f"{fleet.addresses[fleet.manager]}:5000"
    for name in (f"{registry}/hello:old", "another:old"):
        fleet.on("worker-2", f"tar -c /etc/hostname 2>/dev/null | docker import - {name}")
    for owner in ("--label flotilla.stack=hello --label flotilla.config=motd hello_motd", "foreign"):
        fleet.on(fleet.manager, f"echo old | docker config create {owner} -")
    for owner in ("--label flotilla.stack=hello --label flotilla.secret=key hello_key", "foreign"):
        fleet.on(fleet.manager, f"echo old | docker secret create {owner} -")
    run = fleet.play()
    assert run.code == 0
    images = fleet.on("worker-2", "docker image ls --format '{{.Repository}}:{{.Tag}}'")
    assert f"{registry}/hello:old" not in images
    assert "another:old" in images
    for kind, old in (("config", "hello_motd"), ("secret", "hello_key")):
        left = fleet.on(fleet.manager, f"docker {kind} ls --format '{{{{.Name}}}}'").split()
        assert old not in left
        assert "foreign" in left
        fleet.on(fleet.manager, f"docker {kind} rm foreign")
    fleet.on("worker-2", "docker image rm another:old")
    assert set(fleet.play().changed.values()) == {0}


def edit_app(tmp_path, number):
    """Edit a copy of the app, and return its folder."""
    app = tmp_path / "app"
    shutil.copytree(REPOSITORY / "app", app, dirs_exist_ok=True)
    page = app / "hello/templates/page.html"
    page.write_text(page.read_text() + f"<!-- edition {number} -->\n")
    return app


def edition(tmp_path, number):
    """Edit app, config and secret as a user would, and return the options of the release that they make."""
    app = edit_app(tmp_path, number)
    (tmp_path / "motd").write_text(f"edition {number}\n")
    option = stack_with(tmp_path, web={"deploy": {"replicas": 1}, "configs": [{"source": "motd", "target": "/motd"}]})
    path = tmp_path / "stack.yml"
    content = yaml.safe_load(path.read_text())
    content["services"]["web"]["secrets"].append("note")
    content["secrets"]["note"] = {"external": True, "name": "${NOTE_SECRET}"}
    content["configs"] = {"motd": {"file": "./motd"}}
    path.write_text(yaml.safe_dump(content))
    values = {"stack_secrets": {"redis_password": "", "note": f"edition {number}"}, "image_app_dir": str(app)}
    return ["-e", option, "-e", json.dumps(values)]


@pytest.mark.long
def test_app_that_is_edited_during_a_run_is_not_deployed(fleet, tmp_path):
    before = release_of(fleet)
    app = edit_app(tmp_path, "a")
    with fleet.begin(tmp_path / "run.log", "-e", f"image_app_dir={app}") as run:
        run.wait_for("PLAY [Build and push images]")
        edit_app(tmp_path, "b")
        assert run.wait(300) != 0
    assert f"{app} was edited while this run was under way" in " ".join(run.output().split())
    assert release_of(fleet) == before
    assert set(fleet.play().changed.values()) == {0}


def images_of_the_app(fleet, host):
    listing = "docker image ls --no-trunc --format '{{.Repository}}@{{.Digest}}'"
    return {image for image in fleet.on(host, listing).split() if "/hello@" in image}


@pytest.mark.long
def test_five_releases_keep_their_images_configs_and_secrets_on_all_nodes_and_older_ones_none(fleet, tmp_path):
    """With one replica, so that an image is on the other nodes only because it was pulled there before the update."""
    for number in range(1, 7):
        deploy(fleet, *edition(tmp_path, number))
    kept = status(fleet)["releases"]
    wanted = {image for release in kept for image in release["images"] if "/hello@" in image}
    assert len(wanted) == len(kept) == 5
    assert {host: images_of_the_app(fleet, host) for host in fleet.addresses} == dict.fromkeys(fleet.addresses, wanted)
    for kind, name in (("config", "motd"), ("secret", "note")):
        there = fleet.on(
            fleet.manager, f"docker {kind} ls --format '{{{{.Name}}}}' --filter name=hello_{name}_"
        ).split()
        assert set(there) == {key for release in kept for key in release[f"{kind}s"] if f"_{name}_" in key}
        assert len(there) == 5

    deploy(fleet, "-e", f"stack_release={kept[-1]['number']}", playbook="rollback")
    assert "<!-- edition 2 -->" in fleet.page(fleet.addresses["worker-1"])
    assert fleet.play().code == 0
    assert fleet.services() == {"web": "5/5", "redis": "1/1"}


@pytest.mark.long
def test_config_from_a_file_follows_its_content(fleet, tmp_path):
    mounted = [{"source": "motd", "target": "/motd"}]
    option = stack_with(tmp_path, redis={"configs": mounted})
    path = tmp_path / "stack.yml"
    path.write_text(path.read_text() + "configs: {motd: {file: ./motd}}\n")
    names = set()
    for text in ("Good morning\n", "Good night\n"):
        (tmp_path / "motd").write_text(text)
        deploy(fleet, "-e", option)
        names.update(status(fleet)["releases"][0]["configs"])
        host = next(task["node"] for task in status(fleet)["tasks"] if task["name"] == "redis.1")
        redis = fleet.on(host, "docker ps --quiet --filter name=hello_redis").strip()
        assert fleet.on(host, f"docker exec {redis} cat /motd") == text
    assert len(names) == 2
    assert fleet.play().code == 0
