"""What the registry need not keep is deleted, and nothing that anything names."""

import pytest
import sites
from sites import acts, make_plan, of_phase, phases

from tests.support.problems import told


def manifest(repository, name, tag="", layers=()):
    digest = f"sha256:{name}"
    return {"repository": repository, "digest": digest, "tags": [tag] if tag else [], "needs": [digest, *layers]}


def clean_up(manifests, blobs=None, names=(), **settings):
    """Plan for a site whose services run hello@sha256:d, as its tag 1 is."""
    found = sites.converged_site()
    needed = {need for each in manifests for need in each["needs"]}
    storage = {"manifests": manifests, "blobs": {**dict.fromkeys(needed, 1_000_000), **(blobs or {})}}
    found["m1"]["observation"].update(registry_storage=storage, image_names=["reg:5000/hello@sha256:d", *names])
    return make_plan({**sites.site(), "intent": "clean_registry", **settings}, found)


RUNS = manifest("hello", "d", "1", ["l1", "l2"])
OLD = manifest("hello", "old", "0", ["l2", "l3"])


def test_image_that_nothing_names_is_deleted_with_the_bytes_that_this_frees():
    plan = clean_up([RUNS, OLD])
    assert acts(plan, "m1") == [
        "delete image hello:0, which no release needs",
        "free 2.0 MB of 5.0 MB in the registry",
    ]
    assert of_phase(plan, "clean_registry") == {
        "m1": {"deleted": ["hello/_manifests/revisions/sha256/old", "hello/_manifests/tags/0"]}
    }
    assert phases(plan, "m1") == ["lock", "clean_registry", "unlock"]


@pytest.mark.parametrize(
    ("names", "tag"),
    [
        (["reg:5000/hello@sha256:old"], ""),
        (["reg:5000/hello:0"], "0"),
        (["reg:5000/hello:0@sha256:old"], ""),
    ],
)
def test_image_that_a_service_or_a_release_names_stays(names, tag):
    plan = clean_up([RUNS, manifest("hello", "old", tag, ["l3"])], names=names)
    assert not plan["changes"]
    assert plan["notes"] == ["the registry has nothing that no release needs; its images take 5.0 MB"]


def test_image_that_the_inventory_describes_stays_before_it_is_deployed():
    assert not clean_up([RUNS, manifest("redis", "next", "1")])["changes"]


def test_images_that_a_needed_one_consists_of_stay():
    index = manifest("hello", "all", "", ["sha256:old"])
    plan = clean_up([RUNS, index, OLD], names=["reg:5000/hello@sha256:all"])
    assert not plan["changes"]


def test_what_a_killed_run_left_is_freed():
    plan = clean_up([RUNS], {"sha256:lost": 500_000})
    assert acts(plan, "m1") == ["free 0.5 MB of 3.5 MB in the registry"]
    assert of_phase(plan, "clean_registry") == {"m1": {"deleted": []}}


def test_other_repositories_are_touched_only_by_name():
    mine, runs = manifest("mine", "mine", "1", ["l1", "l9"]), manifest("mine", "runs", "2")
    plan = clean_up([RUNS, mine, runs], names=["reg:5000/mine:2"])
    assert not plan["changes"]
    assert plan["notes"][-1].startswith(
        "the registry has 4.0 MB of mine, which is no image of this site; they are kept."
    )
    plan = clean_up([RUNS, mine, runs], names=["reg:5000/mine:2"], repositories=["mine"])
    assert acts(plan, "m1")[0] == "delete image mine:1, which no release needs"
    assert acts(plan, "m1")[1:] == ["free 2.0 MB of 6.0 MB in the registry"]
    plan = clean_up([RUNS], repositories=["yours"])
    assert told(plan["problems"]) == ["setting-invalid: repository"]


def test_nothing_is_deleted_where_images_may_be_pushed_meanwhile():
    found = sites.converged_site()
    found["m1"]["desired"]["registry_server"] = {"files": {"/etc/flotilla/ca.crt": {"text": "other", "mode": "0644"}}}
    found["m1"]["observation"]["registry_storage"] = {"manifests": [OLD], "blobs": {}}
    plan = make_plan({**sites.site(), "intent": "clean_registry"}, found)
    assert told(plan["problems"]) == ["site-not-set-up: playbooks/clean_registry.yml, m1"]


def test_external_registry_is_left_alone():
    plan = clean_up([OLD], registry_host="")
    assert told(plan["problems"]) == ["setting-conflict: registry_url"]


def test_swarm_that_cannot_be_asked_keeps_all():
    found = sites.converged_site()
    for host in found.values():
        host["observation"]["nodes"] = None
    plan = make_plan({**sites.site(), "intent": "clean_registry"}, found)
    assert told(plan["problems"]) == ["swarm-without-manager: m1"]
