"""Who is kept out, and when: rules follow the inventory and the swarm, before hosts join and after they have left."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts import firewall
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase

from tests.support.problems import told

PATHS = ("/etc/flotilla/firewall", "/etc/flotilla/firewall.rules", "/etc/flotilla/firewall6.rules")
UNIT = "/etc/systemd/system/flotilla-firewall.service"
LET_IN = ["let members of the swarm alone reach its ports and its registry"]
OFF = "take the firewall off (firewall_enabled is false)"


def asked(found, **settings):
    """Ask all hosts about the firewall; none has one yet."""
    role = {
        "enabled": True,
        "trusted": [],
        "packages": [],
        "files": {path: {"text": "", "mode": "0644"} for path in (*PATHS, UNIT)},
        "services": ["flotilla-firewall"],
        **settings,
    }
    for host in found.values():
        host["desired"]["firewall"] = role
        if "observation" in host:
            host["observation"]["files"] |= dict.fromkeys((*PATHS, UNIT))
            host["observation"]["services"]["flotilla-firewall"] = {
                "active": False,
                "failed": False,
                "enabled": False,
                "started": 0,
                "replaced": False,
            }
    return found


def keep(found, name, rules):
    """Let a host have these rules, in its files and in its kernel."""
    observed = found[name]["observation"]
    texts = {PATHS[0]: "", PATHS[1]: firewall.text_of(rules, 4), PATHS[2]: firewall.text_of(rules, 6), UNIT: ""}
    observed["files"] |= {path: sites.file_of(text) for path, text in texts.items()}
    observed["services"]["flotilla-firewall"].update(active=True, enabled=True)
    observed["own_rules"] = {"ipv4": firewall.digest_of(rules, 4), "ipv6": firewall.digest_of(rules, 6)}


def rules(*numbers, serves=False):
    members = tuple(f"10.0.0.{number}" for number in numbers)
    return firewall.Rules(
        members=members,
        trusted=(),
        is_member=True,
        data_port=4789,
        registry="10.0.0.1",
        ports=(5000, 5001),
        serves=serves,
    )


def guarded(*numbers, **settings):
    """A converged site whose hosts let these members in."""
    found = asked(sites.converged_site(), **settings)
    for name in found:
        keep(found, name, rules(*numbers, serves=name == "m1"))
    return found


def changes(plan, phase):
    return {name: [change.text for change in host.changes.get(phase, ())] for name, host in plan.hosts.items()}


def test_rules_that_are_as_they_should_be_are_left():
    plan = sites.plan(sites.site(), guarded(1, 2, 3))
    assert not plan.has_changes


@pytest.mark.parametrize("kernel", [{"ipv4": "", "ipv6": ""}, {"ipv4": "other"}, {"ipv4": None, "ipv6": None}])
def test_rules_that_the_kernel_has_lost_are_set_again(kernel):
    found = guarded(1, 2, 3)
    found["w1"]["observation"]["own_rules"].update(kernel)
    plan = sites.plan(sites.site(), found)
    assert changes(plan, Phase.OPEN_FIREWALL) == {"m1": [], "w1": LET_IN, "w2": []}


def test_a_kernel_without_ipv6_needs_no_rules_for_it():
    found = guarded(1, 2, 3)
    found["w1"]["observation"]["own_rules"]["ipv6"] = None
    assert not sites.plan(sites.site(), found).has_changes


def test_port_of_overlay_networks_is_what_managers_say():
    found = guarded(1, 2, 3)
    found["m1"]["observation"]["swarm"]["data_port"] = 7777
    plan = sites.plan(sites.site(), found)
    assert all(changes(plan, Phase.OPEN_FIREWALL).values())
    text = plan.hosts["w1"].open_firewall.files[PATHS[1]].text
    assert ("--dport 7777" in text, "--dport 4789" in text) == (True, False)


def test_who_joins_is_let_in_before():
    found = guarded(1, 2)
    found["w2"] = {"desired": found["w2"]["desired"], "observation": sites.bare("10.0.0.3")}
    asked({"w2": found["w2"]})
    found["m1"]["observation"]["nodes"] = found["m1"]["observation"]["nodes"][:2]
    found["w2"]["observation"]["reach"] = {"10.0.0.1:2377": "timed out", "10.0.0.1:5000": "timed out"}
    plan = sites.plan(sites.site(), found)
    assert plan.problems == ()
    opened = {name: host.open_firewall for name, host in plan.hosts.items()}
    assert all("-s 10.0.0.3/32 -j RETURN" in each.files[PATHS[1]].text for each in opened.values())
    assert plan.hosts["w2"].join_workers
    assert Phase.JOIN_MANAGERS.comes_after(Phase.OPEN_FIREWALL) and Phase.JOIN_WORKERS.comes_after(Phase.OPEN_FIREWALL)


def test_who_is_let_in_already_and_reaches_nobody_is_told():
    found = guarded(1, 2, 3)
    found["w2"]["observation"] = sites.bare("10.0.0.3")
    asked({"w2": found["w2"]})
    found["m1"]["observation"]["nodes"] = found["m1"]["observation"]["nodes"][:2]
    found["w2"]["observation"]["reach"] = {"10.0.0.1:2377": "timed out"}
    plan = sites.plan(sites.site(), found)
    assert told(plan.problems) == ["peer-unreachable: m1 at 10.0.0.1, port 2377/tcp, w2"]


def test_who_retires_is_kept_out_after_and_keeps_nobody_out():
    plan = sites.plan(sites.site(workers=("w1",), retire=("w2",)), guarded(1, 2, 3))
    left = ["keep out who has left: 10.0.0.3"]
    assert changes(plan, Phase.OPEN_FIREWALL) == {"m1": [], "w1": [], "w2": []}
    assert changes(plan, Phase.CLOSE_FIREWALL) == {"m1": left, "w1": left, "w2": []}
    assert changes(plan, Phase.REMOVE_FIREWALL)["w2"] == ["take the firewall off (it is no member)"]
    assert "10.0.0.3" not in plan.hosts["w1"].close_firewall.files[PATHS[1]].text


def test_a_member_that_is_away_or_in_no_inventory_is_let_in():
    found = guarded(1, 2, 3)
    found["w2"] = {"desired": {"swarm": {"ansible_host": "w2.example.com"}}, "unreachable": "no route to host"}
    plan = sites.plan(sites.site(), found)
    assert changes(plan, Phase.OPEN_FIREWALL) == {"m1": [], "w1": [], "w2": []}
    del found["w2"]
    assert not sites.plan(sites.site(workers=("w1",)), found).hosts["w1"].open_firewall


def test_one_setting_takes_it_off():
    plan = sites.plan(sites.site(), guarded(1, 2, 3, enabled=False))
    assert changes(plan, Phase.REMOVE_FIREWALL) == {"m1": [OFF], "w1": [OFF], "w2": [OFF]}
    assert plan.hosts["w1"].remove_firewall.paths == (*PATHS, UNIT)
    assert not sites.plan(sites.site(), asked(sites.converged_site(), enabled=False)).has_changes


def test_a_firewall_of_the_hosts_own_that_keeps_strangers_out_is_left_to_do_so():
    found = guarded(1, 2, 3)
    allow = {"allow": True, "protocol": "any", "port": "any", "source": "10.0.0.0/24"}
    found["w1"]["observation"]["firewall"] = {"kind": "ufw", "incoming": "deny", "rules": [allow]}
    plan = sites.plan(sites.site(), found)
    assert changes(plan, Phase.REMOVE_FIREWALL) == {
        "m1": [],
        "w1": ["take the firewall off (ufw keeps strangers out)"],
        "w2": [],
    }
    found["w1"]["observation"]["firewall"]["incoming"] = "allow"
    assert not sites.plan(sites.site(), found).has_changes


def test_reset_takes_it_off():
    plan = sites.plan({**sites.site(), "intent": "reset"}, guarded(1, 2, 3))
    assert changes(plan, Phase.REMOVE_FIREWALL)["w1"] == ["take the firewall off (the swarm goes)"]


def test_role_alone_sets_rules_and_does_nothing_else():
    found = asked(sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address)))
    plan = sites.plan({**sites.site(), "intent": "firewall"}, found)
    assert plan.problems == ()
    assert {phase for host in plan.hosts.values() for phase in host.phases} == {Phase.OPEN_FIREWALL}


def test_role_alone_cuts_no_member_off_whose_address_nobody_tells():
    found = guarded(1, 2, 3)
    found["m1"] = {"desired": found["m1"]["desired"], "unreachable": "no route to host"}
    plan = sites.plan({**sites.site(), "intent": "firewall"}, found)
    assert told(plan.problems) == ["swarm-without-manager: m1"]


def test_host_that_is_to_retire_leaves_by_a_reset_too():
    plan = sites.plan({**sites.site(workers=("w1",), retire=("w2",)), "intent": "reset"}, guarded(1, 2, 3))
    assert changes(plan, Phase.LEAVE_WORKERS)["w2"] == ["leave the swarm"]


@pytest.mark.parametrize("text", ["example.com", "0.0.0.0/0", "10.0.0.300"])
def test_who_is_trusted_is_given_by_addresses(text):
    plan = sites.plan(sites.site(), guarded(1, 2, 3, trusted=[text]))
    assert told(plan.problems) == ["setting-invalid: firewall_trusted, m1, w1, w2"]


def test_visitors_reach_what_is_described_and_what_runs():
    found = guarded(1, 2, 3, visitors=["203.0.113.0/24"])
    # Of a stack that the inventory has no more, too.
    found["m1"]["observation"]["published"] = sites.published("4000/tcp", "53/udp")
    plan = sites.plan(sites.site(), found)
    assert plan.problems == ()
    text = plan.hosts["w1"].open_firewall.files[PATHS[1]].text
    for port in ("udp --dport 53", "tcp --dport 4000"):
        assert f"{port} -m addrtype --dst-type LOCAL -j FLOTILLA-VISITORS" in text
    assert "-A FLOTILLA-VISITORS -s 203.0.113.0/24 -j RETURN" in text
    assert "let 203.0.113.0/24 and members alone reach 4000/tcp, 53/udp" in changes(plan, Phase.OPEN_FIREWALL)["w1"]


def test_deploy_alone_opens_no_port_to_everybody():
    found = guarded(1, 2, 3, visitors=["203.0.113.0/24"])
    plan = sites.plan({**sites.site(), "intent": "deploy"}, found)
    assert [*changes(plan, Phase.OPEN_FIREWALL)["w1"]][-1].endswith("and members alone reach 4000/tcp")


def test_visitors_are_given_by_addresses_and_kept_out_by_rules():
    plan = sites.plan(sites.site(), guarded(1, 2, 3, visitors=["example.com"]))
    assert told(plan.problems) == ["setting-invalid: firewall_visitors, m1, w1, w2"]
    plan = sites.plan(sites.site(), guarded(1, 2, 3, visitors=["203.0.113.7"], enabled=False))
    assert told(plan.problems) == ["setting-conflict: firewall_visitors, m1, w1, w2"]
    found = guarded(1, 2, 3, visitors=["203.0.113.7"])
    rules = [{"allow": True, "protocol": "any", "port": "any", "source": "0.0.0.0/0"}]
    found["w1"]["observation"]["firewall"] = {"kind": "ufw", "incoming": "deny", "rules": rules}
    assert told(sites.plan(sites.site(), found).problems) == ["setting-conflict: firewall_visitors, w1"]


def test_who_is_to_retire_keeps_strangers_out_until_it_has_left():
    found = guarded(1, 2, 3)
    assert not sites.plan({**sites.site(workers=("w1",), retire=("w2",)), "intent": "firewall"}, found).has_changes


def test_who_left_before_the_run_was_planned_again_is_kept_out_at_its_end():
    found = guarded(1, 2, 3, 4)
    made = sites.make_plan(sites.site(), found, passed=Phase.OBSERVE_IMAGES)
    assert sites.of_phase(made, "open_firewall") == {}
    closed = sites.of_phase(made, "close_firewall")
    assert closed.keys() == {"m1", "w1", "w2"}
    assert "10.0.0.4" not in closed["w1"]["files"][PATHS[1]]["text"]


def test_lists_of_packages_are_fetched_for_what_is_missing_alone():
    found = guarded(1, 2, 3, packages=["iptables"])
    found["w1"]["observation"]["own_rules"] = {"ipv4": "", "ipv6": ""}
    for host in found.values():
        host["observation"]["packages"]["iptables"] = "1.8"
    assert sites.plan(sites.site(), found).hosts["w1"].open_firewall.packages == ()
    found["w1"]["observation"]["packages"]["iptables"] = None
    assert sites.plan(sites.site(), found).hosts["w1"].open_firewall.packages == ("iptables",)
