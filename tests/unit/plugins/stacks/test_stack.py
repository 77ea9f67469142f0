"""Stack files, drift of a stack, and convergence."""

import re

import pytest
import sites
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import state as stack
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file import MOST_VISITS, Page, parse

from tests.support.problems import refused


def running(**services):
    """A stack that runs as recorded."""
    record = {"file": "file", "specs": {name: entry["spec"] for name, entry in services.items()}}
    return {"services": services, "secrets": {}, "record": record}


def test_render_fills_in_and_keeps_templates_and_escapes():
    text = "services:\n  web:\n    image: ${IMAGE}\n    hostname: '{{.Node.Hostname}}'\n    user: $$5\n"
    assert yaml.safe_load(sites.render(text, {"IMAGE": "a$b"})) == {
        "services": {"web": {"image": "a$$b", "hostname": "{{.Node.Hostname}}", "user": "$$5"}}
    }


def test_render_names_all_missing_variables():
    with refused("stack-variable-missing: .files") as problems:
        sites.render("services: {web: {image: '${A} ${B} ${A}'}}", {})
    assert re.findall(r"\$\{\w+\}", problems[0].found) == ["${A}", "${B}"]


def test_published_ports_in_every_form():
    text = """
services:
  a: {ports: ["4000:80", "127.0.0.1:5000:80/tcp", "80"]}
  b: {ports: [{target: 80, published: 6000}]}
  c: {image: x}
"""
    assert parse(text).published() == [4000, 5000, 6000]


def test_protocol_is_that_of_the_port():
    (service,) = parse("services: {a: {ports: ['80', '53:53/udp', {target: 443, published: 443}]}}").services.values()
    assert service.sockets() == ["53/udp", "443/tcp"]
    assert service.visited() == [443]


def test_port_that_is_no_number_is_named():
    with refused("stack-file-invalid: .files"):
        parse("services: {a: {ports: [{target: 80, published: 4000-4001}]}}").published()


def test_volume_labels_are_read_from_constraints():
    assert parse(sites.STACK_TEXT).volume_labels == ["flotilla.volume.hello_redis-data"]


def test_no_difference_when_all_is_as_recorded():
    assert stack.differences("file", sites.stack(running(web=sites.service(5)))) == []


def test_first_deploy():
    assert stack.differences("file", None) == ["deploy it for the first time"]


def test_services_without_a_record_are_deployed_again():
    observed = dict(running(web=sites.service()), record=None)
    assert stack.differences("file", sites.stack(observed)) == ["deploy it: no record of it"]


def test_services_scaled_or_changed_by_hand_are_named():
    observed = running(web=sites.service(5))
    observed["services"] = {"web": sites.service(3)}
    assert stack.differences("file", sites.stack(observed)) == [
        "set service web right (Mode.Replicated.Replicas is 3, expected 5)"
    ]


def test_values_that_may_be_secret_are_not_told():
    observed = running(web=sites.service())
    applied, live = ({"TaskTemplate": {"ContainerSpec": {}}} for _ in range(2))
    applied["TaskTemplate"]["ContainerSpec"] = {"Env": ["A=1", "PASSWORD=hunter2"], "Args": ["--token=hunter2"]}
    live["TaskTemplate"]["ContainerSpec"] = {"Env": ["A=1", "PASSWORD=hunter3", "X=hunter4"], "Args": []}
    observed["record"]["specs"] = {"web": applied}
    observed["services"] = {"web": {**sites.service(), "spec": live}}
    (told,) = stack.differences("file", sites.stack(observed))
    assert "hunter" not in told
    assert "Env: X goes; PASSWORD changes" in told


def test_removed_and_added_services_are_named():
    observed = running(web=sites.service(), redis=sites.service())
    observed["services"] = {"web": sites.service(), "extra": sites.service()}
    assert stack.differences("file", sites.stack(observed)) == [
        "remove service extra, which the stack file does not have",
        "bring back service redis",
    ]


def test_forced_update_is_no_difference():
    observed = running(web=sites.service())
    observed["services"] = {"web": sites.service()}
    observed["services"]["web"]["spec"]["TaskTemplate"]["ForceUpdate"] = 3
    assert stack.differences("file", sites.stack(observed)) == []


def test_converged():
    state = stack.judge(sites.services(web=sites.service(5, update={"State": "completed"}), redis=sites.service()))
    assert state.done
    assert state.sizes == {"web": "5/5", "redis": "1/1"}


def test_empty_stack_has_not_converged():
    assert not stack.judge({}).done


@pytest.mark.parametrize(
    "change",
    [
        {"tasks": [sites.task(1)]},
        {"tasks": [sites.task(1), sites.task(2, state="starting")]},
        {"tasks": [sites.task(1), sites.task(2, current=False)]},
        {"tasks": [sites.task(1), sites.task(2), sites.task(3, current=False)]},
        {"update": {"State": "updating"}},
    ],
)
def test_not_converged_yet(change):
    state = stack.judge(sites.services(web=sites.service(2, **change)))
    assert not state.done
    assert state.failure == ""


def test_tasks_left_behind_by_a_replaced_update_are_noticed():
    old = sites.task(3, current=False)
    service = sites.service(2)
    service["tasks"].append(old)
    assert stack.judge(sites.services(web=service)).stale == ("web",)
    service["update"] = {"State": "updating"}
    assert stack.judge(sites.services(web=service)).stale == ()


def test_two_tasks_in_one_place_are_noticed():
    service = sites.service(2)
    service["tasks"].append(dict(sites.task(2), id="twin"))
    assert stack.judge(sites.services(web=service)).stale == ("web",)
    service["tasks"][-1]["slot"] = 3
    assert stack.judge(sites.services(web=service)).stale == ()


@pytest.mark.parametrize("update", ["paused", "rollback_started", "rollback_completed", "rollback_paused"])
def test_update_that_was_given_up_is_a_failure(update):
    failed = sites.task(2, desired="shutdown", state="failed", error="exit 1", updated="9")
    service = sites.service(1, update={"State": update, "Message": "update paused"})
    service["tasks"].append(failed)
    service["size"] = 2
    state = stack.judge(sites.services(web=service))
    assert state.failure == "web: update paused"
    assert state.trouble.task.error == "exit 1"


def test_old_failure_explains_nothing():
    service = sites.service(
        2, tasks=[sites.task(1), sites.task(2, state="failed", error="old", updated="1")], updated="5"
    )
    assert stack.judge(sites.services(web=service)).trouble is None


def test_given_up_update_is_explained_by_its_own_task():
    tasks = [
        sites.task(1),
        sites.task(2, id="bad", desired="shutdown", state="failed", error="exit 1", updated="3", current=False),
        sites.task(2, id="other", state="failed", error="No such container", updated="9"),
    ]
    for message in ("rollback completed", "update paused due to failure or early termination of task bad"):
        service = sites.service(2, tasks=tasks, updated="5", update={"State": "rollback_completed", "Message": message})
        assert stack.judge(sites.services(web=service)).trouble.task.id == "bad"


def test_task_that_no_node_takes_is_noticed():
    waiting = sites.task(2, state="pending", error="no suitable node")
    service = sites.service(2, tasks=[sites.task(1), waiting, sites.task(3, state="failed", error="x", updated="9")])
    state = stack.judge(sites.services(web=service))
    assert state.homeless == ("web",)
    assert state.trouble.task.error == "no suitable node"


def failing(*errors, state="failed", slot=1):
    """Tasks of one place that failed, the oldest first."""
    return [
        sites.task(slot, id=f"old-{number}", desired="shutdown", state=state, error=error, updated=str(number))
        for number, error in enumerate(errors, 2)
    ]


START = "task: non-zero exit (1)"


@pytest.mark.parametrize(
    ("tasks", "change", "looping"),
    [
        ([*failing(*[START] * 4), sites.task(1, state="starting", updated="9")], {}, True),
        ([*failing("other", *[START] * 4), sites.task(1, state="ready", updated="9")], {}, True),
        ([*failing(*[START] * 3), sites.task(1, state="starting", updated="9")], {}, False),
        ([*failing(START, START, START, "other"), sites.task(1, state="starting", updated="9")], {}, False),
        ([*failing(*[START] * 3), *failing(*[START] * 3, slot=2)], {}, False),
        ([*failing(*[START] * 4), sites.task(1, updated="9")], {"size": 2}, False),
        ([*failing(*[START] * 4)], {"updated": "4"}, False),
        ([*failing(*[START] * 4)], {"update": {"State": "updating"}}, False),
    ],
)
def test_task_that_fails_again_and_again_is_noticed(tasks, change, looping):
    state = stack.judge(sites.services(web=sites.service(**{"tasks": tasks, **change})))
    assert (state.done, state.looping) == (False, ("web",) if looping else ())


def test_what_fails_again_and_again_explains_the_rest():
    loop = sites.service(1, tasks=failing(*[START] * 4))
    other = sites.service(1, tasks=[sites.task(state="failed", error="no answer", updated="9")])
    assert stack.judge(sites.services(redis=loop, web=other)).trouble.service == "redis"


def test_service_of_size_0_is_done_once_its_tasks_have_stopped():
    web = sites.service(0, tasks=[sites.task(1, desired="shutdown", state="shutdown")])
    state = stack.judge(sites.services(web=web))
    assert (state.done, state.sizes) == (True, {"web": "0/0"})
    assert not stack.judge(sites.services(web=sites.service(0, tasks=[sites.task()]))).done


COMPLETE = sites.task(state="complete", desired="shutdown", updated="2")


def job(size=1, condition="none", attempts=0, **changes):
    """A service whose tasks are started once."""
    service = sites.service(size, **changes)
    service["spec"]["TaskTemplate"]["RestartPolicy"] = {"Condition": condition, "MaxAttempts": attempts}
    return service


def test_job_is_done_when_its_task_has_ended_with_success():
    state = stack.judge(sites.services(job=job(tasks=[COMPLETE])))
    assert (state.done, state.sizes) == (True, {"job": "1/1"})
    assert stack.judge(sites.services(job=job())).done
    assert stack.judge(sites.services(job=job(0, tasks=[COMPLETE]))).done


@pytest.mark.parametrize(
    "changes",
    [
        # Swarm starts another one, or a server has ended by itself.
        {"condition": "any", "tasks": [COMPLETE]},
        {"condition": "on-failure", "tasks": [COMPLETE]},
        {"tasks": [{**COMPLETE, "state": "failed"}]},
        {"tasks": [{**COMPLETE, "current": False}]},
        {"tasks": [COMPLETE, sites.task(state="failed", desired="shutdown", updated="3")]},
        {"size": 2, "tasks": [COMPLETE]},
        {"tasks": [COMPLETE], "update": {"State": "updating"}},
    ],
)
def test_job_is_not_done_before(changes):
    assert not stack.judge(sites.services(job=job(**changes))).done


FAILED = sites.task(state="failed", desired="shutdown", updated="2", error="task: non-zero exit (3)")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tasks": [FAILED]}, "its task failed, and Swarm starts no other one"),
        ({"condition": "any", "attempts": 2, "tasks": [FAILED]}, "its task failed, and Swarm starts no other one"),
        ({"condition": "on-failure", "tasks": [COMPLETE]}, 'a job has restart: "no"'),
    ],
)
def test_service_that_swarm_gave_up_is_told_at_once(changes, said):
    state = stack.judge(sites.services(job=job(**changes)))
    assert said in state.failure
    assert (state.trouble is not None) == (FAILED in changes["tasks"])


@pytest.mark.parametrize(
    "changes",
    [
        {"tasks": [COMPLETE]},
        {"condition": "any", "tasks": [FAILED]},
        {"condition": "on-failure", "tasks": [FAILED, sites.task(desired="ready", state="ready", updated="2")]},
        {"tasks": [{**FAILED, "current": False}]},
        {"tasks": [FAILED], "update": {"State": "updating"}},
        # On its way to another node.
        {"tasks": [{**FAILED, "state": "shutdown"}]},
        {"size": 0, "tasks": [FAILED]},
    ],
)
def test_service_that_swarm_goes_on_with_is_waited_for(changes):
    assert not stack.judge(sites.services(job=job(**changes))).failure


def test_config_names_its_object_instead_of_its_file():
    text = parse("services: {}\nconfigs: {c: {file: ./c}}\n").with_configs({"c": "hello_c_1"}).text
    assert yaml.safe_load(text)["configs"] == {"c": {"external": True, "name": "hello_c_1"}}


@pytest.mark.parametrize(
    ("services", "visits"),
    [
        ("{db: {deploy: {replicas: 9}}, web: {ports: ['4000:80'], deploy: {replicas: 5}}}", 5),
        ("{web: {ports: ['4000:80']}}", 1),
        ("{web: {ports: ['4000:80'], deploy: {replicas: 100}}}", MOST_VISITS),
        ("{web: {ports: ['4000:80'], deploy: {mode: global}}}", MOST_VISITS),
        ("{proxy: {ports: ['80']}, web: {ports: ['4000:80'], deploy: {replicas: 5}}}", 5),
        ("{web: {ports: ['4000:80'], deploy: {replicas: '5'}}}", 5),
        ("{old: {ports: ['80:80'], deploy: {replicas: 0}}, web: {ports: ['4000:80']}}", 1),
    ],
)
def test_visits_through_one_node_reach_every_replica(services, visits):
    assert parse(f"services: {services}").page() == Page(4000, visits)


def test_stack_without_a_published_port_has_no_page():
    assert parse("services: {web: {ports: ['80']}}").page() is None


def test_port_that_no_node_or_not_each_takes_connections_at_has_no_page():
    ports = "[{target: 53, published: 53, protocol: udp}, {target: 80, published: 80, mode: host}]"
    assert parse(f"services: {{a: {{ports: {ports}}}}}").page() is None
    assert parse(f"services: {{a: {{ports: {ports}}}, b: {{ports: ['70:70']}}}}").page(80) == Page(70, 1)


@pytest.mark.parametrize("size", ["0", "'0'"])
def test_stopped_service_has_no_page(size):
    file = parse(f"services: {{web: {{ports: ['4000:80'], deploy: {{replicas: {size}}}}}}}")
    assert file.page() is None


def test_page_is_at_the_port_that_is_named_or_else_at_the_first():
    file = parse("services: {a: {ports: ['80:80']}, b: {ports: ['4000:80'], deploy: {replicas: 3}}}")
    assert [file.page(port) for port in (0, 4000, 9)] == [Page(80, 1), Page(4000, 3), Page(80, 1)]
