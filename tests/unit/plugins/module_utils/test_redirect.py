"""The rules that lead a host's visitors to another one; what they do to packets is tested on hosts."""

import contextlib
import shlex
import socket

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import redirect

# What Docker and an operator have there; one comment is nearly ours.
OTHERS = [
    ("nat", "PREROUTING", "-m addrtype --dst-type LOCAL -j DOCKER-INGRESS"),
    ("filter", "FORWARD", "-m comment --comment flotilla-redirected -j DROP"),
]


class Kernel:
    """Keeps rules as iptables does: those that are inserted come first."""

    def __init__(self, refuses=""):
        self.rules, self.refuses = list(OTHERS), refuses

    def run(self, command):
        assert command[:3] == ["iptables", "--wait", "--table"]
        table, act, chain, *rule = command[3:]
        text = shlex.join(rule)
        if act == "--list-rules":
            found = [f"-A {chain} {line}" for *place, line in self.rules if place == [table, chain]]
            return 0, "\n".join([f"-P {chain} ACCEPT", *found, ""]), ""
        if self.refuses and self.refuses in text:
            return 1, "", "iptables: No chain/target/match by that name.\n"
        if act == "--insert":
            self.rules.insert(0, (table, chain, text))
        else:
            assert act == "--delete"
            self.rules.remove((table, chain, text))
        return 0, "", ""

    @property
    def own(self):
        return [rule for rule in self.rules if rule not in OTHERS]


@pytest.fixture(autouse=True)
def mark(tmp_path, monkeypatch):
    monkeypatch.setattr(redirect, "MARK", str(tmp_path / "mark"))


@pytest.fixture
def listen():
    """Take connections at a port of an address of this host; a free one for 0."""
    with contextlib.ExitStack() as opened:

        def begin(address, port=0):
            taker = opened.enter_context(socket.create_server((address, port)))
            return taker.getsockname()[1]

        yield begin


def test_first_host_that_takes_connections_at_every_port_serves(listen):
    first, second = listen("127.0.0.3"), listen("127.0.0.3")
    listen("127.0.0.2", first)
    listen("127.0.0.4", first)
    listen("127.0.0.4", second)
    addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]
    assert redirect.choose(addresses, [first, second]) == ("127.0.0.3", [first, second])
    assert redirect.choose(addresses[3:], [first, second]) == ("127.0.0.4", [first, second])


def test_no_more_hosts_are_asked_than_needed(listen, monkeypatch):
    port, asked = listen("127.0.0.2"), []
    takes = redirect._takes
    monkeypatch.setattr(redirect, "_takes", lambda address, port: asked.append(address) or takes(address, port))
    redirect.choose(["127.0.0.1", "127.0.0.2", "127.0.0.3"], [port])
    assert asked == ["127.0.0.1", "127.0.0.2"]


def test_port_behind_which_nobody_is_keeps_no_visitor_of_another_from_being_led(listen):
    port = listen("127.0.0.2")
    assert redirect.choose(["127.0.0.1", "127.0.0.2"], [1, port]) == ("127.0.0.2", [port])


def test_nobody_is_led_where_no_host_takes_connections():
    assert redirect.choose(["127.0.0.1", "127.0.0.2"], [1]) == ("", [])
    assert redirect.choose([], [1]) == ("", [])


def test_visitors_are_led_elsewhere_only_when_their_way_is_open():
    kernel = Kernel()
    redirect.begin(kernel.run, "10.0.0.2", [4000, 4001])
    assert redirect.is_there()
    chains = [chain for _table, chain, _rule in reversed(kernel.own)]
    assert chains == ["FORWARD", "FORWARD", "POSTROUTING"] * 2 + ["PREROUTING"] * 2
    assert "--dport 4001 --match addrtype --dst-type LOCAL --jump DNAT --to-destination 10.0.0.2" in kernel.own[0][2]


def test_who_is_on_the_way_stays_on_it_until_the_end():
    kernel = Kernel()
    redirect.begin(kernel.run, "10.0.0.2", [4000])
    redirect.stop_new(kernel.run)
    assert [chain for _table, chain, _rule in kernel.own] == ["POSTROUTING", "FORWARD", "FORWARD"]
    redirect.end(kernel.run)
    assert kernel.rules == OTHERS
    assert not redirect.is_there()


def test_a_second_beginning_takes_the_place_of_the_first():
    kernel = Kernel()
    for address in ("10.0.0.2", "10.0.0.3"):
        redirect.begin(kernel.run, address, [4000])
    assert len(kernel.own) == 4
    assert not any("10.0.0.2" in rule for *_place, rule in kernel.own)


def test_a_refused_rule_leaves_none():
    kernel = Kernel(refuses="addrtype --dst-type LOCAL --jump DNAT")
    with pytest.raises(redirect.RedirectError, match="No chain"):
        redirect.begin(kernel.run, "10.0.0.2", [4000])
    assert kernel.rules == OTHERS
    assert not redirect.is_there()


def test_the_mesh_serves_once_it_has_all_ports():
    kernel = Kernel()
    redirect.begin(kernel.run, "10.0.0.2", [4000, 4001])
    assert not redirect.is_served(lambda _command: (1, "", "No chain/target/match by that name."))
    for port in ("4000", "4001"):
        assert not redirect.is_served(kernel.run)
        rule = f"-p tcp -m tcp --dport {port} -j DNAT --to-destination 172.18.0.2:{port}"
        kernel.rules.append(("nat", "DOCKER-INGRESS", rule))
    assert redirect.is_served(kernel.run)


def test_without_a_redirect_nothing_is_asked():
    redirect.end(lambda command: pytest.fail(str(command)))
