"""What is asked of which hosts, and in which order."""

import pytest

from bench.__main__ import options, order
from bench.contenders import OBSERVE, changed_tasks, run_again
from bench.hosts import REPOSITORY, ssh_config_text
from bench.job import BenchError
from bench.serving import replica_of

RECAP = """\
PLAY RECAP *****
manager-1                  : ok=27   changed=2    unreachable=0    failed=0    skipped=3    rescued=0    ignored=0
worker-1                   : ok=4    changed=0    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0
"""


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


@pytest.mark.parametrize("recap", [RECAP, "PLAY RECAP ***\n"])
def test_a_second_run_that_changes_something_or_sees_nobody_is_no_measurement(recap):
    class Playbook:
        name = "flotilla"

        def converge(self, _hosts, _sample):
            class Done:
                output = recap

            return Done

    with pytest.raises(BenchError, match="changed something"):
        run_again(Playbook(), None)


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
