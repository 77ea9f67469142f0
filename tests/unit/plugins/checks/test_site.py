"""Settings of the whole site, against each other."""

from dataclasses import asdict

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks.site import DEFINITION_RULES, RULES
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import find
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file_problems import refused_field

from tests.support.problems import told

REFUSED = refused_field("services.web.devices", "/dev/fuse", "Run it outside of the swarm")


def problems(**changes):
    return told(find(sites.read_site({**sites.site(), **changes}), (*RULES, *DEFINITION_RULES)))


def stack(**changes):
    return {**sites.site()["stacks"][0], **changes}


def image(name, kind="build"):
    return {"name": name, "kind": kind, "reference": f"reg:5000/{name}:1"}


def test_good_site_is_no_problem():
    assert problems() == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"registry_url": ""}, "setting-missing: registry_url"),
        ({"builders": ["elsewhere"]}, "setting-invalid: image_builder"),
        ({"stacks": [stack(name="shop.v2")]}, "setting-invalid: stacks"),
        ({"stacks": [stack(timeout=1201)]}, "setting-too-large: stacks.hello.timeout"),
        ({"stacks": [stack(), stack(name="shop", timeout=1201)]}, "setting-too-large: stacks.shop.timeout"),
        ({"chosen": ["shop"]}, "setting-invalid: stack"),
        ({"images": [image("a-b"), image("a_b", kind="distro")]}, "setting-invalid: stacks"),
        (
            {"stacks": [stack(images={"redis:7": "services.redis.image"})]},
            "image-unknown: stacks.hello.files: services.redis.image",
        ),
        (
            {"stacks": [stack(text="services: {a: {ports: [{target: 80, published: 2377}]}}")]},
            "port-reserved: stacks.hello.files: services.a.ports",
        ),
        (
            {"stacks": [stack(text="services: {a: {ports: [{target: 80, published: 70000}]}}")]},
            "port-reserved: stacks.hello.files: services.a.ports",
        ),
        ({"stacks": [stack(port=81)]}, "setting-invalid: stacks.hello.port"),
        ({"stacks": [stack(problems=[asdict(REFUSED)])]}, "field-refused: stacks.hello.files: services.web.devices"),
        ({"stacks": [stack(after=["shop"])]}, "setting-invalid: stacks.hello.after"),
        ({"stacks": [stack(after=["shop"]), stack(name="shop", after=["hello"])]}, "setting-invalid: stacks"),
        ({"stacks": [stack(environment={"NAME": True})]}, "setting-invalid: stacks.hello.environment.NAME"),
        ({"stacks": [stack(environment={"NAME": 3.10})]}, "setting-invalid: stacks.hello.environment.NAME"),
        (
            {"stacks": [stack(environment={"NAME": "World", "NAMEX": "x"}, unused=["NAMEX"])]},
            "setting-unused: stacks.hello.environment.NAMEX",
        ),
    ],
)
def test_bad_settings_are_named(change, problem):
    assert problems(**change) == [problem]


def external(url="reg.example.com", **changes):
    """A site with a registry elsewhere."""
    registry = {
        "push_port": 5001,
        "accounts": {"push": "pusher", "pull": "puller"},
        "passwords": {"push": True, "pull": True},
        "ca": "",
        **changes,
    }
    return {"registry_host": "", "registry_url": url, "registry": registry}


@pytest.mark.parametrize(
    "url",
    ["reg.example.com", "reg.example.com:5000", "10.0.0.1:5000/team/a", "reg:5000", "localhost", "docker.io/team"],
)
def test_good_addresses_of_a_registry_are_no_problem(url):
    assert problems(**external(url)) == []


@pytest.mark.parametrize(
    "url",
    [
        *("reg", "team/reg", "https://reg:5000", "reg:5000/", "reg:5000/Team", "me@reg:5000", "docker.io"),
        *("reg.example.com:0", "reg.example.com:65536", "reg.example.com:99999"),
    ],
)
def test_bad_addresses_of_a_registry_are_named(url):
    assert problems(**external(url)) == ["setting-invalid: registry_url"]


@pytest.mark.parametrize(
    ("change", "setting"),
    [({"ca": "-----BEGIN CERTIFICATE-----"}, "registry_ca_certificate"), ({"insecure": True}, "registry_insecure")],
)
def test_trust_in_docker_hub_is_the_systems(change, setting):
    assert problems(**external("docker.io/team", **change)) == [f"setting-conflict: {setting}"]
    assert problems(**external("reg.example.com/team", **change)) == []


def test_registry_that_flotilla_serves_needs_a_port():
    assert problems(registry_url="reg.example.com") == ["setting-invalid: registry_url"]


@pytest.mark.parametrize("port", [0, 22, 5000, 65536])
def test_port_that_takes_images_is_one_of_its_own(port):
    registry = {**external()["registry"], "push_port": port}
    assert problems(registry=registry) == ["setting-invalid: registry_push_port"]


PULL = "setting-conflict: registry_pull_username, registry_pull_password"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"passwords": {"push": False, "pull": True}}, "setting-missing: registry_password"),
        ({"passwords": {"push": True, "pull": False}}, PULL),
        ({"accounts": {"push": "me", "pull": "me"}}, PULL),
        ({"ca": "/etc/ca.pem"}, "setting-invalid: registry_ca_certificate"),
    ],
)
def test_bad_accounts_of_a_registry_are_named(change, problem):
    assert problems(**external(**change)) == [problem]
