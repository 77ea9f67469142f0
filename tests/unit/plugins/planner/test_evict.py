"""An eviction: who is cut off, what is rotated, and what forbids it."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from test_firewall_plan import guarded

from tests.support.problems import told

GONE = "10.0.0.4"
WITH_SECRET = f"{sites.STACK_TEXT}secrets: {{redis_password: {{external: true, name: '${{REDIS_PASSWORD_SECRET}}'}}}}\n"


def site(**changes):
    """A site that has taken w3 out of its inventory."""
    found = sites.site(**{key: changes.pop(key) for key in ("managers", "workers") if key in changes})
    found.update(intent="evict", evict=changes.pop("evict", {"host": "host-4"}))
    found["stacks"][0].update(text=WITH_SECRET, **changes)
    return found


def hosts(role="worker", **changes):
    """Hosts whose managers have a node more than the inventory has hosts, with a task of the web service."""
    found = guarded(1, 2, 3, 4)
    managing = found["m1"]["observation"]
    managing["nodes"].append(sites.node(4, role, **changes))
    stack = managing["stacks"]["hello"]
    (secret,) = stack["secrets"]
    names = {"WEB_IMAGE": "reg:5000/hello@sha256:d", "REDIS_IMAGE": "reg:5000/redis@sha256:d"}
    text = sites.render(WITH_SECRET, {**names, "REDIS_PASSWORD_SECRET": secret})
    stack["record"]["file"] = stack["releases"][0]["file"] = text
    stack["services"]["web"]["tasks"][-1]["node"] = "node-4"
    for spec in (stack["services"]["web"]["spec"], stack["record"]["specs"]["web"]):
        spec["UpdateConfig"] = {"Order": "start-first"}
    return found


def begun(found, manager=False):
    """The same where a run was killed once the node was gone."""
    managing = found["m1"]["observation"]
    managing["nodes"] = managing["nodes"][:3]
    managing["eviction"] = {"host": "host-4", "address": GONE, "node": "node-4", "manager": manager}
    managing["eviction"]["created"] = "2026-03"
    return found


def plan(found=None, passed=None, **changes):
    return sites.make_plan(site(**changes), found or hosts(), passed=passed)


def test_host_is_cut_off_first_and_then_all_that_it_could_read_is_rotated():
    made = plan()
    assert told(made["problems"]) == []
    assert sites.of_phase(made, "evict") == {
        "m1": {
            "host": "host-4",
            "address": GONE,
            "was_manager": False,
            "id": "node-4",
            "node": "node-4",
            "demote": False,
            "moves": [{"stack": "hello", "service": "web", "timeout": 180}],
            "rotate_ca": False,
        }
    }
    order = list(Phase)
    assert sites.phases(made, "m1")[:2] == ["lock", "evict"]
    assert order.index(Phase.EVICT) < order.index(Phase.OPEN_FIREWALL) < order.index(Phase.DEPLOY)
    assert sites.of_phase(made, "serve_registry") == {"m1": {"packages": [], "restart": False, "renew": True}}
    assert sites.of_phase(made, "log_in").keys() == {"m1", "w1", "w2"}
    assert [secret["name"] for secret in sites.deploy(made)["secrets"]] == ["redis_password"]
    assert sites.deploy(made)["secrets"][0]["object"] != "hello_redis_password_1"
    assert "give its services the new login of the registry" in sites.acts(made, "m1", "stack")


def test_its_address_is_no_members_any_more():
    opened = sites.of_phase(plan(), "open_firewall")
    assert opened.keys() == {"m1", "w1", "w2"}
    texts = [file["text"] for each in opened.values() for file in each["files"].values()]
    assert any("10.0.0.3" in text for text in texts)
    assert not any(GONE in text for text in texts)


def test_end_tells_what_was_rotated_and_what_was_not():
    (end,) = sites.of_phase(plan(secrets=["redis_password", "mine"], values={"mine": "x"}), "end_eviction").values()
    assert end["host"] == "host-4"
    assert any("secret redis_password of stack hello" in text for text in end["done"])
    assert any("reg:5000" in text for text in end["done"])
    assert any("whose value you gave: mine" in text for text in end["yours"])
    assert any("36 hours" in text for text in end["stays"])
    assert any("certificate of its node" in text for text in end["stays"])


def test_manager_is_demoted_and_the_ca_rotated():
    found = hosts("manager")
    found["m1"]["observation"]["nodes"][1].update(role="manager", reachability="reachable")
    found["w1"]["observation"]["swarm"].update(manager=True, cluster_id="cluster-1")
    made = plan(found, managers=["m1", "w1"], workers=["w2"])
    assert told(made["problems"]) == []
    (evict,) = sites.of_phase(made, "evict").values()
    assert (evict["demote"], evict["rotate_ca"], evict["was_manager"]) == (True, True, True)
    (end,) = sites.of_phase(made, "end_eviction").values()
    assert end["awaits_ca"]
    assert not any("certificate of its node" in text for text in end["stays"])


def test_killed_run_is_completed_by_the_next_one_which_reads_what_it_was():
    made = plan(begun(hosts(), manager=True))
    (evict,) = sites.of_phase(made, "evict").values()
    assert (evict["node"], evict["moves"], evict["rotate_ca"], evict["address"]) == ("", [], True, GONE)
    assert sites.of_phase(made, "end_eviction")


def test_plan_behind_the_cut_does_not_cut_again():
    made = plan(begun(hosts()), passed=Phase.OBSERVE_IMAGES)
    assert sites.of_phase(made, "evict") == {}
    assert sites.of_phase(made, "serve_registry") == {}
    assert sites.of_phase(made, "end_eviction").keys() == {"m1"}
    assert sites.deploy(made)["secrets"]


def test_site_tells_of_an_eviction_that_has_not_ended():
    made = sites.make_plan({**site(), "intent": "site"}, begun(hosts()))
    assert any("playbooks/evict.yml -e host=node-4" in note for note in made["notes"])


@pytest.mark.parametrize("name", ["host-4", "node-4", GONE])
def test_node_is_named_as_managers_do(name):
    made = sites.make_plan({**site(), "evict": {"host": name}}, hosts())
    assert sites.of_phase(made, "evict")["m1"]["node"] == "node-4"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "setting-missing: host"),
        ("host-5", "setting-invalid: host"),
        ("host-3", "evict-impossible: host, w2"),
        ("10.0.0.1", "evict-impossible: host, m1"),
    ],
)
def test_other_names_are_refused_before_anything_is_changed(name, problem):
    made = sites.make_plan({**site(), "evict": {"host": name}}, hosts())
    assert problem in told(made["problems"])
    assert made["hosts"] == {}


def test_name_of_two_nodes_is_refused():
    assert told(plan(hosts(hostname="host-3"))["problems"]) == ["setting-invalid: host"]
    found = hosts(hostname="host-3")
    made = sites.make_plan({**site(), "evict": {"host": "host-3"}}, found)
    assert told(made["problems"]) == ["setting-invalid: host"]


def test_another_eviction_is_ended_first():
    made = sites.make_plan({**site(), "evict": {"host": "host-3"}}, begun(hosts()))
    assert told(made["problems"]) == ["evict-impossible: host"]


def test_manager_that_the_majority_needs_stays():
    assert told(plan(hosts("manager"))["problems"]) == []
    found = hosts("manager")
    found["m1"]["observation"]["nodes"][1].update(role="manager", reachability="unreachable")
    assert "majority-at-risk" in told(plan(found)["problems"])


def test_hosts_data_is_lost_by_its_name_alone():
    found = hosts(labels={"flotilla.volume.hello_redis-data": "true"})
    found["m1"]["observation"]["nodes"][1]["labels"] = {}
    found["w1"]["observation"]["volumes"] = {}
    assert told(plan(found)["problems"]) == ["node-has-data"]
    made = plan(found, lost=["hello_redis-data"])
    assert told(made["problems"]) == []
    assert sites.labels(made, "w1") == {"flotilla.volume.hello_redis-data": "true"}
    assert "let redis start empty, as its data is lost" in sites.acts(made, "m1", "stack")


def test_registry_on_that_host_is_moved_first():
    found = site()
    found.update(registry_host="", registry_url=f"{GONE}:5000")
    assert "evict-impossible: host" in told(sites.make_plan(found, hosts())["problems"])


def test_account_of_another_registry_is_the_users():
    found = site()
    found.update(registry_host="", registry_url="reg:5000")
    (end,) = sites.of_phase(sites.make_plan(found, hosts()), "end_eviction").values()
    assert any("flotilla at reg:5000" in text for text in end["yours"])
    assert not any("reg:5000" in text for text in end["done"])


def test_stack_that_was_rolled_back_keeps_its_secrets_and_that_is_told():
    found = hosts()
    running = found["m1"]["observation"]["stacks"]["hello"]
    running["releases"].append({**running["releases"][0], "number": 2, "rollback_to": 1})
    made = plan(found)
    assert told(made["problems"]) == []
    (end,) = sites.of_phase(made, "end_eviction").values()
    assert any("which was rolled back: redis_password" in text for text in end["yours"])
    assert not any("secret redis_password" in text for text in end["done"])


def test_hosts_that_let_it_in_still_are_named():
    found = hosts()
    for name, change in (("w1", {"trusted": ["10.0.0.0/24"]}), ("w2", {"enabled": False})):
        found[name]["desired"]["firewall"] = {**found[name]["desired"]["firewall"], **change}
    (end,) = sites.of_phase(plan(found), "end_eviction").values()
    assert any("firewall_trusted of w1" in text for text in end["yours"])
    assert any("the firewall of w2 (firewall_enabled is false)" in text for text in end["yours"])


def test_without_the_registry_the_host_is_cut_off_and_the_rest_is_left_to_the_next_run():
    found = hosts()
    found["m1"]["observation"]["nodes"][1].update(role="manager", reachability="reachable")
    found["w1"]["observation"] |= {
        "nodes": found["m1"]["observation"].pop("nodes"),
        "stacks": found["m1"]["observation"].pop("stacks"),
    }
    found["w1"]["observation"]["swarm"].update(manager=True, cluster_id="cluster-1")
    found["m1"] = {"desired": found["m1"]["desired"], "unreachable": "no route to host"}
    made = plan(found, managers=["m1", "w1"], workers=["w2"])
    assert told(made["problems"]) == []
    assert sites.of_phase(made, "evict").keys() == {"w1"}
    (note,) = sites.plan(site(managers=["m1", "w1"], workers=["w2"]), found).hosts["w1"].notes
    assert note.endswith("once it is back: playbooks/evict.yml -e host=node-4")
    assert sites.of_phase(made, "end_eviction") == {}
    assert "unreachable" in made["hosts"]["m1"]


def test_stack_that_does_not_run_is_not_deployed():
    found = hosts()
    found["m1"]["observation"]["stacks"] = sites.set_up_site()["m1"]["observation"]["stacks"]
    made = plan(found)
    assert told(made["problems"]) == []
    assert sites.of_phase(made, "deploy") == {}
    (end,) = sites.of_phase(made, "end_eviction").values()
    assert not any("redis_password" in text for text in (*end["done"], *end["yours"]))


def test_other_host_with_the_name_of_one_that_was_cut_off_stays():
    found = begun(hosts())
    found["m1"]["observation"]["nodes"].append({**sites.node(5, "worker"), "hostname": "host-4"})
    for name in ("host-4", "node-4"):
        made = sites.make_plan({**site(), "evict": {"host": name}}, found)
        assert told(made["problems"]) == []
        (evict,) = sites.of_phase(made, "evict").values()
        assert (evict["node"], evict["id"], evict["moves"]) == ("", "node-4", [])


def test_node_without_an_address_is_not_who_nobody_named():
    made = sites.make_plan({**site(), "evict": {"host": ""}}, hosts(address=""))
    assert told(made["problems"]) == ["setting-missing: host"]


def test_ca_is_not_awaited_of_nodes_that_are_down_and_they_are_named():
    found = hosts()
    found["m1"]["observation"]["nodes"][2]["state"] = "down"
    (end,) = sites.of_phase(plan(found, evict={"host": "host-4", "rotate_ca": True}), "end_eviction").values()
    assert not end["awaits_ca"]
    assert any("until host-3 is back" in text for text in end["yours"])


def test_rotation_that_had_begun_before_is_made_once_more():
    found = hosts()
    stack = found["m1"]["observation"]["stacks"]["hello"]
    (old,) = stack["secrets"]
    known = "hello_redis_password_2"
    stack["secrets"][known] = {**stack["secrets"][old], "created": "2026-02"}
    stack["secret_names"] = [*stack.get("secret_names", ()), known]
    container = {"ContainerSpec": {"Secrets": [{"SecretName": known}]}}
    for spec in (stack["services"]["web"]["spec"], stack["record"]["specs"]["web"]):
        spec["TaskTemplate"] = container
    for change in (lambda given: given, begun):
        (new,) = sites.deploy(plan(change(found)))["secrets"]
        assert new["object"] not in (old, known)
    # One of the eviction itself ends.
    stack["secrets"][known]["created"] = "2026-04"
    assert sites.deploy(plan(found))["secrets"] == []


def test_both_accounts_of_another_registry_are_the_users():
    found = site()
    found.update(registry_host="", registry_url="reg:5000")
    found["registry"]["accounts"] = {"push": "flotilla", "pull": "pulls"}
    (end,) = sites.of_phase(sites.make_plan(found, hosts()), "end_eviction").values()
    assert any("the password of pulls and of flotilla at reg:5000" in text for text in end["yours"])


def test_leader_is_told():
    (note,) = sites.plan(site(), hosts("manager", leader=True, reachability="reachable")).hosts["m1"].notes
    assert note.startswith("host-4 leads the swarm and may refuse all this")


def test_eviction_waits_for_no_disk():
    found = hosts()
    found["w1"]["observation"]["system"]["disk_free_mib"] = 10
    assert told(plan(found)["problems"]) == []
