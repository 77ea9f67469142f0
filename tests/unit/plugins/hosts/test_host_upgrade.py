"""What a run says of a host that was not upgraded, and of the site."""

from ansible_collections.flotilla.swarm.plugins.filter.docker import turn_failure
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.host_upgrade import what_apt_said
from test_engine_restart import REFUSED, RUNNING, STARTING

APT = {
    "msg": "'/usr/bin/apt-get -y install 'curl=8.2' --only-upgrade' failed: E: Sub-process /usr/bin/dpkg returned ...",
    "stdout": "Setting up curl (8.2) ...\ndpkg: error processing package curl (--configure):\n"
    " installed curl package post-installation script subprocess returned error exit status 1\nErrors were ...\n",
    "stderr": "E: Sub-process /usr/bin/dpkg returned an error code (1)\n",
}
ORDER = [["w1"], ["w2", "w5"], ["m1"]]


def test_apt_and_dpkg_are_quoted():
    assert what_apt_said(APT) == (
        "dpkg: error processing package curl (--configure): installed curl package post-installation script subprocess "
        "returned error exit status 1; E: Sub-process /usr/bin/dpkg returned an error code (1)"
    )
    fetch = "E: Failed to fetch http://me:secret@mirror/curl.deb  404  Not Found\n"
    assert what_apt_said({"stderr": fetch * 2}) == "E: Failed to fetch http://***@mirror/curl.deb 404 Not Found"
    assert what_apt_said({"msg": "Timed out waiting for last boot time check"}) == ""


def test_an_upgrade_that_apt_refused_is_gone_on_with():
    assert turn_failure(APT, RUNNING, "w2", ORDER, [], "10.0.0.1", is_upgrade=True).splitlines() == [
        f"w2: it was not upgraded, or only in part; apt said: {what_apt_said(APT)}",
        "No further host was upgraded, and the run ended here.",
        "Changed at the same time, and to the end of their turn: w5.",
        "Changed, and up again: w1.",
        "Not touched: m1.",
        "Until the next run, visitors of w2 are led to 10.0.0.1.",
        "Repair what is named and run playbooks/upgrade.yml again: it goes on where it stopped.",
    ]


def test_an_engine_that_does_not_start_in_its_new_version_is_started_by_site():
    first, second, *_rest, last = turn_failure(
        APT, STARTING + REFUSED, "w2", ORDER, [], "", is_upgrade=True
    ).splitlines()
    assert first.startswith("w2: it was not upgraded, or only in part")
    assert second == "Its engine did not start: failed to start daemon: proxy http://***@p is bad"
    assert last == (
        "On w2, journalctl --unit docker tells more. Repair what is named, run site.yml, which starts this engine, and "
        "run playbooks/upgrade.yml again: it goes on where it stopped."
    )


def test_other_reasons_are_told_as_they_are():
    first, *_rest, last = turn_failure({"msg": "Timed out"}, RUNNING, "w1", ORDER, [], "", is_upgrade=True).splitlines()
    assert first == "w1: Timed out"
    assert last.startswith("On w1, journalctl")
