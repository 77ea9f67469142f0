"""Put problems into lines that people read in a terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..model.problem import Problem


def refusal_lines(problems: Sequence[Problem], everyone: Collection[str] = (), *, begun: bool = False) -> list[str]:
    """Report everything that forbids a run, or that it goes on.

    :param everyone: inventory names of all hosts of the run
    :param begun: whether the run has done something already
    """
    count = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
    state = "the run stops here, and the next one does what is left" if begun else "nothing was changed"
    lines = [f"{count}, {state}"]
    for number, problem in enumerate(problems, 1):
        title, *rest = problem_lines(problem, everyone)
        lines += [f"  {number}. {title}", *(f"   {line}" for line in rest)]
    return lines


def problem_lines(problem: Problem, everyone: Collection[str] = ()) -> list[str]:
    """Show one problem.

    :param everyone: see ``refusal_lines``
    """
    about = ", ".join(filter(None, [problem.where, name_hosts(problem.hosts, everyone)]))
    parts = {"found": problem.found, "expected": problem.expected, "fix": problem.fix}
    return [
        f"{problem.code}: {about}" if about else problem.code,
        *(f"  {name:<9} {' '.join(text.split())}" for name, text in parts.items() if text),
    ]


def name_hosts(names: Collection[str], everyone: Collection[str]) -> str:
    """Name hosts, or say that it is all of them."""
    if len(names) > 1 and {*names} == {*everyone}:
        return f"all {len(names)} hosts"
    return ", ".join(names)
