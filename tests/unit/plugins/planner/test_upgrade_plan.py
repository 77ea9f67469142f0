"""Upgrades: which hosts get what, in which order, and whose tasks are moved before."""

import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner import upgrade
from sites import acts, of_phase, phases
from test_rolling import stale_site

from tests.support.problems import told


def upgradable(**hosts):
    """A converged site in which hosts have newer packages, or ask for a reboot."""
    found = stale_site()
    for name, (packages, reboot) in hosts.items():
        found[name]["observation"]["upgrades"] = {"packages": packages, "reboot": reboot}
    return found


def make_plan(found):
    return sites.make_plan(dict(sites.site(), intent="upgrade"), found)


def test_nothing_newer_is_nothing_to_do():
    plan = make_plan(upgradable(w1=({}, "")))
    assert not plan["changes"]
    assert phases(plan, "m1") == ["report"]
    assert plan["notes"] == [upgrade.NOTHING_NEWER]


def test_packages_without_a_part_in_the_engine_leave_tasks_where_they_are():
    plan = make_plan(upgradable(w2=({"curl": "8.2", "bash": "5.3"}, "")))
    assert acts(plan, "w2") == ["upgrade bash to 5.3", "upgrade curl to 8.2"]
    planned = of_phase(plan, "upgrade")["w2"]
    assert planned["upgrades"] == ["bash=5.3", "curl=8.2"]
    assert (planned["reboot"], planned["turn"]["node"], planned["turn"]["redirects"]) == (False, "", [])
    assert planned["turn"]["lock"] == "m1"
    assert plan["notes"] == []
    assert phases(plan, "m1") == ["lock", "check_services", "check_page", "unlock", "report"]


def test_what_stops_containers_moves_them_before():
    for packages, reboot in (({"containerd": "2"}, ""), ({"docker.io": "27"}, ""), ({}, "linux-image asks for it")):
        turn = of_phase(make_plan(upgradable(w2=(packages, reboot))), "upgrade")["w2"]["turn"]
        assert [move["service"] for move in turn["moves"]] == ["web"]
        assert turn["redirects"] == ["10.0.0.1", "10.0.0.2"]


def test_engine_is_restarted_where_its_package_is_upgraded_or_was_so_after_it_started():
    found = upgradable(w1=({"docker.io": "27"}, ""), w2=({}, ""), m1=({"curl": "8"}, ""))
    found["w2"]["observation"]["services"]["docker"]["replaced"] = True
    plan = make_plan(found)
    upgrades = of_phase(plan, "upgrade")
    assert {name: each["restart"] for name, each in upgrades.items()} == {"m1": False, "w1": True, "w2": True}
    assert acts(plan, "w2") == ["restart docker, whose package was upgraded after it started"]
    assert [move["service"] for move in upgrades["w2"]["turn"]["moves"]] == ["web"]
    found["w2"]["observation"]["upgrades"]["reboot"] = "linux-image asks for it"
    plan = make_plan(found)
    assert acts(plan, "w2") == ["reboot (linux-image asks for it)"]
    assert not of_phase(plan, "upgrade")["w2"]["restart"]


def test_hosts_have_their_turns_and_a_host_without_upgrades_has_none():
    found = upgradable(m1=({"runc": "2"}, ""), w1=({"runc": "2"}, ""), w2=({}, "it asks for it"))
    made = sites.plan(dict(sites.site(), intent="upgrade"), found)
    assert made.phases()["upgrade"] == ["w2", "w1", "m1"]
    assert made.hosts["w1"].notes == ("hello_redis stops while the host is changed (its data is there)",)
    assert made.notes == ("hosts are changed one after another: w2, w1, m1",)
    assert made.hosts["w2"].upgrade.reboot


def test_state_of_the_swarm_is_kept_where_a_manager_gets_another_engine():
    found = upgradable(m1=({"docker.io": "27"}, ""), w1=({"docker.io": "27"}, ""), w2=({"curl": "8.2"}, ""))
    upgrades = of_phase(make_plan(found), "upgrade")
    assert {name: each["keep_swarm"] for name, each in upgrades.items()} == {
        "m1": "/var/lib/docker/swarm",
        "w1": "",
        "w2": "",
    }
    assert of_phase(make_plan(upgradable(m1=({"curl": "8"}, ""))), "upgrade")["m1"]["keep_swarm"] == ""


def test_what_forbids_a_run_forbids_upgrades():
    found = upgradable(w2=({"runc": "2"}, ""))
    found["w1"]["observation"]["system"]["memory_mib"] = 10
    assert told(make_plan(found)["problems"]) == ["host-memory: w1"]


def test_an_interrupted_installation_of_any_package_is_finished_in_its_hosts_turn():
    found = upgradable(w1=({"curl": "8.2"}, ""))
    found["w1"]["observation"]["interrupted"] = ["bash"]
    found["m1"]["observation"]["interrupted"] = ["docker.io"]
    found["m1"]["observation"]["upgrades"] = {"packages": {}, "reboot": "", "unknown": "E: Unmet dependencies"}
    plan = make_plan(found)
    upgrades = of_phase(plan, "upgrade")
    assert acts(plan, "w1") == ["finish the interrupted installation of bash", "upgrade curl to 8.2"]
    assert (upgrades["w1"]["finish_installation"], upgrades["w1"]["turn"]["node"]) == (True, "")
    assert acts(plan, "m1") == ["finish the interrupted installation of docker.io"]
    # The engine restarts, and the state was copied aside before that was begun.
    assert (upgrades["m1"]["turn"]["node"], upgrades["m1"]["keep_swarm"]) == ("node-1", "")
    (note,) = [
        note for note in sites.plan(dict(sites.site(), intent="upgrade"), found).hosts["m1"].notes if "apt" in note
    ]
    assert note.startswith("m1: apt tells its newer versions once that is finished")
    assert note.endswith("E: Unmet dependencies)")


def test_a_stopped_engine_is_left_to_site():
    found = upgradable()
    found["m1"]["observation"].update(engine=None, swarm=dict(sites.bare("x")["swarm"], state="stopped"))
    (problem,) = sites.make_plan(dict(sites.site(), intent="upgrade"), found)["problems"]
    assert told([problem]) == ["engine-stopped: m1"]
    assert "then this again" in problem.fix
