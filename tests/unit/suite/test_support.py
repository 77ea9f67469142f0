"""What tests expect of runs is itself able to fail."""

import pytest

from tests.support.runs import Run
from tests.support.wait import wait_until

REPORT = """\
PLAY RECAP *****
m1   : ok=3    changed=0    unreachable=0    failed=1    skipped=0
w1   : ok=3    changed={changed}    unreachable=0    failed=0    skipped=0

2 problems, nothing was changed
  1. setting-invalid: registry_url
     found     a
               b
  2. host-memory: m1, w1
     found     480 MiB
"""
REFUSED = Run(2, REPORT.format(changed=0))
# As Ansible shows it where it tells a task's result: further in.
INDENTED = Run(2, REPORT.format(changed=0).replace("\n ", "\n        "))
RECAP = "m1 : ok=3 changed=0 unreachable=0 failed=0 skipped=0\n"


@pytest.mark.parametrize("run", [REFUSED, INDENTED], ids=["plain", "indented"])
def test_refused_run_names_its_problems(run):
    run.refused("setting-invalid: registry_url", "host-memory: m1, w1")
    run.refused("host-memory", "setting-invalid")
    assert run.problems["setting-invalid: registry_url"] == "found a b"
    assert run.failed == ["m1"]


@pytest.mark.parametrize(
    "problems",
    [
        (),
        ("setting-invalid: registry_url",),
        ("setting-invalid: registry_url", "host-disk: m1"),
        ("setting-invalid: registry", "host-memory: m1"),
        ("setting-invalid: registry_url", "setting-invalid: registry_url"),
    ],
)
def test_other_problems_are_not_those(problems):
    with pytest.raises(AssertionError):
        REFUSED.refused(*problems)


@pytest.mark.parametrize("run", [Run(0, REPORT.format(changed=0)), Run(2, REPORT.format(changed=1))])
def test_run_that_went_on_or_changed_something_was_not_refused(run):
    with pytest.raises(AssertionError):
        run.refused("setting-invalid: registry_url", "host-memory: m1, w1")


def test_unchanged_run_ended_well_on_some_host():
    Run(0, RECAP).unchanged()
    for run in (Run(2, RECAP), Run(0, RECAP.replace("changed=0", "changed=1")), Run(0, "")):
        with pytest.raises(AssertionError):
            run.unchanged()


def test_waiting_has_a_limit_and_tells_the_last_answer():
    answers = iter(("", "", "here"))
    assert wait_until(lambda: next(answers), 5, pause=0) == "here"
    with pytest.raises(AssertionError, match="last answer was 0"):
        wait_until(lambda: 0, 0)
