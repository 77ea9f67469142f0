"""What is read off the kernel's rules and load balancers."""

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import mesh

RULES = """\
*filter
:FORWARD DROP [0:0]
:DOCKER-INGRESS - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-INGRESS
-A FORWARD -o docker0 -j DOCKER
-A DOCKER-INGRESS -p tcp -m tcp --dport 4000 -j ACCEPT
-A DOCKER-INGRESS -p tcp -m tcp --sport 4000 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-INGRESS -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A DOCKER-INGRESS -p tcp -m tcp --dport 4000 -j DNAT --to-destination 172.18.0.2:4000
-A DOCKER-INGRESS -p tcp -m tcp --dport 4001 -j DNAT --to-destination 172.18.0.2:4001
-A DOCKER-INGRESS -j RETURN
COMMIT
"""
# Engines since 28 have a chain of their own between.
NEWER = RULES.replace("-A FORWARD -j DOCKER-INGRESS", "-A DOCKER-FORWARD -j DOCKER-INGRESS").replace(
    "-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-FORWARD"
)


@pytest.mark.parametrize("rules", [RULES, NEWER], ids=["engine 26", "engine 28"])
def test_port_is_served_that_is_led_to_the_mesh_and_let_through(rules):
    assert mesh.served_ports(rules) == (4000,)


@pytest.mark.parametrize(
    "lost",
    [
        "-A FORWARD -j DOCKER-INGRESS\n",
        "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS\n",
        "-A DOCKER-INGRESS -p tcp -m tcp --dport 4000 -j ACCEPT\n",
        "-A DOCKER-INGRESS -p tcp -m tcp --dport 4000 -j DNAT --to-destination 172.18.0.2:4000\n",
    ],
    ids=["way through", "way in", "let through", "led"],
)
def test_port_is_not_served_where_one_rule_is_lost(lost):
    assert lost in RULES
    assert mesh.served_ports(RULES.replace(lost, "")) == ()


def test_nothing_is_served_by_flushed_rules():
    assert mesh.served_ports("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n*nat\nCOMMIT\n") == ()
    assert mesh.served_ports("") == ()


def test_addresses_are_read_off_the_load_balancers():
    table = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
FWM  00000101 rr
  -> 0A00000D:0000      Masq    1      0          2
  -> 0A000009:0000      Masq    1      0          2
FWM  00000102 rr
  -> 0A00000D:0000      Masq    1      0          2
"""
    assert mesh.backends(table) == ("10.0.0.13", "10.0.0.9")
    assert mesh.backends("") == ()


def test_where_iptables_tells_nothing_its_ports_are_unknown():
    assert mesh.observe(None).ports is None


def test_network_that_is_removed_meanwhile_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(mesh, "NAMESPACES", str(tmp_path))
    (tmp_path / "lb_none").touch()
    assert mesh.observe(None).backends == {"lb_none": None}
    monkeypatch.setattr(mesh.os.path, "exists", lambda _path: True)
    assert mesh.observe(None).backends == {"ingress_sbox": None, "lb_none": None}


def test_device_of_an_overlay_network_that_stays_among_the_hosts_own_is_a_stray(tmp_path, monkeypatch):
    monkeypatch.setattr(mesh, "DEVICES", str(tmp_path))
    for name in ("eth0", "docker_gwbridge", "vx-001001-m1m02", "vx-lan", "vxlan0"):
        (tmp_path / name).touch()
    monkeypatch.setattr(mesh.time, "sleep", lambda _seconds: None)
    assert mesh.observe(None).strays == ("vx-001001-m1m02",)
    # The engine moves it away itself.
    monkeypatch.setattr(mesh.time, "sleep", lambda _seconds: (tmp_path / "vx-001001-m1m02").unlink())
    assert mesh.observe(None).strays == ()
