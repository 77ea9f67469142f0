"""The registry: our own with a new password, one elsewhere with two accounts, and Docker Hub's images by a mirror."""

import base64
import json
import re

import pytest
import yaml
from conftest import REPOSITORY
from external import ExternalRegistry

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


def pull_anew_on(fleet, host):
    """Take a host's tasks and the app's image away, and let the swarm start tasks there; return how many run."""
    hello = "--filter label=org.opencontainers.image.title=hello"
    fleet.on(fleet.manager, f"docker node update --availability drain {host}")
    fleet.on(host, 'for i in $(seq 60); do [ -z "$(docker ps -q -f name=hello_web)" ] && break; sleep 1; done')
    fleet.on(host, f"docker container prune -f && docker images -q {hello} | sort -u | xargs -r docker rmi -f")
    assert fleet.on(host, f"docker images -q {hello}") == ""
    fleet.on(fleet.manager, f"docker node update --availability active {host}")
    size = int(fleet.services()["web"].split("/")[1])
    fleet.on(fleet.manager, f"timeout 200 docker service scale hello_web={size + 2} >/dev/null")
    running = fleet.on(host, "docker ps -q -f name=hello_web").split()
    fleet.on(fleet.manager, f"docker service scale -d hello_web={size}")
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
    assert run.code != 0
    assert set(run.changed.values()) == {0}
    assert "1 problem, nothing was changed" in run.output
    assert re.search(rf"1\. {trouble}: .*, all 3 hosts$", run.output, re.MULTILINE)
    assert not any(password in run.output for password in external.passwords.values())


def test_no_trust_is_planned_by_an_explicit_word_alone_and_no_password_is_shown(external, play):
    settings = {**external.settings, "registry_host": "", "registry_ca_certificate": "", "registry_insecure": True}
    run = play("--check", "--diff", "-vvv", **settings)
    assert run.code == 0
    assert re.search(rf'insecure-registries": \[\s*\+?\s*"{external.url}"', run.output)
    for name, password in external.passwords.items():
        assert password not in run.output
        assert word_of(name, password) not in run.output


@pytest.mark.long
def test_rotated_password_of_our_registry_reaches_hosts_and_services(fleet):
    before = stored_logins(fleet, "worker-2")
    fleet.on("manager-1", "rm /etc/flotilla/registry_password")
    run = fleet.play()
    assert run.code == 0
    assert "give its services the new login of the registry" in run.output
    after = stored_logins(fleet, "worker-2")
    assert after != before
    assert after == stored_logins(fleet, "manager-1")
    assert fleet.on("manager-1", "cat /etc/flotilla/registry_password") in "".join(after.values())
    assert set(fleet.play().changed.values()) == {0}


@pytest.mark.long
def test_services_pull_with_a_password_changed_by_hand(fleet):
    fleet.on("manager-1", "echo by-hand-0123456789 > /etc/flotilla/registry_password")
    assert fleet.play().code == 0
    assert pull_anew_on(fleet, "worker-2") >= 1
    assert fleet.play().code == 0


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
    stack = tmp_path / "stack.yml"
    stack.write_text((REPOSITORY / "app/stack.yml").read_text().replace("replicas: 5", "replicas: 2"))
    site = {
        "registry_host": "",
        "stack_file": str(stack),
        "image_base": "hub",
        "image_hub_images": {"python": "python:3.13-slim", "redis": f"redis@{redis_digest}"},
        "image_hub_prefix": f"{external.url}/dockerhub",
    }
    team = {**site, **external.settings, "registry_url": f"{external.url}/team"}
    run = play("-vvv", **team)
    assert run.code == 0
    images = fleet.on("manager-1", "docker service ls --format '{{.Image}}'")
    assert images.count(f"{external.url}/team/") == 2
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
                host, f"echo $(grep -rlsE --exclude-dir=journal 'may-push|{word}' /root /etc /run /var/cache)"
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
    assert set(play(**team).changed.values()) == {0}

    # An expired password is told; a new one reaches hosts and services.
    external.set_accounts(**{**external.passwords, "puller": "renewed-0123456789"})
    expired = play(**team)
    assert expired.code != 0
    assert "registry-credentials: registry_pull_username and registry_pull_password, all 3 hosts" in expired.output
    assert set(expired.changed.values()) == {0}
    team["registry_pull_password"] = external.passwords["puller"]
    renewed = play(**team)
    assert renewed.code == 0
    assert "log in to" in renewed.output and "(another login is stored)" in renewed.output
    assert "give its services the new login of the registry" in renewed.output
    assert pull_anew_on(fleet, "worker-2") >= 1

    # Without its CA it is used by an explicit word alone, and then every engine logs in.
    for host in fleet.addresses:
        fleet.on(host, f"rm -r /etc/docker/certs.d/{external.url}")
    team["registry_ca_certificate"] = ""
    distrusted = play(**team)
    assert set(distrusted.changed.values()) == {0}
    assert "registry-untrusted: registry_ca_certificate" in distrusted.output
    team["registry_insecure"] = True
    assert play(**team).code == 0
    assert set(play(**team).changed.values()) == {0}

    assert fleet.play().code == 0
    assert fleet.services() == {"web": "5/5", "redis": "1/1"}
