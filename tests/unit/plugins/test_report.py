"""What a failed deploy says."""

import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils import report, stack


def test_failure_names_bound_task_node_error_and_log():
    bad = sites.task(2, state="failed", error="task: non-zero exit (137)", updated="9", limit_mib=12)
    service = sites.service(2, tasks=[sites.task(1), bad])
    state = stack.judge({"web": service})
    state.failure = "not at its size in time"
    assert report.failure_lines(state, [sites.node(1, "manager")], ["bye"], 61.2, 60) == [
        "The stack does not run as wanted: not at its size in time",
        "seen after 61 s of at most 60 s (stack_timeout); running: web 1/2 "
        "(last failure: web: task: non-zero exit (137))",
        "task web.2 on host-1: failed",
        "error: task: non-zero exit (137) = killed, most likely because it needed more memory than its limit of 12 MiB",
        "last log lines:",
        "  bye",
    ]


def test_end_of_a_failed_deploy_says_what_runs_now():
    assert report.deploy_failure_lines("bad", 7, "")[1].startswith("Release 7 runs again.")
    assert report.deploy_failure_lines("bad", 7, "worse")[1].endswith("Going back to release 7 failed, too:\nworse")
    assert report.deploy_failure_lines("bad", 0, "")[1].startswith("No release was recorded before")
    assert report.deploy_failure_lines("bad", None, "")[1].startswith("The stack file is that of the last release")
