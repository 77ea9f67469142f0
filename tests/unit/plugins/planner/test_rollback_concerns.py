"""A rollback is refused for what concerns it alone: the rest is told in notes."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.intents import BESIDE
from sites import acts, deploy, make_plan, of_phase
from test_rolling import OLD

from tests.support.problems import told

NOTE = BESIDE.format("")
BROKEN = {
    "code": "stack-file-invalid",
    "where": ".files",
    "found": "no YAML",
    "expected": "YAML",
    "fix": "Correct it",
    "hosts": [],
}


def two_releases():
    """A site of two stacks, of which hello has an earlier release, with another port."""
    found = sites.converged_site_of_two()
    hello = found["m1"]["observation"]["stacks"]["hello"]
    earlier = hello["record"]["file"].replace("4000", "4009")
    hello["releases"] = [sites.release(1, earlier), sites.release(2, hello["record"]["file"])]
    return found


def back(found, shop=None, hello=None, **changes):
    site = {**sites.site_of_two(), "intent": "rollback", "chosen": ["hello"], **changes}
    for stack, given in zip(site["stacks"], (hello, shop), strict=True):
        stack.update(given or {})
    return make_plan(site, found)


def goes_back(made):
    assert told(made["problems"]) == []
    assert deploy(made)["release"]["rollback_to"] == 1
    return [note for note in made["notes"] if note.startswith(NOTE)]


def not_deployed(found):
    found["m1"]["observation"]["stacks"]["shop"] = {}
    found["m1"]["observation"]["nodes"][2]["labels"] = {}


def lose_data(found):
    found["w2"]["observation"]["volumes"] = {}


def relabel(found):
    found["m1"]["observation"]["nodes"][2]["labels"] = {}


def take_port(found):
    found["m1"]["observation"]["published"] = sites.published("4001/tcp", stack="old", service="old_web")


def leave_swarm(found):
    found["w2"]["observation"]["swarm"]["node_id"] = "node-9"


@pytest.mark.parametrize(
    ("change", "notes"),
    [
        (not_deployed, 0),
        (lose_data, 1),
        (relabel, 0),
        (take_port, 0),
        (leave_swarm, 1),
    ],
)
def test_what_is_wrong_with_the_rest_of_the_site_refuses_no_rollback(change, notes):
    found = two_releases()
    change(found)
    assert len(goes_back(back(found))) == notes


@pytest.mark.parametrize(
    "shop",
    [
        {"text": "services: {}\n", "problems": [BROKEN]},
        {"text": sites.SHOP_TEXT + "x-who: ${WHO}\n"},
        {"text": sites.SHOP_TEXT.replace("4001", "4009")},
        {"text": sites.SHOP_TEXT + "secrets: {key: {external: true}}\n"},
        {"text": sites.SHOP_TEXT.replace("stock-data == true", "stock-data == true, node.labels.x == y")},
    ],
    ids=["broken", "variable", "port", "secret", "label"],
)
def test_edit_of_another_stack_refuses_no_rollback_and_is_left_alone(shop):
    found = two_releases()
    made = back(found, shop=shop)
    goes_back(made)
    (checks,) = of_phase(made, "check_services").values()
    assert [each["stack"] for each in checks["checks"]] == ["hello", "shop"]
    assert {name: page["port"] for name, page in of_phase(made, "check_page")["w1"]["pages"].items()} == {
        "hello": 4009,
        "shop": 4001,
    }
    assert of_phase(made, "clean_up") == {}


def test_retirement_that_is_refused_refuses_no_rollback():
    made = back(two_releases(), workers=["w1"], retire=["w2"])
    (note,) = goes_back(made)
    assert "node-has-data" in note


def test_label_that_is_none_refuses_no_rollback():
    found = two_releases()
    found["w1"]["desired"]["swarm"]["node_labels"] = {"flotilla.x": "y"}
    assert len(goes_back(back(found))) == 1


def test_others_may_need_more_than_there_is():
    reserving = "deploy: {resources: {reservations: {cpus: '7'}}}"
    found = two_releases()
    shop = found["m1"]["observation"]["stacks"]["shop"]["record"]
    shop["file"] = shop["file"].replace("  stock:\n", f"    {reserving}\n  stock:\n")
    goes_back(back(found))


@pytest.mark.parametrize("name", ["hello", "shop"])
def test_data_of_the_release_must_be_placed(name):
    found = two_releases()
    node = {"hello": 1, "shop": 2}[name]
    found["m1"]["observation"]["nodes"][node]["labels"] = {}
    expected = ["site-not-set-up: playbooks/rollback.yml"] if name == "hello" else []
    assert told(back(found)["problems"]) == expected


def test_data_of_the_release_must_be_there():
    found = two_releases()
    found["w1"]["observation"]["volumes"] = {}
    assert told(back(found)["problems"]) == ["data-lost: hello, w1"]


def test_swarm_must_answer_and_be_one():
    found = two_releases()
    found["m1"]["observation"]["nodes"] = None
    assert "swarm-without-quorum: m1" in told(back(found)["problems"])
    found = two_releases()
    found["w1"]["observation"]["swarm"]["cluster_id"] = "cluster-2"
    assert "swarm-several: m1, w1" in told(back(found)["problems"])


def test_port_that_a_stranger_took_from_the_release_is_told():
    found = two_releases()
    found["m1"]["observation"]["published"] = sites.published("4009/tcp", stack="old", service="old_web")
    assert told(back(found)["problems"]) == ["port-in-use: 4009"]
    shop = found["m1"]["observation"]["stacks"]["shop"]["record"]
    shop["file"] = shop["file"].replace("4001", "4009")
    assert "port-published-twice: 4009" in told(back(found)["problems"])


def test_stack_whose_own_files_are_broken_goes_back():
    found = two_releases()
    hello = found["m1"]["observation"]["stacks"]["hello"]
    secrets = "secrets: {redis_password: {external: true, name: hello_redis_password_1}}\n"
    hello["releases"] = [dict(each, file=each["file"] + secrets) for each in hello["releases"]]
    hello["record"]["file"] += secrets
    broken = back(found, hello={"text": "services: {}\n", "problems": [BROKEN]})
    goes_back(broken)
    whole = sites.STACK_TEXT + "secrets: {redis_password: {external: true, name: '${REDIS_PASSWORD_SECRET}'}}\n"
    same = back(found, hello={"text": whole})
    goes_back(same)
    # What is held until the inventory changes is the same, so it does not come back once the files are corrected.
    assert deploy(broken)["release"] == deploy(same)["release"]
    assert not any("deploys that" in note for note in broken["notes"])


def test_deploy_of_a_stack_needs_no_place_for_the_data_of_another():
    found = two_releases()
    not_deployed(found)
    site = {**sites.site_of_two(), "intent": "deploy", "chosen": ["hello"]}
    site["stacks"][0]["text"] += "networks: {}\n"
    made = make_plan(site, found)
    assert told(made["problems"]) == []
    assert acts(made, "m1") == ["apply the changed stack file"] or acts(made, "m1") == [
        "hello: apply the changed stack file"
    ]


def test_engines_that_wait_for_a_restart_in_batches_of_no_size_refuse_no_rollback():
    found = two_releases()
    for host in found.values():
        host["observation"]["files"].update(OLD["files"])
    goes_back(back(found, batch_size="soon"))
