"""A run is planned in parts where it cannot be planned yet what comes behind one of them."""

from dataclasses import replace

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner import again
from sites import acts, phases

from tests.support.problems import told

FRAME = {"unlock", "report", "unreachable"}

GATE = ["check_services", "check_page"]


def fresh():
    """Bare hosts, whose builder cannot ask the registry before it is logged in."""
    return sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))


def without_images():
    """A converged site whose registry has none of the images."""
    found = sites.converged_site()
    found["m1"]["observation"]["images"] = dict.fromkeys(sites.REFERENCES)
    return found


def logged_out(name):
    """A converged site with a host that is not logged in, and a stack file that was changed."""
    found = sites.converged_site()
    found[name]["observation"].update(
        login="no login is stored", images=dict.fromkeys(found[name]["observation"]["images"])
    )
    return found


def changed():
    """A site whose stack file was changed."""
    site = sites.site()
    site["stacks"][0]["text"] += "networks: {}\n"
    return site


@pytest.mark.parametrize(
    ("found", "last"),
    [
        (fresh(), "observe_registry"),
        (logged_out("m1"), "observe_registry"),
        (without_images(), "observe_images"),
        (logged_out("w1"), None),
        (sites.converged_site(), None),
    ],
    ids=["fresh", "builder logged out", "without images", "worker logged out", "converged"],
)
def test_plan_ends_where_something_is_made_that_cannot_be_planned_yet(found, last):
    plan = sites.make_plan(changed(), found)
    order = [*map(str, Phase)]
    for name in plan["hosts"]:
        there = [phase for phase in phases(plan, name) if phase not in FRAME]
        assert [phase for phase in there if phase.startswith("observe_")] == [last] * bool(last)
        assert not last or there[-1] == last
        assert [order.index(phase) for phase in there] == sorted(order.index(phase) for phase in there)
    # What comes behind it is told all the same.
    assert acts(plan, "m1", "stack")
    assert ("deploy" in phases(plan, "m1")) is not bool(last)


@pytest.mark.parametrize(
    ("found", "changes_now"),
    [(fresh(), True), (without_images(), True), (sites.converged_site(), False)],
    ids=["fresh", "without images", "converged"],
)
def test_only_what_is_done_before_the_next_plan_counts_as_begun(found, changes_now):
    assert sites.plan(sites.site(), found).changes_now is changes_now


def test_changes_behind_the_next_plan_have_not_begun():
    whole = sites.plan(changed(), sites.converged_site())
    assert whole.changes_now
    cut = {name: host.only(lambda phase: phase is not Phase.DEPLOY) for name, host in whole.hosts.items()}
    assert not replace(whole, hosts=cut).changes_now


def test_builder_that_could_ask_the_registry_is_not_asked_again():
    found = sites.converged_site()
    found["m1"]["desired"]["registry_member"]["files"]["/etc/docker/certs.d/reg:5000/ca.crt"]["mode"] = "0600"
    plan = sites.make_plan(changed(), found)
    assert phases(plan, "m1") == ["lock", "log_in", "deploy", *GATE, "unlock", "report"]


def check(before, after, digest="same"):
    """What is said of the plan of a site that is planned again."""
    earlier = {"input": "same", **sites.plan(sites.site(), before).as_dict()}
    return told([*again.check(earlier, digest, sites.plan(sites.site(), after))])


def test_run_goes_on_with_what_it_has_made():
    assert check(fresh(), without_images()) == []
    assert check(without_images(), sites.converged_site()) == []
    assert check(sites.converged_site(), sites.converged_site()) == []


def test_image_that_was_built_and_is_missing_still_ends_the_run():
    found = without_images()
    found["m1"]["observation"]["images"]["reg:5000/hello:1"] = "sha256:d"
    assert check(without_images(), found) == ["image-missing"]


def test_input_that_was_edited_meanwhile_ends_the_run():
    edited = ["input-edited: an app, a Compose file or the inventory"]
    for after in (sites.converged_site(), without_images()):
        assert check(without_images(), after, digest="other") == edited


@pytest.mark.parametrize(
    ("process", "alone", "with_changes"),
    [
        ("mine", [*GATE, "unlock", "report"], ["lock", "deploy", *GATE, "unlock", "report"]),
        ("of another run", ["report"], ["lock", "deploy", *GATE, "unlock", "report"]),
        ("", ["report"], ["lock", "deploy", *GATE, "unlock", "report"]),
    ],
)
def test_lock_that_this_run_holds_is_released_though_nothing_is_left_to_do(process, alone, with_changes):
    found = sites.converged_site()
    found["m1"]["observation"]["lock"] = {"version": "7", "process": process}
    assert phases(sites.make_plan(dict(sites.site(), process="mine"), found), "m1") == alone
    plan = sites.make_plan(dict(changed(), process="mine"), found)
    assert phases(plan, "m1") == with_changes
    assert plan["hosts"]["m1"]["lock"]["found"]["version"] == "7"


def test_run_without_a_process_of_its_own_holds_no_lock():
    assert phases(sites.make_plan(sites.site(), sites.converged_site()), "m1") == ["report"]


@pytest.mark.parametrize(
    ("hosts", "is_told"),
    [(None, False), ({"m1": {"observe_swarm": {}}}, False), ({"m1": {"observe_images": {}}}, True), ({"m1": {}}, True)],
)
def test_what_an_earlier_plan_has_not_told_is_told(hosts, is_told):
    assert again.is_told({} if hosts is None else {"hosts": hosts}) is is_told
