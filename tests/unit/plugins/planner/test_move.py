"""A volume moves with its services: what is refused, what is done, and what a move that was cut short leaves to do."""

from dataclasses import replace

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.intent import Intent
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.plan import make_plan

DATA, WEB = "hello_redis-data", "hello_web"
PIN, MOVING, MOVED = (f"flotilla.{kind}.{DATA}" for kind in ("volume", "moving", "moved"))
# With a second volume of the same service, and another service with that.
TEXT = """\
services:
  redis:
    image: ${REDIS_IMAGE}
    deploy:
      placement:
        constraints: ["node.labels.flotilla.volume.hello_redis-data == true",
                      "node.labels.flotilla.volume.hello_more == true", "node.labels.disk == ssd"]
  reader:
    image: ${WEB_IMAGE}
    deploy: {placement: {constraints: ["node.labels.flotilla.volume.hello_more == true"]}}
volumes: {shared: {driver_opts: {type: nfs}}}
"""
STEPS = ("move_data", "hold_data", "start_data")


def site(to="w2", volume=DATA, remove_old=False, **changes):
    move = {"volume": volume, "to": to, "remove_old": remove_old, "folder": "/backups"}
    return {**sites.site(), "intent": "move", "move": move, **changes}


def found(stopped=False, pin=("w1",), data=("w1",), free=9000, size=10, **labels):
    """A converged site, whose Redis a move has stopped, with these holders, hosts with data, and labels."""
    site = sites.converged_site()
    hosts = {"m1": 0, "w1": 1, "w2": 2}
    nodes = site["m1"]["observation"]["nodes"]
    for name, number in hosts.items():
        nodes[number]["labels"] = {**({PIN: "true"} if name in pin else {}), **labels.get(name, {})}
        observed = site[name]["observation"]
        observed["volumes"] = {"hello": {DATA: True} if name in data else {}}
        observed["volume_mib"] = {DATA: size} if name in data else {}
        observed["system"]["disk_free_mib"] = free
    if stopped:
        redis = site["m1"]["observation"]["stacks"]["hello"]["services"]["redis"]
        redis.update(size=0, tasks=[], updated="2026-11-26T18:00:00.5Z")
    return site


def plan(asked, hosts, free=9000):
    """Plan with so many MiB free on the control node."""
    read = sites.read_site(asked)
    made = make_plan(replace(read, move=replace(read.move, free_mib=free)), sites.read_hosts(hosts), Intent.MOVE)
    return {"problems": made.problems, "notes": made.notes, **made.as_dict()}


def done(made):
    return {host: texts for host in made["hosts"] if (texts := sites.acts(made, host))}


def arguments(made, phase):
    (found,) = sites.of_phase(made, phase).values()
    return found


def told(made):
    return [(str(problem.code), problem.where, problem.hosts) for problem in made["problems"]]


def test_volume_moves_with_its_service_and_the_pin_changes_last():
    made = plan(site(), found())
    assert done(made) == {
        "m1": [
            "stop hello_redis, and copy hello_redis-data from w1 to w2",
            "hold hello_redis-data on w2",
            "start hello_redis",
        ]
    }
    copy = arguments(made, "move_data")
    assert (copy["source"], copy["target"], copy["target_node"]) == ("w1", "w2", "node-3")
    assert (copy["notes"], copy["remove"], copy["stop"], copy["sizes"], copy["since"]) == (
        {MOVING: "node-2"},
        [],
        [{"service": "hello_redis", "node": "node-2"}],
        {"hello_redis": 1},
        0,
    )
    assert arguments(made, "hold_data")["steps"] == [
        {"node": "node-2", "add": {MOVED: "true"}, "remove": [PIN, MOVING]},
        {"node": "node-3", "add": {PIN: "true"}, "remove": [MOVING, MOVED]},
    ]
    assert arguments(made, "start_data") == {"sizes": {"hello_redis": 1}, "timeouts": {"hello": 600}, "since": 0}
    assert sites.of_phase(made, "check_page").keys() == {"m1", "w1", "w2"}
    assert sites.phases(made, "m1") == ["lock", *STEPS, "check_services", "check_page", "unlock"]
    assert made["notes"] == ("an old copy stays on w1; -e remove_old=true removes it",)


def test_new_host_pulls_images_before_anything_is_stopped():
    hosts = found()
    hosts["w2"]["observation"]["local_images"] = []
    assert done(plan(site(), hosts))["w2"] == ["pull reg:5000/redis@sha256:d"]


def test_old_copy_is_removed_only_where_that_is_asked_for():
    made = plan(site(remove_old=True), found())
    assert done(made)["m1"][-1] == f"remove the copy of {DATA} on w1"
    assert arguments(made, "remove_copies") == {
        "copies": [{"host": "w1", "volume": DATA}],
        "steps": [{"node": "node-2", "add": {}, "remove": [MOVING, MOVED]}],
    }
    assert made["notes"] == ()


def test_volumes_of_one_service_move_together_with_all_their_services():
    hosts = found(w1={"flotilla.volume.hello_more": "true"}, w2={"disk": "ssd"})
    services = {"redis": sites.service(1), "reader": sites.service(2)}
    hosts["m1"]["observation"]["stacks"]["hello"] = sites.running("hello", TEXT, services)
    hosts["w1"]["observation"]["volumes"] = {"hello": {DATA: True, "hello_more": True}}
    asked = site(stacks=[sites.stack_setting("hello", TEXT)])
    for volume in (DATA, "hello_more"):
        asked["move"]["volume"] = volume
        copy = arguments(plan(asked, hosts), "move_data")
        assert (copy["volumes"], copy["sizes"]) == (["hello_more", DATA], {"hello_redis": 1, "hello_reader": 2})
    assert "hello_redis-data goes along, since a service has it on the same node" in plan(asked, hosts)["notes"]
    hosts["m1"]["observation"]["nodes"][2]["labels"] = {}
    assert told(plan(asked, hosts)) == [("move-impossible", "", ("w2",))]
    asked["move"]["volume"] = "hello_shared"
    (problem,) = plan(asked, hosts)["problems"]
    assert "hello_shared, which is on no single node" in problem.found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"volume": ""}, ("setting-missing", "volume", ())),
        ({"volume": "hello_other"}, ("setting-invalid", "volume", ())),
        ({"to": ""}, ("setting-missing", "to", ())),
        ({"to": "w9"}, ("setting-invalid", "to", ())),
    ],
)
def test_what_is_asked_for_must_be_there(asked, expected):
    assert told(plan(site(**asked), found())) == [expected]


def change_node(hosts, **changes):
    hosts["m1"]["observation"]["nodes"][2].update(changes)


def lose(hosts, name):
    hosts[name] = {"desired": {"swarm": {"ansible_host": "10.0.0.9"}}, "unreachable": "no route to host"}


@pytest.mark.parametrize(
    ("given", "change", "hosts"),
    [
        ({}, lambda hosts: change_node(hosts, state="down"), ("w2",)),
        ({}, lambda hosts: change_node(hosts, availability="drain"), ("w2",)),
        ({}, lambda hosts: change_node(hosts, availability="pause"), ("w2",)),
        ({}, lambda hosts: hosts["w2"]["desired"]["swarm"].update(availability="drain"), ("w2",)),
        ({}, lambda hosts: hosts["m1"]["observation"]["nodes"].pop(), ("w2",)),
        ({}, lambda hosts: lose(hosts, "w2"), ("w2",)),
        ({}, lambda hosts: lose(hosts, "w1"), ()),
        ({"pin": ()}, None, ()),
        ({"pin": ("m1", "w1")}, None, ()),
        ({"data": ()}, None, ("w1",)),
        ({"data": ("w1", "w2")}, None, ("w2",)),
        ({"data": ("w1", "w2"), "w2": {MOVED: "true"}}, None, ("w2",)),
        ({"free": 265}, None, ("w1",)),
        ({"free": 275}, None, ("w2",)),
    ],
)
def test_move_that_would_fail_is_refused(given, change, hosts):
    site_found = found(**given)
    if change:
        change(site_found)
    assert ("move-impossible", "", hosts) in told(plan(site(), site_found))


def test_control_node_must_have_room():
    assert told(plan(site(), found(), free=265)) == [("move-impossible", "", ())]
    assert told(plan(site(), found(), free=266)) == []


def test_copy_that_a_move_began_is_replaced_and_a_stopped_service_was_stopped_then():
    made = plan(site(), found(stopped=True, data=("w1", "w2"), w2={MOVING: "node-2"}))
    copy = arguments(made, "move_data")
    assert (copy["remove"], copy["since"], copy["sizes"]) == ([DATA], 1795716000, {"hello_redis": 1})
    # Its place counts as free: it goes before the next one comes.
    assert told(plan(site(), found(stopped=True, data=("w1", "w2"), free=266, w2={MOVING: "node-2"}))) == []
    # Scaled once more to 0, it would be a service that was stopped only now.
    assert copy["stop"] == []
    assert done(made)["m1"][0] == f"copy {DATA} from w1 to w2"


def test_old_copy_in_the_way_goes_first_where_that_is_asked_for():
    made = plan(site(remove_old=True), found(data=("w1", "w2"), w2={MOVED: "true"}))
    assert done(made)["m1"][0] == f"remove the old copy of {DATA} on w2"
    assert arguments(made, "move_data")["remove"] == [DATA]


def test_pin_that_is_nowhere_is_where_the_move_began():
    """Ended between the changes of two nodes: both have the same data, and the move may go on or back."""
    between = {"stopped": True, "pin": (), "data": ("w1", "w2"), "w1": {MOVED: "true"}, "w2": {MOVING: "node-2"}}
    on = plan(site(), found(**between))
    assert arguments(on, "move_data")["source"] == "w1"
    back = plan(site(to="w1"), found(**between))
    assert done(back)["m1"] == [
        f"hold {DATA} on w1",
        "start hello_redis",
        f"remove the copy of {DATA} on w2",
    ]
    assert arguments(back, "hold_data")["steps"] == [
        {"node": "node-2", "add": {PIN: "true"}, "remove": [MOVING, MOVED]}
    ]


def test_copy_that_a_move_began_does_not_count_where_nobody_has_let_the_data_go():
    hosts = found(pin=(), data=("w1", "w2"), w2={MOVING: "node-2"})
    for service in hosts["m1"]["observation"]["stacks"]["hello"]["services"].values():
        service["tasks"] = []
    made = make_plan(sites.read_site(sites.site()), sites.read_hosts(hosts), Intent.SITE)
    assert "data-several" in [str(problem.code) for problem in made.problems]


def test_move_that_ended_before_the_start_only_starts():
    made = plan(site(), found(stopped=True, pin=("w2",), data=("w1", "w2"), w1={MOVED: "true"}))
    assert done(made) == {"m1": ["start hello_redis"]}
    assert arguments(made, "start_data")["since"] == 1795716000


def test_move_that_is_over_leaves_nothing_to_do_but_to_remove_the_old_copy():
    over = found(pin=("w2",), data=("w1", "w2"), w1={MOVED: "true"})
    assert done(plan(site(), over)) == {}
    assert sites.phases(plan(site(), over), "m1") == []
    assert done(plan(site(remove_old=True), over)) == {"m1": [f"remove the copy of {DATA} on w1"]}


def test_move_to_where_the_data_is_ends_one_that_was_cut_short():
    made = plan(site(to="w1"), found(stopped=True, data=("w1", "w2"), w2={MOVING: "node-2"}))
    assert done(made) == {"m1": ["start hello_redis", f"remove the copy of {DATA} on w2"]}


def test_host_whose_data_counts_is_never_cleared():
    """A run of site.yml gave it the pin, and the move's note is there still."""
    made = plan(site(), found(pin=("w2",), data=("w1", "w2"), w1={MOVED: "true"}, w2={MOVING: "node-2"}))
    assert done(made) == {"m1": [f"hold {DATA} on w2"]}
    away = plan(site(to="m1"), found(pin=("w2",), data=("w1", "w2"), w1={MOVED: "true"}, w2={MOVING: "node-2"}))
    assert arguments(away, "move_data")["source"] == "w2"
    assert sites.of_phase(away, "remove_copies") == {}
