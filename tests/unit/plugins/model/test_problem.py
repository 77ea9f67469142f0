"""Problems as values, rules in tables, and the page that lists every code."""

import re
from dataclasses import replace
from pathlib import Path

from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import Code, Problem, Rule, find, merge
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import problem_lines, refusal_lines

SMALL = Problem(
    code=Code.HOST_MEMORY, hosts=("w1",), found="512 MiB of memory", expected="at least 700 MiB", fix="Give it more"
)
OTHER = Problem(code=Code.SETTING_INVALID, where="registry_url", found="https://r", expected="host:port", fix="Set it")


def test_page_lists_every_code_once():
    page = Path("docs/problems.md").read_text()
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == [*Code]


def test_every_code_is_used():
    sources = [path.read_text() for path in Path("plugins").rglob("*.py")]
    assert {name for source in sources for name in re.findall(r"Code\.([A-Z_]+)", source)} == {*Code.__members__}


def test_same_problem_of_several_hosts_is_one():
    (problem,) = merge([SMALL, replace(SMALL, hosts=("w2",)), SMALL])
    assert problem.hosts == ("w1", "w2")


def test_rules_are_applied_in_their_order_and_not_after_what_makes_them_noise():
    rules = (Rule(lambda _: [OTHER]), Rule(lambda _: [SMALL]))
    assert find(None, rules) == (OTHER, SMALL)
    noise = (Rule(lambda _: [OTHER]), Rule(lambda _: [SMALL], after=frozenset({Code.SETTING_INVALID})))
    assert find(None, noise) == (OTHER,)


def test_report_of_what_forbids_a_run():
    assert refusal_lines([SMALL, OTHER], ["m1", "w1"]) == [
        "2 problems, nothing was changed",
        "  1. host-memory: w1",
        "     found     512 MiB of memory",
        "     expected  at least 700 MiB",
        "     fix       Give it more",
        "  2. setting-invalid: registry_url",
        "     found     https://r",
        "     expected  host:port",
        "     fix       Set it",
    ]
    assert refusal_lines([SMALL])[0] == "1 problem, nothing was changed"
    assert refusal_lines([SMALL], begun=True)[0] == "1 problem, the run stops here, and the next one does what is left"


def test_all_hosts_are_not_named_one_by_one():
    both = Problem(
        **{**{name: getattr(SMALL, name) for name in ("code", "found", "expected", "fix")}, "hosts": ("m1", "w1")}
    )
    assert problem_lines(both, ["m1", "w1"])[0] == "host-memory: all 2 hosts"
    assert problem_lines(both, ["m1", "w1", "w2"])[0] == "host-memory: m1, w1"
    assert problem_lines(both, ["m2", "w2"])[0] == "host-memory: m1, w1"


def test_text_of_several_lines_is_told_in_one():
    problem = Problem(code=Code.STACK_FILE_INVALID, found="no YAML:\n  line 1", expected="YAML", fix="Correct it")
    assert problem_lines(problem)[1] == "  found     no YAML: line 1"
