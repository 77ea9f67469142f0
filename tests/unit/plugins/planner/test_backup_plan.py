"""What a backup saves, what it stops for that, and what a restore brings back."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.request import Backup, Saved
from sites import acts, of_phase

from tests.support.problems import told

REDIS, STOCK = "hello_redis-data", "shop_stock-data"
EMPTY = {"configs": [], "secrets": {}}


def plan(intent, site=None, found=None, **given):
    """A plan as plays read it, with the heads of its problems."""
    backup = Backup(folder="/b/new", at="new", source="/b/old", key="/b.key", **given)
    site = {**(site or sites.site_of_two()), "intent": intent, "backup": backup}
    made = sites.make_plan(site, found or sites.converged_site_of_two())
    return {**made, "problems": told(made["problems"])}


def dumping(**dumps):
    site = sites.site_of_two()
    site["stacks"][0]["dumps"] = dumps
    return site


def test_backup_stops_the_services_of_each_volume_and_starts_them_at_their_size():
    made = plan("backup")
    saved = of_phase(made, "save_data")
    assert {host: (each["manager"], each["stop"], each["sizes"]) for host, each in saved.items()} == {
        "w1": ("m1", [{"service": "hello_redis", "node": "node-2"}], {"hello_redis": 1}),
        "w2": ("m1", [{"service": "shop_stock", "node": "node-3"}], {"shop_stock": 1}),
    }
    assert [each["file"] for each in saved["w1"]["volumes"]] == [f"data-{REDIS}.tar.age"]
    assert of_phase(made, "save_releases")["m1"]["volumes"] == {REDIS: "hello", STOCK: "shop"}
    assert {"lock", "begin_backup", "check_services", "unlock"} <= {*made["hosts"]["m1"]}
    assert "stop hello_redis while data is copied" in acts(made, "w1")


def test_backup_with_a_dump_stops_nothing():
    made = plan("backup", dumping(**{"redis-data": "dump it"}))
    saved = of_phase(made, "save_data")["w1"]
    assert (saved["stop"], saved["sizes"]) == ([], {})
    assert [(each["dump"], each["service"]) for each in saved["volumes"]] == [("dump it", "hello_redis")]
    assert "check_services" in made["hosts"]["m1"]
    assert (
        "check_services" not in plan("backup", {**dumping(**{"redis-data": "x"}), "chosen": ["hello"]})["hosts"]["m1"]
    )


def test_backup_starts_what_one_that_was_killed_has_left_stopped():
    found = sites.converged_site_of_two()
    redis = found["m1"]["observation"]["stacks"]["hello"]["services"]["redis"]
    redis.update(size=0, tasks=[], spec={"Mode": {"Replicated": {"Replicas": 0}}})
    assert of_phase(plan("backup", found=found), "save_data")["w1"]["sizes"] == {"hello_redis": 1}


def test_service_that_was_left_stopped_is_copied_as_it_cannot_dump():
    found = sites.converged_site_of_two()
    redis = found["m1"]["observation"]["stacks"]["hello"]["services"]["redis"]
    redis.update(size=0, tasks=[], spec={"Mode": {"Replicated": {"Replicas": 0}}})
    saved = of_phase(plan("backup", dumping(**{"redis-data": "dump it"}), found), "save_data")["w1"]
    assert (saved["volumes"][0]["dump"], saved["sizes"]) == ("", {"hello_redis": 1})


@pytest.mark.parametrize("chosen", [[], ["hello"]])
def test_volume_that_stacks_share_is_saved_once_while_all_their_services_are_stopped(chosen):
    site, found = sites.site_of_two(), sites.converged_site_of_two()
    records = [found["m1"]["observation"]["stacks"][name]["record"] for name in ("hello", "shop")]
    for texts, key in ((site["stacks"], "text"), (records, "file")):
        for each, volume in zip(texts, (REDIS, STOCK), strict=True):
            each[key] = each[key].replace(volume, "shared")
    for node in found["m1"]["observation"]["nodes"]:
        node["labels"] = {"flotilla.volume.shared": "true"} if node["id"] == "node-2" else {}
    found["w1"]["observation"]["volumes"] = {"hello": {"shared": True}, "shop": {"shared": True}}
    (saved,) = of_phase(plan("backup", {**site, "chosen": chosen}, found), "save_data").values()
    assert [each["volume"] for each in saved["volumes"]] == ["shared"]
    assert saved["sizes"] == {"hello_redis": 1, "shop_stock": 1}


def test_backup_is_of_the_chosen_stacks():
    made = plan("backup", {**sites.site_of_two(), "chosen": ["shop"]})
    assert [*of_phase(made, "save_data")] == ["w2"]
    assert [*of_phase(made, "save_releases")["m1"]["secrets"]] == ["shop"]


def test_volume_with_nothing_in_it_is_told_and_left_out():
    found = sites.converged_site_of_two()
    found["w2"]["observation"]["volumes"] = {}
    made = plan("backup", found=found)
    assert [*of_phase(made, "save_data")] == ["w1"]
    assert any(STOCK in note for note in made["notes"])


def test_new_key_is_told():
    assert any("/b.key" in change for change in acts(plan("backup", makes_key=True), "m1"))
    assert not any("/b.key" in change for change in acts(plan("backup"), "m1"))


def saved(*stacks, volumes=None):
    return Saved(at="old", stacks=dict.fromkeys(stacks, EMPTY), volumes=volumes or {REDIS: "hello", STOCK: "shop"})


def test_restore_replaces_the_data_of_every_volume_that_the_backup_has():
    made = plan("restore", saved=saved("hello", "shop"))
    assert {host: each["volumes"] for host, each in of_phase(made, "copy_data").items()} == {
        "w1": [{"source": f"/b/old/data-{REDIS}.tar.age", "stack": "hello", "volume": REDIS}],
        "w2": [{"source": f"/b/old/data-{STOCK}.tar.age", "stack": "shop", "volume": STOCK}],
    }
    assert of_phase(made, "stop_data")["m1"]["services"] == [
        {"service": "hello_redis", "node": "node-2"},
        {"service": "shop_stock", "node": "node-3"},
    ]
    assert {host: each["volumes"] for host, each in of_phase(made, "load_data").items()} == {
        "w1": [REDIS],
        "w2": [STOCK],
    }
    assert [each["stack"] for each in of_phase(made, "load_releases")["m1"]["stacks"]] == ["hello", "shop"]


def test_restore_lets_a_builder_forget_what_it_made_so_that_the_backups_image_is_not_one_that_was_replaced():
    found, image = sites.converged_site_of_two(), sites.site_of_two()["images"][0]["reference"]
    names = [image, f"{image.rsplit(':', 1)[0]}@sha256:d"]
    found["m1"]["observation"]["local_images"] = [{"id": "made", "names": names, "used": True}]
    made = plan("restore", found=found, saved=saved("hello", "shop"))
    assert of_phase(made, "forget_images") == {"m1": {"references": [image]}}
    assert [*made["hosts"]["m1"]].index("forget_images") < [*made["hosts"]["m1"]].index("load_images")


def test_restore_of_one_stack_leaves_the_others():
    made = plan("restore", {**sites.site_of_two(), "chosen": ["shop"]}, saved=saved("hello", "shop"))
    assert [*of_phase(made, "copy_data")] == ["w2"]
    assert [each["stack"] for each in of_phase(made, "load_releases")["m1"]["stacks"]] == ["shop"]


def test_restore_leaves_out_what_the_site_does_not_have_and_says_so():
    volumes = {REDIS: "hello", "hello_old": "hello", "other_data": "other"}
    made = plan("restore", saved=saved("hello", "other", volumes=volumes))
    assert [*of_phase(made, "copy_data")] == ["w1"]
    assert any("stack other" in note for note in made["notes"])
    assert any("hello_old" in note for note in made["notes"])


@pytest.mark.parametrize(("chosen", "stacks"), [([], ["other"]), (["shop"], ["hello"]), (["hello", "shop"], ["hello"])])
def test_restore_of_what_the_backup_does_not_have_is_refused(chosen, stacks):
    made = plan("restore", {**sites.site_of_two(), "chosen": chosen}, saved=saved(*stacks))
    assert made["problems"] == ["backup-other-stack: backup_from"]


def test_restore_goes_on_where_the_data_is_gone_that_it_brings():
    found = sites.converged_site_of_two()
    found["w1"]["observation"]["volumes"] = {}
    assert plan("restore", found=found, saved=saved("hello", "shop"))["problems"] == []
    without = saved("hello", "shop", volumes={STOCK: "shop"})
    assert plan("restore", found=found, saved=without)["problems"] == ["data-lost: hello, w1"]


def test_restore_first_asks_what_its_deploy_would_change_of_a_stack_that_runs_already():
    found = sites.converged_site_of_two()
    found["m1"]["observation"]["stacks"]["shop"].update(record=None, releases=[])
    made = plan("restore", found=found, saved=saved("hello", "shop"))
    assert (made["hosts"], [*made["rehearse"]["m1"]]) == ({}, ["shop"])


def away(name):
    found = sites.converged_site_of_two()
    found[name] = {"desired": found[name]["desired"], "unreachable": "no route to host"}
    return found


@pytest.mark.parametrize(
    ("name", "problem"),
    [("m1", "swarm-without-manager: m1"), ("w1", "backup-impossible")],
    ids=["manager", "data"],
)
def test_backup_without_a_host_that_it_needs_is_refused(name, problem):
    assert plan("backup", found=away(name))["problems"] == [problem]


def test_backup_without_the_registrys_host_is_refused():
    site = {**sites.site_of_two(), "registry_host": "w2", "chosen": ["hello"]}
    assert plan("backup", site, away("w2"))["problems"] == ["backup-impossible: w2"]


def test_backup_of_stacks_that_do_not_run_is_refused():
    assert plan("backup", sites.site(), sites.set_up_site())["problems"] == ["backup-impossible"]
    found = sites.converged_site_of_two()
    found["m1"]["observation"]["stacks"]["shop"]["services"] = {}
    assert plan("backup", found=found)["problems"] == []
    assert plan("backup", {**sites.site_of_two(), "chosen": ["shop"]}, found)["problems"] == ["backup-impossible"]


def test_worker_that_claims_to_be_a_manager_is_not_asked():
    found = sites.converged_site_of_two()
    found["w1"]["observation"]["stacks"] = found["m1"]["observation"]["stacks"]
    found["w1"]["observation"]["nodes"] = found["m1"]["observation"]["nodes"]
    hosts = {name: found[name] for name in ("w1", "w2", "m1")}
    assert [*of_phase(plan("backup", found=hosts), "save_releases")] == ["m1"]
