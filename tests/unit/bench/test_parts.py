"""Each step that is compared is one that the contenders take, and none is lost."""

import re

import pytest

from bench.contenders import BENCH
from bench.hosts import REPOSITORY
from bench.parts import PARTS, REST, beside


def test_all_seconds_are_in_one_part():
    flotilla = {"start": 1.0, "Create the swarm": 5.0, "Join and configure workers": 7.0, "Deploy the stack": 3.0}
    rows = {name: (ours, theirs) for name, ours, theirs in beside(flotilla, {"swarm": 4.0, "first page": 0.5})}
    assert rows["swarm"] == (12.0, 4.0)
    assert rows["deploy"] == (3.0, 0.0)
    assert rows[REST] == (1.0, 0.5)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_both_have_the_steps_that_are_compared(part):
    phases = "\n".join(path.read_text() for path in (REPOSITORY / "playbooks/phases").glob("*.yml"))
    plays = re.findall(r"^- name: (.+)$", phases, re.MULTILINE)
    steps = re.findall(r'^step "?([^"\n]+)"?$', (BENCH / "raw.sh").read_text(), re.MULTILINE)
    assert set(part.flotilla) <= set(plays)
    assert set(part.raw) <= set(steps)
