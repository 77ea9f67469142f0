"""What a backup holds of the swarm, and what of that a restore brings back."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import SecretObject
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup import record
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import secrets

SECRETS = {"hello_redis_password_1": SecretObject(name="redis_password", salt="", created="1")}


def config(name, stack="hello", **labels):
    return {
        "CreatedAt": f"{name}-created-then",
        "Spec": {"Name": name, "Labels": {"flotilla.stack": stack, **labels}, "Data": "e30="},
    }


def written(configs, **stacks):
    """The record of some stacks as a restore reads it."""
    return record.record(configs, stacks, {"hello_redis-data": "hello"})


@pytest.fixture
def saved():
    configs = [
        config("flotilla_hello.release_v10", ansible_version="10"),
        config("flotilla_hello.release_v9", ansible_version="9"),
        config("hello_motd_1", **{"flotilla.config": "motd"}),
    ]
    for each, at in zip(configs, ("2026-02-02T00:00:00.5Z", "2026-01-01T00:00:00.5Z", "2025"), strict=True):
        each["CreatedAt"] = at
    return written(configs, hello=SECRETS)["stacks"]["hello"]


def observed(*releases, secrets=(), configs=()):
    found = [sites.release(number, "file", at=at) for number, at in releases]
    return sites.stack({"releases": found, "secret_names": list(secrets), "configs": list(configs)})


def missing(saved, observed, **values):
    """What a swarm lacks of a backup; the inventory has these secrets, some with a value."""
    return record.missing(saved, observed, "hello", [*values], {name: value for name, value in values.items() if value})


def names(configs):
    return [config["name"] for config in configs]


def test_record_is_in_order_and_tells_when_releases_were(saved):
    assert [(each["name"], each["labels"].get("flotilla.at")) for each in saved["configs"]] == [
        ("hello_motd_1", None),
        ("flotilla_hello.release_v9", "2026-01-01T00:00:00Z"),
        ("flotilla_hello.release_v10", "2026-02-02T00:00:00Z"),
    ]
    assert saved["secrets"] == {"hello_redis_password_1": {"name": "redis_password", "salt": ""}}


def test_site_that_began_empty_gets_releases_and_objects_back(saved):
    found = missing(saved, observed((1, "now"), secrets=["hello_redis_password_2"]), redis_password="")
    assert found.remove == ("flotilla_hello.release_v1",)
    assert names(found.configs) == ["hello_motd_1", "flotilla_hello.release_v9", "flotilla_hello.release_v10"]
    assert found.secrets == (secrets.NewSecret(name="redis_password", object="hello_redis_password_1", salt=""),)


@pytest.mark.parametrize(
    "releases",
    [[(10, "2026-02-02T00:00:00Z")], [(9, "2026-01-01T00:00:00Z"), (12, "later")], [(30, "much later")]],
    ids=["same", "went on", "went on for long"],
)
def test_site_that_went_on_keeps_its_releases(saved, releases):
    now = observed(*releases, secrets=["hello_redis_password_1"], configs=["hello_motd_1"])
    assert missing(saved, now) == record.Missing(remove=(), configs=(), secrets=())


@pytest.mark.parametrize(
    ("releases", "left"),
    [
        ([], ["flotilla_hello.release_v9", "flotilla_hello.release_v10"]),
        ([(9, "2026-01-01T00:00:00Z")], ["flotilla_hello.release_v10"]),
    ],
)
def test_restore_that_was_cut_short_is_picked_up(saved, releases, left):
    found = missing(saved, observed(*releases, configs=["hello_motd_1"]))
    assert (found.remove, names(found.configs)) == ((), left)


@pytest.mark.parametrize(("value", "count"), [("right", 1), ("wrong", 0), ("", 0)])
def test_given_secret_comes_back_only_with_its_value(saved, value, count):
    key = f"hello_key_{secrets._slow_digest('right', 'salt')[: secrets.DIGITS]}"
    saved["secrets"] = {key: {"name": "key", "salt": "salt"}}
    assert len(missing(saved, observed((1, "now")), key=value).secrets) == count


def test_record_has_the_stacks_that_are_saved_and_no_others():
    configs = [config("hello_motd_1"), config("shop_sign_1", "shop"), config("other_1", "other")]
    saved = written(configs, hello=SECRETS, shop={})
    assert {stack: names(each["configs"]) for stack, each in saved["stacks"].items()} == {
        "hello": ["hello_motd_1"],
        "shop": ["shop_sign_1"],
    }
    assert saved["volumes"] == {"hello_redis-data": "hello"}
