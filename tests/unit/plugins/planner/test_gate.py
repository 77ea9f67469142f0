"""What the gate at the end of a run judges: what runs, and what the run makes of it."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.request import Backup
from sites import acts, of_phase, phases

from tests.support.problems import told

PAGE = {"port": 4000, "path": "/healthz", "visits": 1, "ready_path": "/readyz"}
SHOP = PAGE | {"port": 4001}
EMPTY = {"services": {}, "secrets": {}, "secret_names": [], "releases": [], "record": None}


def plan(found, intent, site=None, **changes):
    made = sites.make_plan({**(site or sites.site_of_two()), "intent": intent, **changes}, found)
    assert told(made["problems"]) == []
    return made


def never_deployed():
    """A site whose inventory has a stack that nobody has deployed yet."""
    found = sites.converged_site_of_two()
    found["m1"]["observation"]["stacks"]["shop"].update(EMPTY)
    found["m1"]["observation"]["nodes"][2]["labels"] = {}
    for host in found.values():
        host["observation"]["pages"]["shop"] = "refused"
    found["w2"]["observation"]["volumes"] = {}
    return found


def with_work(found):
    """Give each playbook something to do: an upgrade, an older release, a deploy that was changed manually."""
    found["w1"]["observation"]["upgrades"] = {"packages": {"curl": "8"}, "reboot": ""}
    hello = found["m1"]["observation"]["stacks"]["hello"]
    hello["releases"].insert(0, {**hello["releases"][0], "number": 0, "file": hello["record"]["file"] + "x-old: 1\n"})
    web = hello["services"]["web"]
    for spec in (web["spec"], hello["record"]["specs"]["web"]):
        spec["UpdateConfig"] = {"Order": "start-first"}
    web["spec"]["Labels"] = {"by": "hand"}
    for task in web["tasks"]:
        task["node"] = "node-1"
    return found


def judged(made):
    """The stacks whose services are judged, and the port of each page, the same through all nodes."""
    (checks,) = of_phase(made, "check_services").values()
    pages = of_phase(made, "check_page")
    assert [*pages] == ["m1", "w1", "w2"]
    assert len({str(each) for each in pages.values()}) == 1
    ports = {stack: page["port"] for stack, page in pages["m1"]["pages"].items()}
    return [check["stack"] for check in checks["checks"]], ports


OF_ONE = [("upgrade", []), ("rollback", ["hello"]), ("deploy", ["hello"]), ("rebalance", [])]


@pytest.mark.parametrize(("intent", "chosen"), OF_ONE)
def test_stack_that_nobody_has_deployed_is_not_waited_for(intent, chosen):
    made = plan(with_work(never_deployed()), intent, chosen=chosen)
    assert judged(made) == (["hello"], {"hello": 4000})
    assert "wait for the page" not in str(acts(made, "w2"))


@pytest.mark.parametrize(("intent", "chosen"), OF_ONE)
def test_stack_that_was_edited_is_judged_as_it_was_deployed(intent, chosen):
    site = sites.site_of_two()
    site["stacks"][1]["text"] = sites.SHOP_TEXT.replace("4001", "4002")
    found = with_work(sites.converged_site_of_two())
    assert judged(plan(found, intent, site, chosen=chosen)) == (["hello", "shop"], {"hello": 4000, "shop": 4001})


def test_stack_that_is_deployed_is_judged_as_it_will_be():
    site = sites.site_of_two()
    site["stacks"][1]["text"] = sites.SHOP_TEXT.replace("4001", "4002")
    made = plan(sites.converged_site_of_two(), "deploy", site, chosen=["shop"])
    assert judged(made) == (["hello", "shop"], {"hello": 4000, "shop": 4002})
    assert judged(plan(never_deployed(), "site"))[0] == ["hello", "shop"]


def test_nothing_is_deployed_without_the_registry_so_what_runs_is_judged():
    site, found = sites.site_of_two(workers=("w1",)), with_work(sites.converged_site_of_two())
    site.update(registry_host="r1")
    site["stacks"][0]["text"] = sites.STACK_TEXT.replace("4000", "4009")
    found["r1"] = {"desired": {"swarm": {"ansible_host": "10.0.0.9"}}, "unreachable": "no route to host"}
    ports = of_phase(plan(found, "site", site), "report")["m1"]["ports"]
    assert ports == {"hello": 4000, "shop": 4001}


def test_upgrade_spreads_a_stack_that_was_edited_and_not_deployed():
    found, site = with_work(sites.converged_site_of_two()), sites.site_of_two()
    web = found["m1"]["observation"]["stacks"]["hello"]["services"]["web"]
    web["spec"]["TaskTemplate"]["ContainerSpec"] = {"Healthcheck": {"Test": ["CMD", "true"]}}
    site["stacks"][0].update(spread=True, text=sites.STACK_TEXT + "networks: {}\n")
    site["intent"] = "upgrade"
    made = sites.plan(site, found, passed=Phase.OBSERVE_TASKS)
    assert [each.service for each in made.hosts["m1"].rebalance.services] == ["web"]
    web["tasks"].pop()
    assert not sites.plan(site, found, passed=Phase.OBSERVE_TASKS).hosts["m1"].rebalance


def test_service_whose_data_is_on_a_host_that_is_away_is_not_waited_for():
    found = with_work(sites.converged_site_of_two())
    found["w2"] = {"desired": {"swarm": {"ansible_host": "10.0.0.3"}}, "unreachable": "no route to host"}
    for intent in ("rebalance", "upgrade"):
        made = plan(found, intent)
        (checks,) = of_phase(made, "check_services").values()
        assert {each["stack"]: each["skip_wait_for"] for each in checks["checks"]} == {"hello": [], "shop": ["stock"]}
        assert of_phase(made, "check_page")["w1"] == {"pages": {"hello": PAGE, "shop": SHOP | {"ready_path": ""}}}


def test_host_that_is_no_node_yet_is_not_asked_for_pages():
    found = with_work(sites.converged_site_of_two())
    found["w3"] = {"desired": sites.desired("10.0.0.4"), "observation": sites.bare("10.0.0.4")}
    site = sites.site_of_two(workers=("w1", "w2", "w3"))
    for intent, chosen in (("deploy", ["hello"]), ("rebalance", [])):
        assert [*of_phase(plan(found, intent, site, chosen=chosen), "check_page")] == ["m1", "w1", "w2"]
    assert "w3" in of_phase(plan(found, "site", site), "check_page")


def test_backup_that_stops_services_ends_with_the_gate():
    backup = Backup(folder="/b/new", at="new", source="", key="/b.key")
    made = plan(sites.converged_site_of_two(), "backup", backup=backup)
    assert judged(made) == (["hello", "shop"], {"hello": 4000, "shop": 4001})
    dumping = sites.site_of_two()
    dumping["stacks"][0]["dumps"] = {"redis-data": "dump it"}
    stopping_nothing = plan(sites.converged_site_of_two(), "backup", dumping, backup=backup, chosen=["hello"])
    assert of_phase(stopping_nothing, "check_page") == {}


def test_removal_sees_that_what_stays_serves():
    found = sites.converged_site_of_two()
    found["m1"]["observation"]["kept_stacks"] = ["hello", "shop"]
    made = plan(found, "remove", sites.site(), chosen=["shop"])
    assert judged(made) == (["hello"], {"hello": 4000})
    assert phases(made, "m1")[-4:] == ["forget_stack", "check_services", "check_page", "unlock"]
    found["m1"]["observation"]["stacks"].pop("hello")
    assert of_phase(plan(found, "remove", sites.site(), chosen=["shop"]), "check_page") == {}
