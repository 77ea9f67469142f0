"""The plan of a status: which host tells, about whom, and what stands in the way."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import Code, Problem

from tests.support.problems import told

LOST = {"desired": {"swarm": {"ansible_host": "10.0.0.3"}}, "unreachable": "no route to host"}


def plan(found, *wrong):
    site = sites.site()
    site["intent"] = "status"
    return sites.plan(site, found, wrong)


def test_first_manager_that_answers_tells_and_nothing_changes():
    made = plan(sites.converged_site())
    assert made.phases()[Phase.REPORT_STATUS] == ["m1"]
    assert {name: host.phases for name, host in made.hosts.items() if name != "m1"} == {"w1": (), "w2": ()}
    report = made.hosts["m1"].report_status
    assert report.names == {"10.0.0.1": "m1", "10.0.0.2": "w1", "10.0.0.3": "w2"}
    assert (report.hosts, report.ports) == (("m1", "w1", "w2"), {"hello": 4000})
    assert not made.has_changes


def test_what_a_run_would_change_is_told_and_not_done():
    found = sites.converged_site()
    found["w1"]["observation"]["modules"]["ip_vs"] = "available"
    made = plan(found)
    assert not made.has_changes
    assert [(each.hosts, each.text) for each in made.hosts["m1"].report_status.pending] == [
        (("w1",), "load kernel modules ip_vs")
    ]


def test_what_forbids_a_run_is_told():
    found = sites.converged_site()
    found["w2"]["observation"]["system"]["disk_free_mib"] = 5
    report = plan(found).hosts["m1"].report_status
    assert report.problems == (
        "host-disk: w2: found 5 MiB free in /var; expected at least 2000 MiB. Make room in /var, or give it a larger "
        "disk",
    )
    assert report.pending == ()


def test_input_that_makes_no_sense_is_told_and_nothing_planned():
    wrong = Problem(code=Code.SETTING_UNKNOWN, where="dockker_version", found="a typo", expected="none", fix="Fix it")
    found = sites.converged_site()
    found["w1"]["observation"]["modules"]["ip_vs"] = "available"
    report = plan(found, wrong).hosts["m1"].report_status
    assert (report.problems, report.pending) == ((str(wrong),), ())


@pytest.mark.parametrize(
    ("lifetime", "days", "told_of"),
    [(3650, 29, True), (3650, 31, False), (90, 25, False), (90, 20, True), (0, 0, False)],
)
def test_certificate_that_ends_soon_is_told(lifetime, days, told_of):
    found = sites.converged_site()
    one = found["m1"]["observation"]
    end = one["system"]["time"] + days * 86400
    one["registry_certificate"] = [end - lifetime * 86400, end] if lifetime else []
    problems = plan(found).hosts["m1"].report_status.problems
    assert [problem.startswith("registry-certificate: reg:5000: ") for problem in problems] == [True] * told_of


def test_host_that_is_away_is_told_and_ends_nothing():
    made = plan(sites.converged_site() | {"w2": LOST})
    assert "w2" in made.hosts["m1"].report_status.hosts
    assert made.phases()[Phase.UNREACHABLE] == []


def test_hosts_without_a_swarm_tell_nothing():
    found = {name: {**host, "observation": sites.bare("10.0.0.9")} for name, host in sites.converged_site().items()}
    assert told(plan(found).problems) == ["swarm-without-manager: m1"]


@pytest.mark.parametrize("state", ["away", "stopped"])
def test_why_no_manager_answers_is_told(state):
    found = sites.converged_site()
    if state == "away":
        found["m1"] = LOST
    else:
        found["m1"]["observation"]["nodes"] = None
        found["m1"]["observation"]["swarm"]["state"] = "stopped"
    code = {"away": "host-not-observed", "stopped": "engine-stopped"}[state]
    assert told(plan(found).problems) == ["swarm-without-manager: m1", f"{code}: m1"]
