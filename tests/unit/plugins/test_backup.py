"""What a backup holds, and what a restore brings back."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils import backup, objects


def config(name, **labels):
    return {
        "CreatedAt": f"{name}-created-then",
        "Spec": {"Name": name, "Labels": {"flotilla.stack": "hello", **labels}, "Data": "e30="},
    }


@pytest.fixture
def saved():
    configs = [
        config("flotilla_hello.release_v10", ansible_version="10"),
        config("flotilla_hello.release_v9", ansible_version="9"),
        config("hello_motd_1", **{"flotilla.config": "motd"}),
    ]
    for each, at in zip(configs, ("2026-02-02T00:00:00.5Z", "2026-01-01T00:00:00.5Z", "2025"), strict=True):
        each["CreatedAt"] = at
    return backup.record(configs, "hello", {"hello_redis_password_1": {"name": "redis_password", "salt": "", "x": 1}})


def seen(*releases, secrets=(), configs=()):
    return {
        "releases": [sites.release(number, "file", at=at) for number, at in releases],
        "secret_names": list(secrets),
        "configs": list(configs),
    }


def names(way):
    return [config["name"] for config in way["configs"]]


def test_record_is_in_order_and_knows_when_releases_were(saved):
    assert [(each["name"], each["labels"].get("flotilla.at")) for each in saved["configs"]] == [
        ("hello_motd_1", None),
        ("flotilla_hello.release_v9", "2026-01-01T00:00:00Z"),
        ("flotilla_hello.release_v10", "2026-02-02T00:00:00Z"),
    ]
    assert saved["secrets"] == {"hello_redis_password_1": {"name": "redis_password", "salt": ""}}


def test_site_that_began_anew_gets_releases_and_objects_back(saved):
    way = backup.missing(saved, seen((1, "now"), secrets=["hello_redis_password_2"]), "hello", {"redis_password": ""})
    assert way["remove"] == ["flotilla_hello.release_v1"]
    assert names(way) == ["flotilla_hello.release_v9", "flotilla_hello.release_v10", "hello_motd_1"]
    assert way["secrets"] == [{"name": "redis_password", "object": "hello_redis_password_1", "salt": ""}]


@pytest.mark.parametrize(
    "releases",
    [[(10, "2026-02-02T00:00:00Z")], [(9, "2026-01-01T00:00:00Z"), (12, "later")], [(30, "much later")]],
    ids=["same", "went on", "went on for long"],
)
def test_site_that_went_on_keeps_its_releases(saved, releases):
    now = seen(*releases, secrets=["hello_redis_password_1"], configs=["hello_motd_1"])
    assert backup.missing(saved, now, "hello", {}) == {"remove": [], "configs": [], "secrets": []}


@pytest.mark.parametrize(
    ("releases", "left"),
    [
        ([], ["flotilla_hello.release_v9", "flotilla_hello.release_v10"]),
        ([(9, "2026-01-01T00:00:00Z")], ["flotilla_hello.release_v10"]),
    ],
)
def test_restore_that_was_cut_short_is_picked_up(saved, releases, left):
    way = backup.missing(saved, seen(*releases, configs=["hello_motd_1"]), "hello", {})
    assert (way["remove"], names(way)) == ([], left)


@pytest.mark.parametrize(("value", "count"), [("right", 1), ("wrong", 0), ("", 0)])
def test_given_secret_comes_back_only_with_its_value(saved, value, count):
    key = f"hello_key_{objects._slow_digest('right', 'salt')[: objects.DIGITS]}"
    saved["secrets"] = {key: {"name": "key", "salt": "salt"}}
    assert len(backup.missing(saved, seen((1, "now")), "hello", {"key": value})["secrets"]) == count


def test_backup_of_another_stack_is_refused(saved):
    with pytest.raises(backup.BackupError, match="found a backup of stack hello, wanted is one of shop"):
        backup.missing(saved, seen(), "shop", {})


def observed():
    found = sites.settled_site()
    found["m1"]["seen"]["nodes"][1]["labels"] = {"flotilla.volume.redis": "true"}
    return found


def test_place():
    assert backup.place(observed()) == {"manager": "m1", "data": "w1"}


@pytest.mark.parametrize(("away", "message"), [("m1", "speaks for a swarm"), ("w1", "the node that has the data")])
def test_place_of_what_is_away(away, message):
    found = observed()
    found[away] = {"unreachable": True, "msg": "no route"}
    with pytest.raises(backup.BackupError, match=message):
        backup.place(found)
