"""What is missing beneath an engine that calls itself ready."""

from dataclasses import replace

import sites
from ansible_collections.flotilla.swarm.plugins.module_utils.observation import Observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts import mesh
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode

HELLO = {"ingress_sbox": ["10.0.0.1", "10.0.0.2", "10.0.0.3"], "lb_webnet": ["10.0.1.1", "10.0.1.2", "10.0.1.3"]}
NOW = 1_800_000_000  # 2027-01-15T08:00:00Z


def found(started=NOW - 100, ingress="net-1", task=None, node=None, mode="vip", service=None, **changes):
    """A worker with one of three web tasks, and the manager."""
    site = sites.converged_site()
    worker, manager = site["w1"]["observation"], site["m1"]["observation"]
    for host in (worker, manager):
        host["system"]["time"] = NOW
    worker["services"]["docker"]["started"] = started
    manager["swarm"]["ingress"] = ingress
    worker["mesh"] = {"forwards": True, "bridge": True, "ports": [4000], "backends": HELLO, **changes}
    manager["nodes"][1].update(node or {})
    web = manager["stacks"]["hello"]["services"]["web"]
    port = {"Protocol": "tcp", "PublishMode": "ingress", "PublishedPort": 4000}
    web["spec"]["EndpointSpec"] = {"Mode": mode, "Ports": [port]}
    web["tasks"] = [
        {
            **sites.task(slot),
            "node": f"node-{slot}",
            "updated": "2027-01-15T07:58:00Z",
            "addresses": {"ingress_sbox": f"10.0.0.{slot}", "lb_webnet": f"10.0.1.{slot}"},
        }
        for slot in (1, 2, 3)
    ]
    web["tasks"][2].update(task or {})
    web.update(service or {})
    read = {name: decode(Observed, host, name) for name, host in (("w1", worker), ("m1", manager))}
    return read["w1"], read["m1"]


def faults(**changes):
    return mesh.faults(*found(**changes))


def doubts(**changes):
    return mesh.doubts(*found(**changes))


def test_whole_mesh_has_no_fault():
    assert faults() == ()


def test_what_is_missing_is_named():
    assert faults(ingress="net-2") == (mesh.OLD_INGRESS,)
    assert faults(ingress="") == (mesh.OLD_INGRESS,)
    assert faults(bridge=False) == ("its bridge docker_gwbridge is gone",)
    assert faults(ports=[]) == ("no rules lead port 4000 to the routing mesh",)
    assert faults(backends={**HELLO, "ingress_sbox": []}) == (
        "its load balancer of the routing mesh lacks 3 of 3 tasks of hello_web",
    )
    assert faults(backends={**HELLO, "lb_webnet": ["10.0.1.1", "10.0.1.3"]}) == (
        "its load balancer of the network lacks 1 of 3 tasks of hello_web",
    )
    assert faults(backends={}) == (
        "its load balancer of the routing mesh lacks 3 of 3 tasks of hello_web",
        "its load balancer of the network lacks 3 of 3 tasks of hello_web",
    )


def test_what_may_be_on_its_way_is_no_fault():
    lost = {"ports": [], "bridge": False, "backends": {}}
    assert faults(**lost) != ()
    assert faults(started=NOW - 30, **lost) == ()
    assert faults(node={"state": "down"}, **lost) == ()
    new = {"updated": "2027-01-15T07:59:30Z"}
    assert (
        faults(task=new, backends={"ingress_sbox": ["10.0.0.1", "10.0.0.2"], "lb_webnet": ["10.0.1.1", "10.0.1.2"]})
        == ()
    )


def test_ports_that_iptables_does_not_tell_are_no_fault():
    assert faults(ports=None) == ()


def test_service_without_an_address_of_its_own_has_no_load_balancer():
    assert faults(mode="dnsrr", backends={}) == ()


def test_network_without_a_task_of_the_host_has_no_load_balancer_there():
    away = {"addresses": {"ingress_sbox": "10.0.0.3", "lb_other": "10.0.2.1"}}
    assert faults(task=away) == ()


def test_tasks_of_other_nodes_alone_are_a_doubt_since_a_start_brings_none_back():
    """As where a firewall keeps a node from the others."""
    apart = {"ingress_sbox": ["10.0.0.2"], "lb_webnet": ["10.0.1.2"]}
    assert faults(backends=apart) == ()
    assert [doubt.partition(";")[0] for doubt in doubts(backends=apart)] == [
        f"its load balancer of the {what} does not have 2 of 3 tasks of hello_web, which run on other nodes"
        for what in ("routing mesh", "network")
    ]
    assert doubts() == doubts(backends={}) == ()


def test_load_balancers_that_cannot_be_read_are_no_fault():
    assert faults(backends={"ingress_sbox": None, "lb_webnet": None}) == ()


def test_port_that_an_update_brings_is_no_fault_before_its_tasks_run():
    assert faults(ports=[], service={"update": {"State": "updating"}}) == ()
    assert faults(ports=[], service={"update": {"State": "completed"}}) != ()


def test_node_that_managers_have_lost_is_told_where_its_engine_runs():
    assert mesh.absence(*found()) == ""
    assert mesh.absence(*found(node={"state": "down"})).startswith("its engine runs, but managers take its node for")
    assert mesh.absence(*found(node={"state": "down"}, started=NOW - 30)) == ""
    # What an engine says of itself is told of it alone.
    worker, manager = found(node={"state": "down"})
    assert mesh.absence(replace(worker, swarm=replace(worker.swarm, state="pending")), manager) == ""
