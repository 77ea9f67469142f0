"""The registry: our own with a new password, one elsewhere with two accounts, and Docker Hub's images by a mirror."""

import base64
import json
import re

import pytest
import yaml
from external import ExternalRegistry

from bench import stack
from tests.support.stack import stack_with
from tests.support.wait import wait_until

# Docker Hub's images have Python in /usr/local; nothing else of them is imitated.
HUB_PYTHON = """\
FROM {base}
RUN mkdir -p /usr/local/lib /usr/local/bin
RUN mv /usr/lib/python3.13 /usr/local/lib/ && mv /usr/bin/python3* /usr/local/bin/
"""


@pytest.fixture(scope="module")
def external(fleet, tmp_path_factory):
    """A registry outside the fleet that nobody uses yet."""
    registry = ExternalRegistry(fleet, tmp_path_factory.mktemp("registry"))
    try:
        registry.start()
        yield registry
    finally:
        registry.stop()


@pytest.fixture
def play(fleet, tmp_path):
    """Run site.yml with variables from a file, as a user would write them."""

    def run(*words, **settings):
        path = tmp_path / "settings.yml"
        path.write_text(yaml.safe_dump(settings))
        return fleet.play("-e", f"@{path}", *words)

    return run


def word_of(name, password):
    """An account as Docker's config.json keeps it."""
    return base64.b64encode(f"{name}:{password}".encode()).decode()


def stored_logins(fleet, host):
    """Logins by registry that a host keeps, as ``name:password``."""
    kept = json.loads(fleet.on(host, "cat /root/.docker/config.json"))["auths"]
    return {server: base64.b64decode(entry["auth"]).decode() for server, entry in kept.items()}


def pull_again_on(fleet, host):
    """Take a host's tasks and the app's image away, and let the swarm start tasks there; return how many run."""
    hello, web = "--filter label=org.opencontainers.image.title=hello", f"{stack.NAME}_{stack.WEB}"
    fleet.on(fleet.manager, f"docker node update --availability drain {host}")
    wait_until(lambda: not fleet.containers(host, stack.WEB), 60)
    fleet.on(host, f"docker container prune -f && docker images -q {hello} | sort -u | xargs -r docker rmi -f")
    assert fleet.on(host, f"docker images -q {hello}") == ""
    fleet.on(fleet.manager, f"docker node update --availability active {host}")
    size = int(fleet.services()[stack.WEB].split("/")[1])
    fleet.on(fleet.manager, f"timeout 200 docker service scale {web}={size + 2} >/dev/null")
    running = fleet.containers(host, stack.WEB)
    fleet.scale(stack.WEB, size)
    return len(running)


TROUBLES = {
    "registry-credentials": lambda _: {"registry_pull_password": "expired"},
    "registry-untrusted": lambda one: {"registry_ca_certificate": one.ca("stranger")},
    "registry-refused": lambda one: {"registry_url": f"{one.address}:1"},
    "registry-name-unknown": lambda _: {"registry_url": "no.invalid"},
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_with_a_registry_is_told_before_anything_changes(external, play, trouble):
    run = play(registry_host="", **{**external.settings, **TROUBLES[trouble](external)})
    run.refused(trouble)
    assert [head.endswith(", all 3 hosts") for head in run.problems] == [True]
    assert not any(password in run.output for password in external.passwords.values())


def test_no_trust_is_planned_by_an_explicit_word_alone_and_no_password_is_shown(external, play):
    settings = {**external.settings, "registry_host": "", "registry_ca_certificate": "", "registry_insecure": True}
    run = play("--check", "--diff", "-vvv", **settings).succeeded()
    assert re.search(rf'insecure-registries": \[\s*\+?\s*"{external.url}"', run.output)
    for name, password in external.passwords.items():
        assert password not in run.output
        assert word_of(name, password) not in run.output


@pytest.mark.long
def test_rotated_password_of_our_registry_reaches_hosts_and_services(fleet):
    before = stored_logins(fleet, "worker-2")
    fleet.on("manager-1", "rm /etc/flotilla/registry_password")
    run = fleet.play().succeeded()
    assert "give its services the new login of the registry" in run.output
    after = stored_logins(fleet, "worker-2")
    assert after != before
    assert after == stored_logins(fleet, "manager-1")
    assert fleet.on("manager-1", "cat /etc/flotilla/registry_password") in "".join(after.values())
    fleet.play().unchanged()


@pytest.mark.long
def test_services_pull_with_a_password_changed_by_hand(fleet):
    fleet.on("manager-1", "echo manual-0123456789 > /etc/flotilla/registry_password")
    fleet.play().succeeded()
    assert pull_again_on(fleet, "worker-2") >= 1
    fleet.play().succeeded()


def fill_mirror(fleet, external):
    """Put images under Docker Hub's names into the registry, as a mirror has them; return the digest of redis."""
    own = fleet.on("manager-1", "docker images --format '{{.Repository}}:{{.Tag}}' | grep /trixie-").split()
    base = {name: next(image for image in own if f"/trixie-{name}:" in image) for name in ("python", "redis")}
    folder, login = "/root/mirror", word_of("pusher", external.passwords["pusher"])
    settings = json.dumps({"auths": {external.url: {"auth": login}}})
    certificates = f"/etc/docker/certs.d/{external.url}"
    fleet.on("manager-1", f"mkdir -p {folder} {certificates}; echo '{settings}' > {folder}/config.json")
    fleet.on("manager-1", f"echo '{external.ca()}' > {certificates}/ca.crt")
    fleet.on("manager-1", f"echo '{HUB_PYTHON.format(base=base['python'])}' > {folder}/Dockerfile")
    python, redis = (f"{external.url}/dockerhub/library/{name}" for name in ("python:3.13-slim", "redis:8"))
    fleet.on("manager-1", f"docker build -q -t {python} {folder} && docker tag {base['redis']} {redis}")
    for image in (python, redis):
        fleet.on("manager-1", f"docker --config {folder} push -q {image}")
    digests = fleet.on(
        "manager-1", f"docker image inspect --format '{{{{range .RepoDigests}}}}{{{{.}}}} {{{{end}}}}' {redis}"
    )
    fleet.on("manager-1", f"docker rmi {python} {redis} && rm -r {folder} {certificates}")
    name = redis.rsplit(":", 1)[0]
    return next(digest.removeprefix(f"{name}@") for digest in digests.split() if digest.startswith(f"{name}@"))


@pytest.mark.long
def test_external_registry_with_two_accounts_and_a_mirror_of_docker_hub(fleet, external, play, tmp_path):
    redis_digest = fill_mirror(fleet, external)
    mark = len(external.requests())
    # Two replicas, to be brief: each waits for the one before it.
    fewer = stack_with(tmp_path, **{stack.WEB: {"deploy": {"replicas": 2}}}, redis={"image": f"redis@{redis_digest}"})
    site = {
        **json.loads(fewer),
        "registry_host": "",
        "image_base": "hub",
        "image_hub_prefix": f"{external.url}/dockerhub",
    }
    team = {**site, **external.settings, "registry_url": f"{external.url}/team"}
    run = play("-vvv", **team).succeeded()
    images = fleet.on("manager-1", "docker service ls --format '{{.Image}}'")
    assert images.count(f"{external.url}/team/") == len(stack.SERVICES)
    assert "/hub-redis" in images
    assert fleet.page(fleet.addresses["worker-1"])
    web = next(image for image in images.split() if "/hello" in image)
    found = fleet.on("manager-1", f"docker run --rm --entrypoint bash {web} -c 'command -v python3'")
    assert found.strip() == "/usr/local/bin/python3"

    # The account that may push was on the builder alone, while it pushed; a node cannot push. (The journal has this
    # test's own commands.)
    word = word_of("pusher", external.passwords["pusher"])
    for host in fleet.addresses:
        assert stored_logins(fleet, host)[external.url] == f"puller:{external.passwords['puller']}"
        assert (
            fleet.on(
                host, f"echo $(grep -Erls --exclude-dir=journal 'may-push|{word}' /root /etc /run /var/cache)"
            ).strip()
            == ""
        )
    peers = {
        account: {line[1] for line in external.requests()[mark:] if line[0] == account}
        for account in ("pusher", "puller")
    }
    assert peers == {"pusher": {fleet.addresses["manager-1"]}, "puller": set(fleet.addresses.values())}
    image = images.split()[0].split("@")[0]
    refused = fleet.on(
        "worker-1",
        f"docker tag $(docker images -q | head -n 1) {image}:x; docker push {image}:x 2>&1; "
        f"docker rmi {image}:x >/dev/null",
    )
    assert "denied" in refused
    assert not any(password in run.output for password in external.passwords.values())
    play(**team).unchanged()

    # An expired password is told; a new one reaches hosts and services.
    external.set_accounts(**{**external.passwords, "puller": "renewed-0123456789"})
    problem = "registry-credentials: registry_pull_username and registry_pull_password, all 3 hosts"
    play(**team).refused(problem)
    team["registry_pull_password"] = external.passwords["puller"]
    renewed = play(**team).succeeded()
    assert "log in to" in renewed.output and "(another login is stored)" in renewed.output
    assert "give its services the new login of the registry" in renewed.output
    assert pull_again_on(fleet, "worker-2") >= 1

    # Without its CA it is used by an explicit word alone, and then every engine logs in.
    for host in fleet.addresses:
        fleet.on(host, f"rm -r /etc/docker/certs.d/{external.url}")
    team["registry_ca_certificate"] = ""
    play(**team).refused("registry-untrusted: registry_ca_certificate")
    team["registry_insecure"] = True
    play(**team).succeeded()
    play(**team).unchanged()

    fleet.play().succeeded()
    fleet.assert_serving()
