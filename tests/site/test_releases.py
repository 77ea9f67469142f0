"""Releases: numbered, gone back to, cleaned up.

Most deploys here change a label, which restarts nothing.
"""

import json
import shutil
import signal

import pytest
from test_bad_releases import release_of

from bench import stack
from tests.support.runs import REPOSITORY
from tests.support.stack import stack_with


def web_with(tmp_path, **change):
    """Change the page's service."""
    return stack_with(tmp_path, **{stack.WEB: change})


def labelled(tmp_path, text):
    return web_with(tmp_path, deploy={"labels": {"note": text}})


def label(fleet):
    return fleet.inspect(fleet.manager, stack.WEB, '{{index .Spec.Labels "note"}}')


def status(fleet, *words):
    run = fleet.play("-e", "status_format=json", *words, playbook="playbooks/status.yml")
    told = json.loads(run.output.splitlines()[-1])
    run.told(problems=bool(told["problems"] or told["pending"]))
    return told


def deploy(fleet, *words, playbook="deploy"):
    return fleet.play(*words, playbook=f"playbooks/{playbook}.yml").succeeded()


@pytest.fixture
def neighbour(fleet):
    """Keep a release of a stack whose name begins as that of this one."""
    name, config = "hello_vip", "flotilla_hello_vip.release_v1"
    labels = f"--label flotilla.stack={name} --label ansible_version=1"
    fleet.on(fleet.manager, f"echo of another stack | docker config create {labels} {config} -")
    yield name
    fleet.on(fleet.manager, f"docker config rm {config}")


@pytest.mark.long
def test_releases_are_numbered_and_gone_back_to(fleet, tmp_path, neighbour):
    first = status(fleet)["releases"][0]["number"]
    deploy(fleet, "-e", labelled(tmp_path, "a"))
    deploy(fleet, "-e", labelled(tmp_path, "b"))
    deploy(fleet, playbook="rollback")
    assert label(fleet) == "a"

    held = fleet.play("-e", labelled(tmp_path, "b")).unchanged()
    assert f"Note: release {first + 3} stays, which went back to {first + 1}" in held.output

    deploy(fleet, "-e", f"stack_release={first + 2}", playbook="rollback")
    assert label(fleet) == "b"
    shown = status(fleet)
    (other,) = shown["problems"]
    assert other.startswith(f"stack {neighbour} is not in the inventory")
    assert [(release["number"] - first, release["rollback_to"]) for release in shown["releases"][:4]] == [
        (4, first + 2),
        (3, first + 1),
        (2, 0),
        (1, 0),
    ]
    assert all("@sha256:" in image for release in shown["releases"] for image in release["images"])
    wrong = fleet.play("-e", "stack_release=999", playbook="playbooks/rollback.yml")
    wrong.refused("release-unknown: stack_release")
    assert "999" in wrong.problems["release-unknown: stack_release"]
    fleet.play().succeeded()
    assert label(fleet) == ""
    assert [release["number"] - first for release in status(fleet)["releases"]] == [5, 4, 3, 2, 1]


@pytest.mark.long
def test_deploy_that_was_killed_is_gone_back_from_and_does_not_come_back(fleet, tmp_path):
    last = release_of(fleet)
    option = labelled(tmp_path, "killed")
    with fleet.begin(tmp_path / "killed.log", "-e", option) as killed:
        # Applied, and not yet recorded.
        killed.wait_for("Wait until every service is at its size")
        killed.signal(signal.SIGKILL)
    assert label(fleet) == "killed"
    back = deploy(fleet, "-e", option, playbook="rollback")
    assert f"back to release {last} of" in back.output
    assert "A deploy that was begun and not recorded is left" in back.output
    assert label(fleet) == ""
    held = fleet.play("-e", option).unchanged()
    assert f"Note: release {last + 1} stays, which went back to {last}" in held.output


@pytest.mark.long
def test_release_with_another_port_is_gone_back_to_and_stays(fleet, tmp_path):
    other = stack.PORT + 80
    option = web_with(tmp_path, ports=[f"{other}:80"])
    deploy(fleet, "-e", option)
    assert "Hello World" in fleet.page(fleet.addresses["worker-1"], port=other)
    deploy(fleet, "-e", option, playbook="rollback")
    assert "Hello World" in fleet.page(fleet.addresses["worker-1"])
    fleet.play("-e", option).unchanged()
    assert status(fleet, "-e", option)["problems"] == []


@pytest.mark.long
def test_going_back_needs_no_registry(fleet, tmp_path):
    """The other release has another environment, so that its tasks are replaced."""
    deploy(fleet, "-e", web_with(tmp_path, environment={"EDITION": "b"}))
    fleet.on(fleet.manager, "systemctl stop docker-registry")
    try:
        refused = fleet.play("-e", labelled(tmp_path, "c"), playbook="playbooks/deploy.yml")
        deploy(fleet, playbook="rollback")
    finally:
        fleet.on(fleet.manager, "systemctl start docker-registry")
    refused.refused("registry-login")
    assert [head.endswith(f", {fleet.manager}") for head in refused.problems] == [True]
    fleet.assert_serving()
    fleet.play().succeeded()


@pytest.mark.long
def test_what_no_release_needs_is_removed_everywhere_and_nothing_else(fleet):
    registry = f"{fleet.addresses[fleet.manager]}:5000"
    for name in (f"{registry}/hello-web:old", "another:old"):
        fleet.on("worker-2", f"tar -c /etc/hostname 2>/dev/null | docker import - {name}")
    for owner in ("--label flotilla.stack=hello --label flotilla.config=motd hello_motd", "foreign"):
        fleet.on(fleet.manager, f"echo old | docker config create {owner} -")
    for owner in ("--label flotilla.stack=hello --label flotilla.secret=key hello_key", "foreign"):
        fleet.on(fleet.manager, f"echo old | docker secret create {owner} -")
    fleet.play().succeeded()
    images = fleet.on("worker-2", "docker image ls --format '{{.Repository}}:{{.Tag}}'")
    assert f"{registry}/hello-web:old" not in images
    assert "another:old" in images
    for kind, old in (("config", "hello_motd"), ("secret", "hello_key")):
        left = fleet.on(fleet.manager, f"docker {kind} ls --format '{{{{.Name}}}}'").split()
        assert old not in left
        assert "foreign" in left
        fleet.on(fleet.manager, f"docker {kind} rm foreign")
    fleet.on("worker-2", "docker image rm another:old")
    fleet.play().unchanged()


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
    web = {
        "deploy": {"replicas": 1},
        "configs": [{"source": "motd", "target": "/motd"}],
        "secrets": [*stack.SERVICES[stack.WEB]["secrets"], "note"],
    }
    sections = {
        "secrets": {"note": {"environment": "NOTE"}},
        "configs": {"motd": {"file": str(tmp_path / "motd")}},
    }
    entry = {"path": str(app), "secrets": {"note": f"edition {number}"}}
    return ["-e", stack_with(tmp_path, sections, entry, **{stack.WEB: web})]


@pytest.mark.long
def test_app_that_is_edited_during_a_run_is_not_deployed(fleet, tmp_path):
    before = release_of(fleet)
    app = edit_app(tmp_path, "a")
    with fleet.begin(tmp_path / "run.log", "-e", stack.option(app)) as run:
        run.wait_for("PLAY [Build and push images]")
        edit_app(tmp_path, "b")
        ended = run.wait(300)
    assert ended.code != 0
    assert f"{app} was edited while this run was under way" in ended.words
    assert release_of(fleet) == before
    fleet.play().unchanged()


def images_of_the_app(fleet, host):
    listing = "docker image ls --no-trunc --format '{{.Repository}}@{{.Digest}}'"
    return {image for image in fleet.on(host, listing).split() if "/hello-web@" in image}


@pytest.mark.long
def test_five_releases_keep_their_images_configs_and_secrets_on_all_nodes_and_older_ones_none(fleet, tmp_path):
    """With one replica, so that an image is on the other nodes only because it was pulled there before the update."""
    for number in range(1, 7):
        deploy(fleet, *edition(tmp_path, number))
    kept = status(fleet)["releases"]
    expected = {image for release in kept for image in release["images"] if "/hello-web@" in image}
    assert len(expected) == len(kept) == 5
    assert {host: images_of_the_app(fleet, host) for host in fleet.addresses} == dict.fromkeys(
        fleet.addresses, expected
    )
    for kind, name in (("config", "motd"), ("secret", "note")):
        there = fleet.on(
            fleet.manager, f"docker {kind} ls --format '{{{{.Name}}}}' --filter name=hello_{name}_"
        ).split()
        assert set(there) == {key for release in kept for key in release[f"{kind}s"] if f"_{name}_" in key}
        assert len(there) == 5

    deploy(fleet, "-e", f"stack_release={kept[-1]['number']}", playbook="rollback")
    assert "<!-- edition 2 -->" in fleet.page(fleet.addresses["worker-1"])
    fleet.play().succeeded()
    fleet.assert_serving()


@pytest.mark.long
def test_config_from_a_file_follows_its_content(fleet, tmp_path):
    mounted = [{"source": "motd", "target": "/motd"}]
    option = stack_with(tmp_path, {"configs": {"motd": {"file": str(tmp_path / "motd")}}}, redis={"configs": mounted})
    names = set()
    for text in ("Good morning\n", "Good night\n"):
        (tmp_path / "motd").write_text(text)
        deploy(fleet, "-e", option)
        names.update(status(fleet)["releases"][0]["configs"])
        (host,) = fleet.nodes_of("redis")
        (redis,) = fleet.containers(host, "redis")
        assert fleet.on(host, f"docker exec {redis} cat /motd") == text
    assert len(names) == 2
    fleet.play().succeeded()
