"""Members come, change their place and go: every step keeps a majority, or the plan refuses."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.swarm import labels
from hypothesis import given, settings
from hypothesis import strategies as st
from swarm_model import Model

from tests.support.problems import told

NAMES = [f"h{number}" for number in range(1, 7)]
LABELS = st.dictionaries(st.sampled_from(["zone", "disk"]), st.sampled_from(["a", "b", True]))
PINNED = ["flotilla.volume.hello_redis-data"]


def site(managers, workers=(), retire=(), **changes):
    return {**sites.site(managers, workers, retire), "volumes": [], **changes}


def swarm(managers, workers=()):
    """A living swarm of hosts."""
    model = Model()
    for role, names in (("manager", managers), ("worker", workers)):
        for name in names:
            model.add_host(name, role)
    return model


def texts(decision):
    return [f"{step.host}: {step.text}" for step in decision.steps]


def kinds(decision):
    return [(step.kind, step.host) for step in decision.steps]


def carry_out(model, desired_site, desired=None):
    """Carry a plan out, and expect that nothing is left to do."""
    decision = model.decide(desired_site, desired or {})
    assert decision.problems == ()
    model.carry_out(decision)
    again = model.decide(desired_site, desired or {})
    assert (again.problems, again.steps) == ((), ())
    return decision


@st.composite
def worlds(draw):
    """Any swarm, and any inventory that wants something of its hosts."""
    model = Model()
    for name in NAMES[: draw(st.integers(1, 6))]:
        model.add_host(
            name,
            draw(st.sampled_from([None, "manager", "manager", "worker"])),
            up=draw(st.sampled_from([True, True, True, False])),
            alive=draw(st.sampled_from([True, True, True, False])),
            availability=draw(st.sampled_from(["active", "drain"])),
            labels=draw(st.sampled_from([{}, {"own": "x"}, {"zone": "a", labels.RECORD: "zone"}])),
        )
    for name in draw(st.lists(st.sampled_from([*NAMES, "gone"]), max_size=2)):
        address = draw(st.sampled_from(["10.0.9.9", *(host["address"] for host in model.hosts.values())]))
        model.add_entry(name, draw(st.sampled_from(["manager", "worker"])), address)
    for name in draw(st.sets(st.sampled_from(sorted(model.hosts)), max_size=2)):
        model.wipe(name)
    if not any(host["node"] for host in model.hosts.values()):
        model.nodes.clear()  # Nobody is left who tells of that swarm.
    places = {name: draw(st.sampled_from(["managers", "managers", "workers", "retire"])) for name in model.hosts}
    groups = {
        group: [name for name in model.hosts if places[name] == group] for group in ("managers", "workers", "retire")
    }
    groups["managers"] = groups["managers"] or [
        groups["workers"].pop() if groups["workers"] else groups["retire"].pop()
    ]
    desired = {
        name: {"node_labels": draw(LABELS), "availability": draw(st.sampled_from(["active", "drain", "pause"]))}
        for name in model.hosts
    }
    named = draw(st.sampled_from([[], ["gone"]]))
    return model, site(**groups, remove_dead=named), desired


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_any_swarm_becomes_any_inventory_with_a_majority_at_every_step_or_is_refused(world):
    model, desired_site, desired = world
    had_quorum = model.has_quorum()
    decision = model.decide(desired_site, desired)
    if decision.problems:
        return
    assert had_quorum or not model.nodes
    model.carry_out(decision)
    again = model.decide(desired_site, desired)
    assert (again.problems, again.steps) == ((), ())
    for name, host in model.hosts.items():
        if not host["up"]:
            continue
        entries = [node for node in model.nodes.values() if node["address"] == host["address"]]
        if name in desired_site["retire"]:
            assert (host["node"], entries) == ("", [])
            continue
        (node,) = entries
        assert node["id"] == host["node"]
        assert node["role"] == ("manager" if name in desired_site["managers"] else "worker")
        assert node["availability"] == desired[name]["availability"]
        own = {label: labels.text_of(value) for label, value in desired[name]["node_labels"].items()}
        assert own.items() <= node["labels"].items()
        assert node["labels"].get("zone") == own.get("zone")
    if desired_site["remove_dead"]:
        assert "gone" not in [node["hostname"] for node in model.nodes.values()]


@settings(max_examples=400, deadline=None)
@given(worlds(), st.dictionaries(st.integers(0, 9), st.sampled_from(NAMES), max_size=2))
def test_no_step_takes_the_majority_where_hosts_die_meanwhile(world, deaths):
    model, desired_site, desired = world
    decision = model.decide(desired_site, desired)
    if not decision.problems and model.nodes:
        model.carry_out_while_hosts_die(decision, deaths)


@settings(deadline=None)
@given(worlds())
def test_refusal_is_only_for_what_cannot_be(world):
    """With every host alive and none wiped, any inventory is reached."""
    model, desired_site, desired = world
    for ident in [ident for ident in model.nodes if not any(host["node"] == ident for host in model.hosts.values())]:
        del model.nodes[ident]
    for host in model.hosts.values():
        host.update(up=True, alive=True)
    model.refresh()
    decision = model.decide(desired_site, desired)
    assert model.has_quorum() or not model.nodes or decision.problems
    if model.has_quorum() or not model.nodes:
        assert decision.problems == ()


def test_managers_and_workers_change_places_without_a_gap():
    model = swarm(["h1", "h2", "h3"], ["h4", "h5"])
    decision = carry_out(model, site(["h1", "h4", "h5"], ["h2", "h3"]))
    assert kinds(decision) == [("promote", "h4"), ("promote", "h5"), ("demote", "h2"), ("demote", "h3")]


def test_only_manager_hands_over_to_its_successor():
    model = swarm(["h1"], ["h2"])
    decision = carry_out(model, site(["h2"], ["h1"]))
    assert kinds(decision) == [("promote", "h2"), ("demote", "h1")]
    assert (decision.join_manager, decision.deploy_manager) == ("h1", "h2")


def test_swarm_moves_to_other_hosts_altogether():
    model = swarm(["h1"])
    model.add_host("h2")
    model.add_host("h3")
    decision = carry_out(model, site(["h2"], ["h3"], ["h1"]))
    assert texts(decision)[:3] == [
        "h2: join as manager through h1",
        "h3: join as worker through h2",
        "h1: drain it, and see its tasks run elsewhere",
    ]


def test_two_of_three_managers_retire_one_after_the_other():
    decision = carry_out(swarm(["h1", "h2", "h3"]), site(["h1"], [], ["h2", "h3"]))
    out = ["drain", "demote", "leave", "remove"]
    assert kinds(decision) == [*((kind, "h2") for kind in out), *((kind, "h3") for kind in out)]


def test_host_in_removed_that_has_left_has_nothing_to_do():
    model = swarm(["h1"])
    model.add_host("h2")
    assert model.decide(site(["h1"], [], ["h2"]), {}).steps == ()


def test_impossible_demotion_is_refused_with_the_arithmetic():
    model = swarm(["h1", "h2", "h3"])
    model.hosts["h3"].update(alive=False, up=False)
    model.refresh()
    (problem,) = model.decide(site(["h1", "h3"], ["h2"]), {}).problems
    assert told([problem]) == ["majority-at-risk"]
    assert "1 of 2" in problem.found


def test_dead_manager_named_makes_the_same_demotion_possible():
    model = swarm(["h1", "h2"])
    model.add_entry("gone", "manager")
    decision = carry_out(model, site(["h1"], ["h2"], remove_dead=["gone"]))
    assert kinds(decision) == [("demote", "h1"), ("demote", "h2"), ("remove", "h1")]


def test_lost_quorum_is_refused_with_the_arithmetic():
    model = swarm(["h1", "h2", "h3"])
    for name in ("h2", "h3"):
        model.hosts[name].update(alive=False, up=False)
    model.refresh()
    (problem,) = model.decide(site(["h1", "h2", "h3"]), {}).problems
    assert told([problem]) == ["swarm-without-quorum: h1, h2, h3"]
    assert "1 of 3" in problem.found


def test_swarm_whose_managers_to_be_are_all_away_is_refused():
    model = swarm(["h1", "h2", "h3"])
    model.hosts["h3"]["up"] = False
    assert told(model.decide(site(["h3"], ["h1"], ["h2"]), {}).problems) == ["managers-unreachable: h3"]


def test_first_manager_of_the_list_is_not_needed():
    model = swarm(["h1", "h2", "h3"], ["h4"])
    model.hosts["h1"].update(alive=False, up=False)
    model.refresh()
    decision = model.decide(site(["h1", "h2", "h3"], ["h4"]), {})
    assert (decision.join_manager, decision.deploy_manager, decision.steps, decision.problems) == ("h2", "h2", (), ())


@pytest.mark.parametrize("name", ["h1", "h2"])
def test_no_swarm_begins_while_a_host_that_may_be_in_one_is_away(name):
    model = Model()
    for host in ("h1", "h2"):
        model.add_host(host, up=host != name)
    assert told(model.decide(site(["h1"], ["h2"]), {}).problems) == [f"swarm-unknown: {name}"]


def test_wiped_manager_gets_its_place_and_labels_back():
    model = swarm(["h1", "h2", "h3"])
    node = model.nodes[model.hosts["h2"]["node"]]
    node["labels"] = {"own": "x", "zone": "old", "flotilla.volume.hello_redis-data": "true", labels.RECORD: "zone"}
    model.wipe("h2")
    decision = carry_out(model, site(["h1", "h2", "h3"], volumes=PINNED), {"h2": {"node_labels": {"zone": "new"}}})
    assert kinds(decision)[:2] == [("demote", "h1"), ("join", "h2")]
    assert kinds(decision)[-1] == ("remove", "h1")
    assert model.nodes[model.hosts["h2"]["node"]]["labels"] == {
        "own": "x",
        "zone": "new",
        "flotilla.volume.hello_redis-data": "true",
        labels.RECORD: "zone",
    }


def test_labels_set_since_a_host_came_back_are_newer_than_those_of_its_old_entry():
    model = swarm(["h1"], ["h2"])
    model.nodes["node-2"]["labels"] = {"own": "new"}
    model.add_entry("h2", "worker", model.hosts["h2"]["address"], labels={"own": "old", "more": "x"})
    decision = carry_out(model, site(["h1"], ["h2"]))
    assert kinds(decision) == [("configure", "h2"), ("remove", "h1")]
    assert model.nodes["node-2"]["labels"] == {"own": "new", "more": "x"}


def test_data_that_was_moved_does_not_come_back_with_its_former_host():
    model = swarm(["h1"], ["h2", "h3"])
    model.nodes["node-2"]["labels"] = dict.fromkeys(PINNED, "true")
    model.nodes["node-3"]["labels"] = dict.fromkeys(PINNED, "true")
    model.wipe("h2")
    carry_out(model, site(["h1"], ["h2", "h3"], volumes=PINNED))
    assert model.nodes[model.hosts["h2"]["node"]]["labels"] == {}


def test_entry_of_an_unreachable_host_is_not_taken_for_its_namesake():
    model = swarm(["h1"], ["h2"])
    model.hosts["h2"].update(alive=False, up=False)
    model.add_host("h3")
    model.nodes[model.hosts["h2"]["node"]]["hostname"] = "h3"
    model.refresh()
    assert kinds(model.decide(site(["h1"], ["h2", "h3"]), {})) == [("join", "h3")]


def test_dead_entry_stays_until_it_is_named():
    model = swarm(["h1"])
    model.add_entry("gone", "worker")
    assert model.decide(site(["h1"]), {}).steps == ()
    assert carry_out(model, site(["h1"], remove_dead=["gone"])).steps
    assert len(model.nodes) == 1
    (warning,) = model.decide(site(["h1"], remove_dead=["gone"]), {}).warnings
    assert warning == "swarm_remove_dead names gone, but no dead node is called so; there is nothing to remove"


def test_living_node_is_not_removed_as_dead():
    model = swarm(["h1"], ["h2", "h3"])
    del model.hosts["h3"]
    model.nodes["node-3"]["state"] = "ready"
    problems = model.decide(site(["h1"], ["h2"], remove_dead=["h3"]), {}).problems
    assert told(problems) == ["dead-node-alive: swarm_remove_dead"]


def test_member_is_not_removed_as_dead():
    model = swarm(["h1"], ["h2"])
    model.hosts["h2"].update(alive=False, up=False)
    model.refresh()
    problems = model.decide(site(["h1"], ["h2"], remove_dead=["h2"]), {}).problems
    assert told(problems) == ["dead-node-is-host: swarm_remove_dead"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"retire": ["h2"], "workers": ["h3"]}, "it is in group retire"),
        ({"desired": {"h2": {"availability": "drain"}}}, "swarm_availability is drain"),
    ],
)
def test_host_with_the_data_stays_until_the_data_is_moved(change, reason):
    model = swarm(["h1"], ["h2", "h3"])
    model.nodes["node-2"]["labels"] = {"flotilla.volume.hello_redis-data": "true"}
    groups = {"managers": ["h1"], "workers": ["h2", "h3"], "retire": []} | change
    desired = groups.pop("desired", {})
    (problem,) = model.decide(site(**groups, volumes=PINNED), desired).problems
    assert told([problem]) == ["node-has-data: h2"]
    assert problem.found.endswith(reason)


def test_dead_node_with_the_data_stays_until_the_label_is_moved():
    model = swarm(["h1"])
    model.add_entry("gone", "worker", labels={"flotilla.volume.hello_redis-data": "true"})
    problems = model.decide(site(["h1"], remove_dead=["gone"], volumes=PINNED), {}).problems
    assert told(problems) == ["node-has-data: gone"]


def test_labels_and_availability_follow_the_inventory_and_foreign_labels_stay():
    model = swarm(["h1"], ["h2"])
    node = model.nodes["node-2"]
    node["labels"] = {"foreign": "x"}
    carry_out(model, site(["h1"], ["h2"]), {"h2": {"node_labels": {"zone": "a", "ssd": True}}})
    assert node["labels"] == {"foreign": "x", "zone": "a", "ssd": "true", labels.RECORD: "ssd,zone"}
    decision = carry_out(model, site(["h1"], ["h2"]), {"h2": {"node_labels": {"zone": "b"}, "availability": "drain"}})
    assert texts(decision) == [
        "h2: set label zone=b",
        "h2: remove label ssd",
        "h2: set availability drain (found active)",
    ]
    carry_out(model, site(["h1"], ["h2"]))
    assert (node["labels"], node["availability"]) == ({"foreign": "x"}, "active")


@pytest.mark.parametrize("given", [{"flotilla.x": "a"}, {"a,b": "a"}, {"a": ""}, {"a": None}])
def test_bad_labels_are_named(given):
    problems = swarm(["h1"]).decide(site(["h1"]), {"h1": {"node_labels": given}}).problems
    assert told(problems) == ["setting-invalid: swarm_node_labels, h1"]


def test_even_number_of_managers_is_warned_of_with_the_arithmetic():
    (warning,) = swarm(["h1", "h2"]).decide(site(["h1", "h2"]), {}).warnings
    assert warning.startswith("2 managers stand the loss of 0, as 1 would, since a majority of 2 is 2; 3 would stand")
    assert swarm(["h1", "h2", "h3"]).decide(site(["h1", "h2", "h3"]), {}).warnings == ()
