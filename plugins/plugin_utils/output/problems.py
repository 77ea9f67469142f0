"""Put problems into lines that people read in a terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..model.problem import Problem


def refusal_lines(problems: Sequence[Problem], everyone: Collection[str] = ()) -> list[str]:
    """Report everything that forbids a run.

    :param everyone: inventory names of all hosts of the run
    """
    count = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
    lines = [f"{count}, nothing was changed"]
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
