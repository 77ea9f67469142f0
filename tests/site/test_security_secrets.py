"""Secrets are where they belong and nowhere else, whatever form they have there."""

import base64
import hashlib
import json
import secrets
import shutil

import pytest
from test_rotation import password

from bench import stack
from tests.support.runs import REPOSITORY

# What a host tells of itself: objects, images' history, logs, and the arguments and environments of what runs.
# A process may end while it is read; all else must be told.
TOLD = """
set -e
docker ps --quiet --all | xargs --no-run-if-empty docker inspect
docker image ls --quiet | xargs --no-run-if-empty docker image inspect
docker image ls --quiet | xargs --no-run-if-empty --max-args 1 docker image history --no-trunc
docker network ls --quiet | xargs docker network inspect
docker volume ls --quiet | xargs --no-run-if-empty docker volume inspect
docker ps --quiet --all | xargs --no-run-if-empty --max-args 1 docker logs
docker system info
journalctl --output=cat --no-pager
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ || :
"""
TOLD_BY_MANAGERS = """
for kind in service node config secret; do docker $kind ls --quiet | xargs docker $kind inspect; done
docker service ls --quiet | xargs docker service ps --quiet | xargs docker inspect
docker service ls --quiet | xargs --max-args 1 docker service logs
docker swarm ca; docker stack ls
"""
# The disk, and with it the files of all images and what ended runs left; what is mounted for tasks is in memory.
ON_DISK = "find / /run /dev/shm /tmp -xdev -type f ! -path {patterns} -exec grep -aFl --file={patterns} {{}} + | sort"
PATTERNS, ANSWER = "/dev/shm/patterns", "/dev/shm/answer"


def forms(secret):
    """The secret as it is, in base 64 wherever it may stand there, and its plain digests."""
    data = secret.encode()
    shifted = [base64.b64encode(b"x" * shift + data)[4 : -4 if (shift + len(data)) % 3 else None] for shift in range(3)]
    digests = [hashlib.new(name, data).hexdigest() for name in ("md5", "sha1", "sha224", "sha256", "sha512")]
    return [secret, base64.b64encode(data).decode().rstrip("="), *(form.decode() for form in shifted), *digests]


def put_patterns(fleet, host, patterns):
    """Write them into memory in a form that none of them matches, as sudo logs commands."""
    text = "\n".join(patterns).encode().hex()
    write = f'import pathlib; pathlib.Path("{PATTERNS}").write_bytes(bytes.fromhex("{text}"))'
    fleet.on(host, f"python3 -c '{write}'")


def found(fleet, host, patterns):
    """Where a host has one of the patterns: files, and lines of what it tells."""
    put_patterns(fleet, host, patterns)
    told = TOLD + (TOLD_BY_MANAGERS if host == fleet.manager else "")
    fleet.on(host, f"{{ {told} }} > {ANSWER} 2>&1")
    lines = fleet.on(host, f"grep -aF --file={PATTERNS} {ANSWER} | cut -c 1-200; rm {ANSWER}")
    return {*lines.splitlines(), *files_with(fleet, host, patterns)}


def files_with(fleet, host, patterns):
    """The files of a host that have one of the patterns."""
    put_patterns(fleet, host, patterns)
    files = fleet.on(host, ON_DISK.format(patterns=PATTERNS))
    fleet.on(host, f"rm {PATTERNS}")
    return {*files.splitlines()}


@pytest.mark.long
def test_secrets_are_in_no_output_object_image_file_or_log(fleet, tmp_path):
    canary = f"canary {secrets.token_hex(12)}"
    (tmp_path / "secrets.yml").write_text(stack.option(secrets={"redis_password": canary}))
    # One run that logs a host in again and creates a given secret, one that generates another.
    fleet.on("worker-2", "docker logout $(ls /etc/docker/certs.d)")
    given = fleet.play("-e", f"@{tmp_path / 'secrets.yml'}", verbose=True).succeeded()
    assert password(fleet) == canary
    generated = fleet.play(
        "-e", "stack_rotate=redis_password", playbook="playbooks/deploy.yml", verbose=True
    ).succeeded()
    new = password(fleet)
    assert new != canary

    registry = fleet.on(fleet.manager, "cat /etc/flotilla/registry_password").strip()
    tokens = fleet.on(fleet.manager, "docker swarm join-token -q worker; docker swarm join-token -q manager").split()
    key = fleet.on(fleet.manager, "cat /etc/flotilla/ca.key").splitlines()[1]
    for secret in (canary, new, registry, *tokens, key):
        for form in forms(secret):
            assert form not in given.output
            assert form not in generated.output

    # The search finds what is there to be found.
    marked = fleet.on(fleet.manager, "docker config inspect --format '{{.ID}}' flotilla_lock").strip()
    assert len(found(fleet, fleet.manager, [marked])) > 0
    patterns = [form for secret in (canary, new) for form in forms(secret)]
    assert {host: found(fleet, host, patterns) for host in fleet.addresses} == {host: set() for host in fleet.addresses}
    # Where the registry's login belongs: with its owner, and where each engine's client keeps logins.
    login = [registry, base64.b64encode(f"flotilla:{registry}".encode()).decode()]
    for host in fleet.addresses:
        own = {"/etc/flotilla/registry_password"} if host == fleet.manager else set()
        assert found(fleet, host, login) == {"/root/.docker/config.json", *own}
    for pattern in ([key], tokens):
        there = {host: found(fleet, host, pattern) for host in fleet.addresses}
        owned = {fleet.manager: {"/etc/flotilla/ca.key"}} if pattern == [key] else {}
        assert there == {host: owned.get(host, set()) for host in fleet.addresses}
    fleet.play().succeeded()


def test_image_that_would_take_private_files_is_refused(fleet, tmp_path):
    app = shutil.copytree(REPOSITORY / "app", tmp_path / "app")
    canary = f"canary-{secrets.token_hex(12)}"
    for name in (".env", "hello/.env"):
        (app / name).write_text(f"PASSWORD={canary}\n")
    refused = fleet.play("-e", stack.option(app)).refused(f"context-private: stacks.{stack.NAME}.files")
    # The other one is no part of the image, as .dockerignore says.
    assert "hello/.env" in refused.problems.popitem()[1]
    assert canary not in refused.output


@pytest.mark.long
def test_login_of_a_proxy_is_with_the_engine_alone(fleet):
    canary = f"canary-{secrets.token_hex(12)}"
    # Nothing goes that way: the registry is asked by https.
    options = {"proxies": {"http-proxy": f"http://operator:{canary}@192.0.2.1:3128"}}
    run = fleet.play("-e", json.dumps({"docker_daemon_options": options}), "--diff").succeeded()
    patterns = forms(canary)
    assert not [form for form in patterns if form in run.output]
    settings = {host: {"/etc/docker/daemon.json"} for host in fleet.addresses}
    # What the engine starts has it in an environment that only root can read.
    assert {host: files_with(fleet, host, patterns) for host in fleet.addresses} == settings
    for host in fleet.addresses:
        assert fleet.on(host, "runuser -u nobody -- cat /etc/docker/daemon.json || echo refused").strip() == "refused"
        assert canary not in fleet.on(host, "docker system info; journalctl --output=cat --no-pager")
    fleet.play().succeeded()


@pytest.mark.long
def test_search_covers_the_forms_of_a_secret():
    for lead in ("", "a", "ab", "abc"):
        text = base64.b64encode(f"{lead}secret value{lead}".encode()).decode()
        assert any(form in text for form in forms("secret value"))
