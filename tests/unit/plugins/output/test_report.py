"""What a failed deploy says."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output import report
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import state


def test_failure_names_bound_task_node_error_and_log():
    bad = sites.task(2, state="failed", error="task: non-zero exit (137)", updated="9", limit_mib=12)
    service = sites.service(2, tasks=[sites.task(1), bad])
    found = state.judge(sites.services(web=service))
    nodes = sites.nodes(sites.node(1, "manager"), sites.node(2, "worker", state="down"))
    assert report.failure_lines("hello", found, "not at its size in time", nodes, ["bye"], 61.2, 60) == [
        "Stack hello did not converge: not at its size in time",
        "found after 61 s of at most 60 s; running: web 1/2 (last failure: web: task: non-zero exit (137))",
        "task web.2 on host-1: failed",
        "error: task: non-zero exit (137) = killed, most likely because it needed more memory than its limit of 12 MiB",
        "nodes that managers do not reach: host-2",
        "last log lines:",
        "  bye",
    ]


def test_page_that_a_node_does_not_answer_is_named_with_the_reason():
    pages = {"hello": {"port": 4000, "path": "/healthz"}, "shop": {"port": 4001, "path": "/"}}
    (line,) = report.page_lines({"observation": {"pages": {"hello": "", "shop": "visit 2 of 5: timed out"}}}, pages)
    assert line.startswith("Port 4001 of this node does not answer every visit of / (visit 2 of 5: timed out). Visits")
    assert [line.split()[1] for line in report.page_lines({"msg": "no module"}, pages)] == ["4000", "4001"]


def test_end_of_a_failed_deploy_says_what_runs_now():
    assert report.deploy_failure_lines("bad", 7, "")[1].startswith("Release 7 runs again.")
    assert report.deploy_failure_lines("bad", 7, "worse")[1].endswith("Going back to release 7 failed, too:\nworse")
    assert report.deploy_failure_lines("bad", 0, "")[1].startswith("No release was recorded before")
    assert report.deploy_failure_lines("bad", None, "")[1].startswith("The stack file is that of the last release")


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"msg": "refused", "stderr": "no such option"}, "refused\nno such option"),
        ({"msg": "refused", "stderr": ""}, "refused"),
        ({"censored": "the output has been hidden"}, "the output has been hidden"),
        ({"msg": "One or more items failed", "results": [{"msg": "fine"}, {"msg": "full", "failed": True}]}, "full"),
        ({}, "It gave no message."),
    ],
)
def test_what_a_failed_task_said(result, text):
    assert report.failure_text(result) == text


def test_failed_stacks_are_named_where_there_are_others():
    one, two = {"stack": "shop"}, {"stack": "hello"}
    assert report.failed_stacks_lines({"shop": "bad"}, [one]) == ["bad"]
    assert report.failed_stacks_lines({"shop": "bad"}, [one, two]) == ["shop: bad", "Deployed: hello."]
    assert report.failed_stacks_lines({"shop": "bad", "hello": "bad"}, [one, two])[-1] == "hello: bad"


def ending(node, **update):
    """What a run says at its end of a site whose tasks of web run on two hosts, and of redis on the second."""
    found = sites.converged_site()["m1"]["observation"]
    found["nodes"][2] |= node
    web = found["stacks"]["hello"]["services"]["web"]
    web["spec"] |= {"UpdateConfig": {"Order": "start-first", **update}}
    for service in found["stacks"]["hello"]["services"].values():
        service["spec"]["TaskTemplate"]["ContainerSpec"] = {"Image": "hello"}
    for task in web["tasks"]:
        task["node"] = f"node-{task['slot'] % 2 + 1}"
    names = {f"10.0.0.{number}": name for number, name in enumerate(("m1", "w1", "w2"), 1)}
    stacks = {"hello": sites.stack(found["stacks"]["hello"])}
    return [
        line for line in report.site_lines(names, sites.nodes(*found["nodes"]), stacks, {}) if "has no task" in line
    ]


def test_host_that_could_run_tasks_and_has_none_is_named_with_the_command_that_moves_some():
    assert ending({}) == ["w2 has no task of web: ansible-playbook playbooks/rebalance.yml moves some there"]


@pytest.mark.parametrize(
    ("node", "update"),
    [({"availability": "drain"}, {}), ({"state": "down"}, {}), ({}, {"Order": "stop-first"})],
    ids=["drained", "down", "service stops before it starts"],
)
def test_host_that_no_task_may_move_to_is_not_said_to_be_without(node, update):
    assert ending(node, **update) == []
