"""What is asked of which hosts, and in which order."""

from dataclasses import dataclass

import pytest

from bench import steps
from bench.__main__ import FORGIVEN, options, order, unchanged_run
from bench.contenders import OBSERVE, ChangedError, Contender, changed_tasks, run_again
from bench.hosts import REPOSITORY, ssh_config_text
from bench.job import BenchError
from bench.results import Results
from bench.serving import replica_of

RECAP = """\
PLAY RECAP *****
manager-1                  : ok=27   changed=2    unreachable=0    failed=0    skipped=3    rescued=0    ignored=0
worker-1                   : ok=4    changed=0    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0
"""
QUIET = RECAP.replace("changed=2", "changed=0")


def test_every_second_round_goes_backwards():
    names = ["flotilla", "raw", "conventional"]
    assert [[each.name for each in order(names, number)] for number in (0, 1, 2)] == [names, names[::-1], names]


def test_all_is_measured_unless_less_is_named():
    assert options([]).only == ["flotilla", "raw", "conventional"]
    assert options(["--only", "raw"]).only == ["raw"]


def test_what_is_run_is_there():
    assert (REPOSITORY / OBSERVE).is_file()


def test_a_recap_tells_what_was_changed():
    assert changed_tasks(RECAP) == {"manager-1": 2, "worker-1": 0}


class Playbook:
    """Says in each run what changed in it."""

    def __init__(self, *recaps):
        self.recaps = list(recaps)

    @property
    def contender(self):
        """It in the place of a baseline."""
        return Contender("conventional", lambda _hosts, _sample: Done(self.recaps.pop(0)), steps.PLAYS)


@dataclass
class Done:
    """A run that has ended."""

    output: str


@pytest.mark.parametrize("recap", [RECAP, "PLAY RECAP ***\n"])
def test_a_second_run_that_changes_something_or_sees_nobody_is_no_measurement(recap):
    with pytest.raises(BenchError, match=r"changed something|had no host"):
        run_again(Playbook(recap).contender, None)


class NoHosts:
    """Hosts to which no connection is kept."""

    def close_connections(self):
        return 0


def test_a_baseline_that_changes_something_is_told_of_and_runs_again(capsys):
    results = Results()
    run = unchanged_run(Playbook(RECAP, QUIET).contender, NoHosts(), results)
    assert run.output == QUIET
    assert list(results.figures.values()) == [[2]]
    assert "conventional again, not measured because it changed: 2" in capsys.readouterr().out


def test_a_baseline_that_always_changes_something_is_given_up():
    with pytest.raises(ChangedError):
        unchanged_run(Playbook(*[RECAP] * (FORGIVEN + 1)).contender, NoHosts(), Results())


def test_ssh_is_configured_as_the_inventory_says():
    connection = {
        "ansible_user": "admin",
        "ansible_ssh_private_key_file": "/keys/one",
        "ansible_ssh_common_args": "-o 'ProxyCommand=nsenter --net=/run/x nc %h %p' -o IdentitiesOnly=yes",
    }
    assert ssh_config_text(connection).splitlines() == [
        "User=admin",
        "IdentityFile=/keys/one",
        "ProxyCommand=nsenter --net=/run/x nc %h %p",
        "IdentitiesOnly=yes",
    ]


def test_a_page_counts_when_its_replica_counted_the_visit():
    page = "<b>Hostname:</b> 0123456789ab<br>\n<b>Visits:</b> {}\n"
    assert replica_of(page.format(7)) == "0123456789ab"
    assert replica_of(page.format("<i>cannot connect to Redis, counter disabled</i> <td>7</td>")) is None
    assert replica_of("<html>starting</html>") is None
