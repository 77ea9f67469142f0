"""What a backup holds, and what a restore brings back."""

import json

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import SecretObject
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import backup, secrets

from tests.support.problems import refused


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
    return backup.record(
        configs, "hello", {"hello_redis_password_1": SecretObject(name="redis_password", salt="", created="1")}, {}
    )


def observed(*releases, secrets=(), configs=()):
    found = [sites.release(number, "file", at=at) for number, at in releases]
    return sites.stack({"releases": found, "secret_names": list(secrets), "configs": list(configs)})


def missing(saved, observed, **values):
    """What a swarm lacks of a backup; the inventory has these secrets, some with a value."""
    return backup.missing(saved, observed, "hello", [*values], {name: value for name, value in values.items() if value})


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
    assert missing(saved, now) == backup.Missing(remove=(), configs=(), secrets=())


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


FILES = ["releases.json", "redis.rdb", "registry.tar"]


def objects_of(saved):
    return {key: SecretObject(**entry, created="1") for key, entry in saved["secrets"].items()}


@pytest.fixture
def folder(saved, tmp_path):
    (tmp_path / "redis.rdb").write_bytes(b"REDIS0012")
    (tmp_path / "registry.tar").write_bytes(b"images")
    content = [{"CreatedAt": "then", "Spec": {"Name": "hello_motd_1", "Labels": {}, "Data": "e30="}}]
    written = backup.record(content, "hello", objects_of(saved), backup.sums(tmp_path))
    (tmp_path / "releases.json").write_text(json.dumps(written, indent=4))
    return tmp_path


def refuse(folder, code="backup-damaged", files=FILES, name="hello"):
    """Expect that a folder is refused; return what was found there."""
    with refused(f"{code}: backup_from") as problems:
        backup.read(str(folder), files, name)
    return problems[0].found


def test_whole_backup_is_read(folder):
    assert names(backup.read(str(folder), FILES, "hello")["configs"]) == ["hello_motd_1"]


def test_backup_without_images_is_whole_where_none_are_needed(folder):
    (folder / "registry.tar").unlink()
    assert backup.read(str(folder), FILES[:2], "hello")
    assert "registry.tar" in refuse(folder)


def test_every_file_that_is_not_what_it_was_is_named(folder):
    (folder / "redis.rdb").write_bytes(b"REDIS001")
    (folder / "registry.tar").write_bytes(b"imagez")
    found = refuse(folder)
    assert all(name in found for name in ("redis.rdb", "registry.tar"))


def test_file_that_was_not_there_at_the_time_is_missing(folder):
    assert "later" in refuse(folder, files=[*FILES, "later"])
    (folder / "later").write_text("later")
    assert "later" in refuse(folder, files=[*FILES, "later"])


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: "",
        lambda text: "[]",
        lambda text: "12",
        lambda text: "\xff",
        lambda text: json.dumps({"stack": "hello", "configs": [], "secrets": {}}),
        lambda text: text.replace('"name"', '"other"'),
        lambda text: text.replace("e30=", "e31="),
    ],
    ids=["cut", "empty", "list", "number", "no text", "without sums", "other key", "other value"],
)
def test_record_that_is_not_what_was_written_is_refused(folder, damage):
    path = folder / "releases.json"
    path.write_text(damage(path.read_text()), encoding="latin-1")
    assert "releases.json" in refuse(folder)


@pytest.mark.parametrize("name", ["", "/no/such", "folder"])
def test_folder_that_is_no_backup_is_refused(tmp_path, name):
    (tmp_path / "folder").mkdir()
    refuse(name and str(tmp_path / name), "backup-missing")


def test_backup_of_another_stack_is_refused(folder):
    refuse(folder, "backup-other-stack", name="shop")


def place(registry_host="", away="", **stack):
    """The places of a converged site whose data is on w1, with one host away."""
    found = sites.converged_site()
    found["m1"]["observation"]["nodes"][1]["labels"] = {"flotilla.volume.hello_redis-data": "true"}
    found["m1"]["observation"]["stacks"]["hello"].update(stack)
    observed = {name: read_observed(name, host["observation"]) for name, host in found.items() if name != away}
    return backup.place(observed, "hello", registry_host)


def test_place():
    assert place("w2") == {"manager": "m1", "data": "w1", "registry": "w2"}
    assert place() == {"manager": "m1", "data": "w1"}


@pytest.mark.parametrize(
    ("away", "problem"),
    [("m1", "backup-impossible"), ("w1", "backup-impossible"), ("w2", "backup-impossible: w2")],
    ids=["manager", "data", "registry"],
)
def test_place_of_what_is_away(away, problem):
    with refused(problem):
        place("w2", away)


def test_place_of_a_stack_without_redis():
    with refused("backup-impossible"):
        place(services={"web": sites.service(5)})
