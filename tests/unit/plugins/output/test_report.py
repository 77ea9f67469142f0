"""What a failed deploy says."""

import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output import report
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import state


def test_failure_names_bound_task_node_error_and_log():
    bad = sites.task(2, state="failed", error="task: non-zero exit (137)", updated="9", limit_mib=12)
    service = sites.service(2, tasks=[sites.task(1), bad])
    found = state.judge(sites.services(web=service))
    nodes = sites.nodes(sites.node(1, "manager"))
    assert report.failure_lines("hello", found, "not at its size in time", nodes, ["bye"], 61.2, 60) == [
        "Stack hello did not converge: not at its size in time",
        "found after 61 s of at most 60 s (stack_timeout); running: web 1/2 "
        "(last failure: web: task: non-zero exit (137))",
        "task web.2 on host-1: failed",
        "error: task: non-zero exit (137) = killed, most likely because it needed more memory than its limit of 12 MiB",
        "last log lines:",
        "  bye",
    ]


def test_page_that_a_node_does_not_answer_is_named_with_the_reason():
    pages = {"hello": {"port": 4000, "path": "/healthz"}, "shop": {"port": 4001, "path": "/"}}
    (line,) = report.page_lines({"observation": {"pages": {"hello": "", "shop": "visit 2 of 5: timed out"}}}, pages)
    assert line.startswith("Port 4001 of this node does not answer every visit of / (visit 2 of 5: timed out). Visits")
    assert [line.split()[1] for line in report.page_lines({"msg": "no module"}, pages)] == ["4000", "4001"]


def reset(found, done=("m1", "w1", "w2"), **options):
    """What a reset of hosts with a volume on w1 says at its end."""
    found["w1"]["observation"]["volumes"] = {"hello": {"hello_redis": True}}
    observed = {name: read_observed(name, host["observation"]) for name, host in found.items()}
    kept = {"data": False, "images": False, "registry_host": "m1", "registry_url": "reg:5000"}
    return report.reset_lines(observed, list(done), ["hello"], **{**kept, **options})


def test_end_of_a_reset_says_what_went_and_what_stayed():
    assert reset(sites.converged_site()) == [
        "Removed: stack hello, with its services, secrets, configs and releases",
        "Removed: the swarm, which m1, w1, w2 left",
        "Kept: the stack's data, volume hello_redis on w1 (-e reset_data=true removes it)",
        "Kept: the hosts' images (-e reset_images=true removes those that no container uses)",
        "Not touched: Docker, the registry on m1 with its images, and the logins to it",
        "site.yml sets the site up again.",
    ]


def test_end_of_a_reset_of_everything_says_so():
    lines = reset(sites.converged_site(), data=True, images=True, registry_host="")
    assert lines[2:5] == [
        "Removed: the stack's data, volume hello_redis on w1",
        "Removed: images that no container uses, on m1, w1, w2",
        "Not touched: Docker, the registry at reg:5000, and the logins to it",
    ]


def test_end_of_a_reset_claims_nothing_of_hosts_that_failed():
    lines = reset(sites.converged_site(), done=["m1", "w2"], data=True, images=True)
    assert [lines[1], lines[2], lines[-1]] == [
        "Removed: the swarm, which m1, w2 left",
        "Removed: images that no container uses, on m1, w2",
        "Not done on w1; see the error above, correct it and run again",
    ]


def test_end_of_a_reset_of_bare_hosts_says_that_nothing_was_there():
    bare = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    lines = reset(bare, data=True, images=True)
    assert lines[:2] == ["No host was in a swarm", "Removed: the stack's data, volume hello_redis on w1"]
    assert lines[2].startswith("Not touched")


def test_end_of_a_failed_deploy_says_what_runs_now():
    assert report.deploy_failure_lines("bad", 7, "")[1].startswith("Release 7 runs again.")
    assert report.deploy_failure_lines("bad", 7, "worse")[1].endswith("Going back to release 7 failed, too:\nworse")
    assert report.deploy_failure_lines("bad", 0, "")[1].startswith("No release was recorded before")
    assert report.deploy_failure_lines("bad", None, "")[1].startswith("The stack file is that of the last release")
