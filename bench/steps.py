"""The time of each step of a job, from the moments at which it printed that a step begins."""

import re
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise

Line = tuple[float, str]  # seconds since the job's start, what was printed
Steps = Mapping[str, float]  # seconds by step, in the order of their first beginning

# Each names a step in its first group. The recap ends the last play.
PLAYS = re.compile(r"PLAY \[?([^\]*]+)\]? \*+$")
TASKS = re.compile(r"(?:TASK|RUNNING HANDLER|PLAY) \[?([^\]*]+)\]? \*+$")
RAW = re.compile(r"STEP (.+)$")


def steps(lines: Sequence[Line], begin: re.Pattern[str], end: float) -> Steps:
    """Return the seconds of each step; those of the same name are added up.

    :param lines: what the job printed
    :param begin: matches the line that begins a step, and names it in its first group
    :param end: seconds from the job's start to its end
    """
    matches = ((moment, begin.match(text)) for moment, text in lines)
    marks = [(0.0, "start"), *((moment, match[1]) for moment, match in matches if match), (end, "")]
    found: dict[str, float] = {}
    for (since, name), (until, _) in pairwise(marks):
        found[name] = found.get(name, 0.0) + until - since
    return found


def medians(runs: Sequence[Steps]) -> Steps:
    """Return the median of each step over several runs; a run without a step counts as 0 s of it."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: statistics.median(run.get(name, 0.0) for run in runs) for name in names}
