"""No service begins without the data that it once had."""

from datetime import datetime

import pytest
import sites
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.request import Backup, Saved
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.site import decide
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.releases import steps
from sites import acts, deploy, labels, make_plan, phases

from tests.support.problems import told

LABEL = "flotilla.volume.hello_redis-data"
MOVING = "flotilla.moving.hello_redis-data"
CONTENT = yaml.safe_load(sites.STACK_TEXT)
CONTENT["services"]["redis"]["volumes"] = ["redis-data:/data"]
CONTENT["services"]["redis"]["deploy"]["labels"] = {"flotilla.data": "kept"}
TEXT = yaml.safe_dump({**CONTENT, "volumes": {"redis-data": {}}})


@pytest.fixture
def site():
    site = sites.site()
    site["stacks"][0]["text"] = TEXT
    return site


def converged(volumes=None, text=TEXT):
    """The stack runs, its label is on w1, and w1 has these volumes."""
    found = sites.converged_site()
    variables = {"WEB_IMAGE": "reg:5000/hello@sha256:d", "REDIS_IMAGE": "reg:5000/redis@sha256:d"}
    file = sites.render(text, variables)
    found["m1"]["observation"]["stacks"]["hello"]["releases"] = [sites.release(7, file)]
    found["m1"]["observation"]["stacks"]["hello"]["record"]["file"] = file
    found["w1"]["observation"]["volumes"] = {"hello": volumes or {}}
    return found


def may_be_empty(site, found):
    """The services that may begin without data."""
    decided = decide(sites.situation(site, found))
    assert decided.problems == ()
    return [*decided.stacks.each[0].data.allow_empty]


def test_data_in_its_place_needs_nothing(site):
    plan = make_plan(site, converged({"hello_redis-data": True}))
    assert (plan["problems"], plan["changes"]) == ([], False)
    assert may_be_empty(site, converged({"hello_redis-data": True})) == []


def test_data_that_another_tool_has_left_is_used(site):
    found = converged()
    found["w1"]["observation"]["filled_volumes"] = ["hello_redis-data"]
    assert make_plan(site, found)["problems"] == []
    bare = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    bare["w2"]["observation"]["filled_volumes"] = ["hello_redis-data"]
    assert labels(make_plan(site, bare), "w2") == {LABEL: "true"}


def begins(plan):
    """What redis is told in each step of the deploy."""
    steps = [yaml.safe_load(step)["services"]["redis"]["deploy"] for step in deploy(plan)["steps"]]
    return [step["labels"]["flotilla.data"] for step in steps]


def test_first_deploy_begins_empty(site):
    bare = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    assert may_be_empty(site, bare) == ["redis"]
    assert begins(make_plan(site, sites.set_up_site())) == ["new", "kept"]


def test_data_of_an_earlier_swarm_is_used(site):
    bare = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    bare["w2"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    plan = make_plan(site, bare)
    assert labels(plan, "w2") == {LABEL: "true"}
    assert may_be_empty(site, bare) == []
    there = sites.set_up_site()
    there["w1"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    assert begins(make_plan(site, there)) == ["kept"]


def test_first_deploy_that_was_cut_short_begins_empty_again(site):
    bare = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    bare["w1"]["observation"]["volumes"] = {"hello": {"hello_redis-data": False}}
    assert may_be_empty(site, bare) == ["redis"]


@pytest.mark.parametrize("volumes", [{}, {"hello_redis-data": False}, {"hello_other": True}])
def test_lost_data_is_refused(site, volumes):
    (problem,) = make_plan(site, converged(volumes))["problems"]
    assert told([problem]) == ["data-lost: w1"]
    assert "-e stack_data_lost=hello_redis-data" in problem.fix


def asking(text):
    """A stack file whose service asks whether it may begin without data."""
    content = yaml.safe_load(text)
    content["services"]["redis"]["environment"] = {"DATA": '{{index .Service.Labels "flotilla.data"}}'}
    return yaml.safe_dump(content)


@pytest.mark.parametrize(("since", "refused"), [("11:59:00", []), ("12:01:00", ["data-lost: w1"])])
def test_volume_that_nothing_was_written_to_since_the_first_release_is_no_loss(site, since, refused):
    found = converged({"hello_redis-data": False})
    for host in ("m1", "w1", "w2"):
        made = datetime.fromisoformat(f"2026-01-01T{since}+00:00").timestamp()
        found[host]["observation"]["untouched_volumes"] = {"hello_redis-data": made}
    running = found["m1"]["observation"]["stacks"]["hello"]
    for release in running["releases"]:
        release["at"] = "2026-01-01T12:00:00Z"
    assert told(make_plan(site, found)["problems"]) == refused
    # Such a service has some from its first start on.
    site["stacks"][0]["text"] = asking(site["stacks"][0]["text"])
    assert told(make_plan(site, found)["problems"]) == ["data-lost: w1"]


def test_label_that_was_moved_without_the_data_is_refused(site):
    found = converged({"hello_redis-data": True})
    one, other = found["m1"]["observation"]["nodes"][1:]
    one["labels"], other["labels"] = {}, {LABEL: "true"}
    (problem,) = make_plan(site, found)["problems"]
    assert told([problem]) == ["data-lost: w2"]
    assert "w1" in problem.found


def moving(**changes):
    """A move from w1 to w2 that was ended between the changes of their nodes."""
    found = converged({"hello_redis-data": True})
    one, other = found["m1"]["observation"]["nodes"][1:]
    one["labels"], other["labels"] = {"flotilla.moved.hello_redis-data": "true"}, {MOVING: "node-2"}
    found["w2"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    found["m1"]["observation"]["stacks"]["hello"]["services"]["redis"].update(
        sites.service(0), updated="2026-11-26T18:00:00Z"
    )
    return found | changes


def test_move_that_was_ended_between_two_nodes_goes_on_where_the_whole_copy_is(site):
    plan = make_plan(site, moving())
    assert (plan["problems"], labels(plan, "w1"), labels(plan, "w2")) == ([], {}, {LABEL: "true"})
    assert begins(plan) == ["kept"]


def test_so_it_goes_on_where_it_began_if_the_new_host_is_away_or_lost_the_copy(site):
    away = {"desired": {"swarm": {"ansible_host": "10.0.0.3"}}, "unreachable": "no route to host"}
    assert labels(make_plan(site, moving(w2=away)), "w1") == {LABEL: "true"}
    empty = moving()
    empty["w2"]["observation"]["volumes"] = {"hello": {"hello_redis-data": False}}
    assert labels(make_plan(site, empty), "w1") == {LABEL: "true"}


def test_copy_that_a_move_began_is_told_and_starts_nothing(site):
    found = moving()
    one, other = found["m1"]["observation"]["nodes"][1:]
    one["labels"] = {LABEL: "true"}
    plan = make_plan(site, found)
    assert (labels(plan, "w1"), labels(plan, "w2"), begins(plan)) == ({}, {}, ["kept"])
    assert any("move.yml -e volume=hello_redis-data -e to=w2 goes on" in note for note in plan["notes"])
    other["labels"][LABEL] = "true"
    assert not any("move.yml" in note for note in make_plan(site, found)["notes"])


def test_wiped_holder_is_refused(site):
    found = converged()
    found["w1"]["observation"] = sites.bare("10.0.0.2")
    found["m1"]["observation"]["nodes"][1]["state"] = "down"
    assert told(make_plan(site, found)["problems"]) == ["data-lost: w1"]


def test_loss_is_accepted_by_name(site):
    site["stacks"][0]["lost"] = ["hello_redis-data"]
    plan = make_plan(site, converged())
    assert acts(plan, "m1") == ["let redis start empty, as its data is lost"]
    assert may_be_empty(site, converged()) == ["redis"]
    assert "deploy" in phases(plan, "m1")
    assert begins(plan) == ["new", "kept"]


def test_accepted_loss_touches_no_data_that_is_there(site):
    site["stacks"][0]["lost"] = ["hello_redis-data"]
    found = converged({"hello_redis-data": True})
    assert (make_plan(site, found)["changes"], may_be_empty(site, found)) == (False, [])


def test_data_that_the_run_restores_may_be_missing_and_nothing_begins_empty(site):
    site["backup"] = Backup(saved=Saved(volumes={"hello_redis-data": "hello", "other": "shop"}))
    assert may_be_empty(site, converged()) == []
    assert decide(sites.situation(site, converged())).stacks.each[0].plan.changes == ()
    other = TEXT.replace("volume.hello_redis-data", "volume.other")
    site["stacks"][0]["text"], found = other, converged(text=other)
    found["m1"]["observation"]["nodes"][1]["labels"] = {"flotilla.volume.other": "true"}
    assert told(decide(sites.situation(site, found)).problems) == ["data-lost: w1"]


def test_unknown_name_of_a_loss_is_refused(site):
    site["stacks"][0]["lost"] = ["rediss"]
    problems = make_plan(site, converged({"hello_redis-data": True}))["problems"]
    assert told(problems) == ["setting-invalid: stack_data_lost"]


def test_holder_that_is_away_is_not_judged(site):
    found = converged()
    swarm = {"advertise_addr": "", "ansible_host": "10.0.0.2"}
    found["w1"] = {"desired": {"swarm": swarm}, "unreachable": "no route"}
    assert make_plan(site, found)["problems"] == []


def test_service_that_only_the_inventory_has_does_not_begin_empty_in_a_rollback(site):
    found = converged({"hello_redis-data": True})
    content = yaml.safe_load(TEXT)
    db = {"image": "reg:5000/redis@sha256:d", "volumes": ["db-data:/data"]}
    db["deploy"] = {"placement": {"constraints": ["node.labels.flotilla.volume.hello_db-data == true"]}}
    content["services"]["db"] = db
    content["volumes"]["db-data"] = {}
    site["stacks"][0]["text"] = yaml.safe_dump(content)
    found["m1"]["observation"]["nodes"][1]["labels"]["flotilla.volume.hello_db-data"] = "true"
    assert may_be_empty(site, found) == ["db"]
    site["intent"], site["stacks"][0]["release"] = "rollback", 7
    assert may_be_empty(site, found) == []


def test_service_that_may_begin_empty_is_told_so_once():
    first, second = (yaml.safe_load(step) for step in steps(TEXT, "", ["redis"]))
    assert first["services"]["redis"]["deploy"]["labels"] == {"flotilla.data": "new"}
    assert second == yaml.safe_load(TEXT)
    assert [yaml.safe_load(step) for step in steps(TEXT, "", [])] == [second]


def test_service_without_the_label_is_deployed_at_once():
    (only,) = steps(sites.STACK_TEXT, "", ["redis"])
    assert yaml.safe_load(only) == yaml.safe_load(sites.STACK_TEXT)
