"""What a host's dockerd is asked about settings, and what is told of its answer."""

import hashlib
import json

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import daemon_config
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.host import File, Unit

UNIT = ["/usr/sbin/dockerd", "-H", "fd://", "$DOCKER_OPTS"]
PREFIX = "unable to configure the Docker daemon with file /dev/stdin: "


def told(start=UNIT, assignments=(), files=()):
    """What systemd tells of a unit on its bus."""
    starts = [[start[0], start, False, 1, 2, 0, 0, 3, 0, 0]] if start else []
    return "".join(json.dumps({"type": "?", "data": data}) + "\n" for data in (starts, assignments, files))


class Host:
    """A host that answers two commands, and remembers what dockerd was asked."""

    def __init__(self, unit, rc=0, err=""):
        self.unit, self.answer, self.asked = unit, (rc, "", err), []

    def run(self, command, data=None):
        if command[0] == "busctl":
            return (0, self.unit, "") if self.unit else (1, "", "Failed to connect to bus")
        self.asked.append((command, data))
        return self.answer


def refusal(host, text="{}\n", found="other\n", active=True):
    """Ask about a desired text, where another or the same is there."""
    desired = {"docker": {"files": {daemon_config.PATH: {"text": text}}, "services": ["docker"]}}
    digest = hashlib.sha256(found.encode()).hexdigest() if found else ""
    files = {daemon_config.PATH: File(sha256=digest, mode="0644", mtime=1, text=found) if found else None}
    services = {"docker": Unit(active=active, failed=False, enabled=True, started=1, replaced=False)}
    return daemon_config.refusal(host.run, desired, files, services)


def test_dockerd_is_asked_with_the_flags_of_its_unit(tmp_path):
    (tmp_path / "defaults").write_text("# DOCKER_OPTS=no\nDOCKER_OPTS=\"--mtu 1400 --label 'a b'\"\n")
    host = Host(told(assignments=["DOCKER_OPTS=old"], files=[[str(tmp_path / "defaults"), True]]))
    assert refusal(host) == ""
    words = ["/usr/sbin/dockerd", "-H", "fd://", "--mtu", "1400", "--label", "a b"]
    assert host.asked == [([*words, "--validate", "--config-file", "/dev/stdin"], "{}\n")]


@pytest.mark.parametrize(("found", "active", "asked"), [("{}\n", True, 0), ("{}\n", False, 1), (None, True, 1)])
def test_dockerd_is_asked_only_about_what_it_does_not_run_with(found, active, asked):
    host = Host(told(), rc=1, err=f"{PREFIX}bad")
    assert refusal(host, found=found, active=active) == ("bad" if asked else "")
    assert len(host.asked) == asked


@pytest.mark.parametrize("unit", [told(start=None), told(start=["/opt/run-docker", "now"]), ""])
def test_only_a_unit_that_starts_dockerd_is_asked(unit):
    host = Host(unit, rc=1, err="bad")
    assert refusal(host) == ""
    assert host.asked == []


def test_host_that_wants_no_engine_is_not_asked():
    host = Host(told())
    assert daemon_config.refusal(host.run, {"docker": {}}, {}, {}) == ""
    assert host.asked == []


@pytest.mark.parametrize(
    ("err", "sentence"),
    [
        (f"{PREFIX}invalid logging level: no\nsense\n", "invalid logging level: no sense"),
        ("conflict labels for a=c and a=b\n", "conflict labels for a=c and a=b"),
        (f"{PREFIX}(from file: http://me:se//cr@et@proxy:1)", "(from file: http://***@proxy:1)"),
        ("", "dockerd --validate ends with 1"),
        ("unknown flag: --validate\nSee 'dockerd --help'.\n", ""),
    ],
)
def test_its_sentence_is_one_line_without_logins(err, sentence):
    assert refusal(Host(told(), rc=1, err=err)) == sentence


def test_variables_are_put_in_as_systemd_does():
    words = ["$A", "${A}", "--x=${A}", "$$A", "$NONE", "--y=$A"]
    assert daemon_config.expand(words, {"A": "1 2"}) == ["1", "2", "1 2", "--x=1 2", "$A", "--y=$A"]
