"""What a host says of other hosts counts for nothing, and what lies on it does nothing elsewhere.

Whoever owns a worker owns that worker.
"""

import contextlib
import json
import shutil

import pytest

from bench import stack
from tests.support.fleet import quote
from tests.support.runs import REPOSITORY, run
from tests.support.wait import wait_until

# In place of the worker's Python: it answers as Python does, but for what who owns the host would rather say.
IMPOSTOR = """\
#!/bin/sh
python=$(readlink -f /usr/bin/python3.stolen)
"$python" "$@" | "$python" -c '
import json, sys
text = sys.stdin.read()
if "observation" in text:
    answer = json.loads(text)
    observed = json.loads(answer["observation"])
    for key, value in json.loads(r\"\"\"%s\"\"\").items():
        observed[key] = {**observed.get(key, {}), **value} if isinstance(value, dict) else value
    answer["observation"] = json.dumps(observed)
    text = json.dumps(answer)
print(text)'
"""
WORKER = "worker-1"


@contextlib.contextmanager
def answering(fleet, **changes):
    """Let the worker answer with other values, by the keys of its observation."""
    script = quote(IMPOSTOR % json.dumps(changes))
    fleet.command("ssh", WORKER, "sudo mv /usr/bin/python3 /usr/bin/python3.stolen")
    try:
        fleet.command(
            "ssh", WORKER, f"printf %s {script} | sudo tee /usr/bin/python3 && sudo chmod 755 /usr/bin/python3"
        )
        yield
    finally:
        fleet.command("ssh", WORKER, "sudo mv /usr/bin/python3.stolen /usr/bin/python3")


def specs(fleet):
    return fleet.on(fleet.manager, "docker service inspect --format '{{json .Spec}}' $(docker service ls -q)")


def test_digests_that_a_stolen_worker_returns_unasked_are_ignored_and_reported(fleet):
    before = specs(fleet)
    listing = "docker service ls --format '{{.Image}}'"
    names = {line.split("@")[0] for line in fleet.on(fleet.manager, listing).split()}
    found = fleet.on(fleet.manager, "docker images --format '{{.Repository}}:{{.Tag}}'").split()
    digests = {tag: f"sha256:{'0' * 64}" for tag in found if tag.rpartition(":")[0] in names}
    assert digests
    with answering(fleet, images=digests):
        told = fleet.play().unchanged()
    assert f"{WORKER} answered with digests that it was not asked for" in told.output
    assert specs(fleet) == before


def test_worker_that_says_that_it_is_a_manager_is_refused(fleet):
    before = specs(fleet)
    with answering(fleet, nodes=[], swarm={"manager": True}):
        fleet.play().refused(f"node-claimed: {WORKER}")
    assert specs(fleet) == before


def test_words_of_a_stolen_worker_are_shown_and_neither_run_nor_obeyed(fleet):
    """A template would be run on the control node, and an escape code would clear the operator's terminal."""
    with answering(fleet, system={"distribution": "{{ 7919 * 7907 }}\x1b[2J"}):
        told = fleet.play().refused(f"host-system: {WORKER}")
    assert r"{{ 7919 * 7907 }}\x1b[2J" in told.output
    assert "\x1b" not in told.output


@pytest.mark.long
@pytest.mark.parametrize("version", ["2.18", "2.20"])
def test_ansible_that_would_run_such_words_or_was_not_tried_is_refused(fleet, version):
    uv = (REPOSITORY / ".cache/uv/bin/uv", "run", "--quiet", "--no-sync", "--with", f"ansible-core=={version}.*")
    _newer, *words = fleet.playbook("site.yml")
    refused = run(*uv, "ansible-playbook", *words).changed_nothing()
    assert refused.code != 0
    assert f"ansible-core {version}." in refused.words
    assert "pip install 'ansible-core>=2.21'" in refused.words


# What is tried with a login, from a worker: to push, to replace and to delete. 0 where nobody listens.
REQUESTS = """\
python3 - <<'END'
import http.client, ssl
context = ssl.create_default_context(cafile="/etc/docker/certs.d/{host}:5000/ca.crt")
paths = ("POST blobs/uploads/", "PUT manifests/{tag}", "DELETE manifests/{digest}", "DELETE blobs/{digest}")
for port, (method, path) in [(port, words.split()) for port in (5000, 5001) for words in paths]:
    connection = http.client.HTTPSConnection("{host}", port, timeout=30, context=context)
    try:
        connection.request(method, "/v2/hello-web/" + path, "{{}}", {{"Authorization": "Basic {login}"}})
        print(connection.getresponse().status)
    except ConnectionRefusedError:
        print(0)
END
"""
TAGS = "/var/lib/docker-registry/docker/registry/v2/repositories/hello-web/_manifests/tags"
PUSH_LOGIN = "/run/flotilla/registry/config.json"


def login_of(config):
    (entry,) = json.loads(config)["auths"].values()
    return entry["auth"]


def tags(fleet):
    """Digests of the app's image by tag, as they lie on the registry's host."""
    lines = fleet.on("manager-1", f"cd {TAGS} && for tag in *; do echo $tag $(cat $tag/current/link); done")
    return dict(line.split() for line in lines.splitlines())


def answers(fleet, login):
    """What the registry says to a worker that has a login."""
    digest = fleet.image_of(stack.WEB).rpartition("@")[2]
    (tag,) = (tag for tag, found in tags(fleet).items() if found == digest)
    words = {"host": fleet.addresses["manager-1"], "login": login, "tag": tag, "digest": digest}
    return list(map(int, fleet.on(WORKER, REQUESTS.format(**words)).split()))


@pytest.mark.long
def test_login_of_a_stolen_worker_neither_pushes_nor_replaces_nor_deletes(fleet):
    """A worker has the login and the CA on its disk."""
    before, image = tags(fleet), fleet.image_of(stack.WEB)
    other = f"{fleet.addresses['manager-1']}:5000/stolen:1"
    fleet.on(WORKER, f"docker tag {image} {other}")
    pushed = fleet.on(WORKER, f"docker push {other} 2>&1", check=False)
    fleet.on(WORKER, f"docker rmi {other}")
    assert "digest: sha256:" not in pushed
    # Not allowed, and nobody there.
    assert answers(fleet, login_of(fleet.on(WORKER, "cat /root/.docker/config.json"))) == [405] * 4 + [0] * 4
    assert tags(fleet) == before
    fleet.on(WORKER, f"docker pull --quiet {image}")


@pytest.mark.long
def test_login_of_an_account_that_was_renamed_is_good_for_nothing(fleet):
    logins = "cat /root/.docker/config.json"
    old = login_of(fleet.on(WORKER, logins))
    renamed = ("-e", "registry_username=renamed")
    fleet.play(*renamed).succeeded()
    assert answers(fleet, old) == [401] * 4 + [0] * 4
    for host in fleet.addresses:
        assert old not in fleet.on(host, logins)
    fleet.play(*renamed).unchanged()
    fleet.play().succeeded()


@pytest.mark.long
def test_login_that_pushes_ends_with_the_push(fleet, tmp_path):
    """It is copied off the builder, which nobody but root can do, and used as soon as the run has ended."""
    app = tmp_path / "app"
    shutil.copytree(REPOSITORY / "app", app)
    page = app / "hello/templates/page.html"
    page.write_text(f"{page.read_text()}<!-- pushed -->")
    with fleet.begin(tmp_path / "run.log", "-e", stack.option(app), playbook="playbooks/deploy.yml") as run:
        copied = wait_until(lambda: fleet.on("manager-1", f"cat {PUSH_LOGIN}", check=False), 600, pause=0.1)
        run.wait(600).succeeded()
    assert answers(fleet, login_of(copied)) == [401] * 4 + [0] * 4
    left = fleet.on("manager-1", "ls /run/flotilla* /etc/docker/certs.d; docker images --format '{{.Repository}}'")
    assert "registry" not in left
    assert "flotilla-push" not in left
    assert "5001" not in left
    fleet.play().succeeded()


def test_image_that_was_replaced_in_the_registry_is_never_deployed(fleet):
    """Only root of the registry's host can do that: a tag leads to another image that is there."""
    before, image = specs(fleet), fleet.image_of(stack.WEB)
    digest, other = (each.rpartition("@")[2] for each in (image, fleet.image_of("redis")))
    (tag,) = (tag for tag, found in tags(fleet).items() if found == digest)
    revision = f"{TAGS}/../revisions/sha256/{other.partition(':')[2]}"
    fleet.on("manager-1", f"mkdir {revision} && echo -n {other} | tee {revision}/link {TAGS}/{tag}/current/link")
    try:
        run = fleet.play()
    finally:
        fleet.on("manager-1", f"echo -n {digest} >{TAGS}/{tag}/current/link && rm -r {revision}")
    run.refused(f"image-replaced: {image.partition('@')[0]}:{tag}")
    assert specs(fleet) == before
    fleet.play().unchanged()
