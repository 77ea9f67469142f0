"""Keep what was measured, and show it as tables."""

import os
import platform
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from .figures import Figure, Target, ratio
from .hosts import REPOSITORY, Hosts
from .parts import beside
from .steps import Steps, medians

HEAD = """\
# Results

Written by `make bench`, which measures everything below in one run, on three hosts that it boots for that. Run it
yourself: seconds depend on the machine, ratios hardly.

- *raw probe*: `docker info`, `docker node ls` and `docker service ls` on each host over a new ssh connection, all hosts
  at once: the least that any tool must do to see a swarm.
- *observe*: `playbooks/phases/observe.yml` alone, from the start of `ansible-playbook` to its end: every host observed,
  and the plan made.
- *Ansible alone*: `bench/nothing.yml`, a play whose one task does nothing, on each host with flotilla's settings: what
  a playbook takes before it observes anything.
- *flotilla*: `site.yml`. *conventional*: the playbook in `bench/conventional`, of stock modules with Ansible's
  defaults. *raw*: the shell script `bench/raw.sh`. All three make the same state from bare hosts.
- *again*: the whole playbook on hosts where nothing is left to do. If flotilla changes something, nothing is measured;
  if *conventional* does, its changed tasks are in the table, and it runs again. Connections that Ansible keeps open are
  closed before each run and each observation.
- *serving*: from the start until all five replicas of the page have counted a visit. Hosts have booted before, and
  their packages lie in a cache near them.
- *CPU* is that of the control node, user and system, ssh included. *Memory of the largest process* and *memory
  together* are peaks; together, shared pages count once, and ssh's kept connections do not. That is measured in a run
  of its own, as it costs time.

What is compared is measured in turn, and each ratio is that of two neighbours. A target is held to the median.
"""


@dataclass
class Results:
    """What was measured.

    :param figures: by what was measured and its unit, in the order of the measurements
    :param steps: by contender, one for each time it began with bare hosts
    :param tasks: the same by task, where a contender's steps have such
    :param observed: the tasks of each observation
    """

    figures: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    steps: dict[str, list[Steps]] = field(default_factory=lambda: defaultdict(list))
    tasks: dict[str, list[Steps]] = field(default_factory=lambda: defaultdict(list))
    observed: list[Steps] = field(default_factory=list)

    def add(self, what: str, value: float, unit: str = "s") -> None:
        """Keep a measurement and tell it."""
        self.figures[what, unit].append(value)
        print(f"{datetime.now():%H:%M:%S}  {what}: {value:.2f} {unit}", flush=True)

    def targets(self) -> Iterator[Target]:
        """Yield the targets for which there are measurements."""
        for what, theirs, ours, limit, at_least in (
            ("observe / raw probe", "raw probe", "observe", 2, False),
            ("flotilla again / raw probe", "raw probe", "flotilla again", 3, False),
            ("conventional again / flotilla again", "flotilla again", "conventional again", 8, True),
            ("flotilla serving / raw serving", "raw serving", "flotilla serving", 1, False),
        ):
            pair = self.figures.get((ours, "s")), self.figures.get((theirs, "s"))
            if pair[0] and pair[1]:
                yield Target(what, limit, ratio(pair[0], pair[1]), at_least)

    def text(self) -> str:
        """Return all tables in Markdown."""
        parts = [
            "## Targets",
            table(["Ratio", "Target", "Median", "Min", "Max", "n", ""], [each.cells() for each in self.targets()]),
            "## Figures",
            table(
                ["What", "Unit", "Median", "Min", "Max", "n"],
                [
                    [what, unit, *Figure(tuple(values)).cells(2 if unit == "s" else 0)]
                    for (what, unit), values in self.figures.items()
                ],
            ),
        ]
        parts += self.explanations()
        for name, runs in self.steps.items():
            parts += [f"## Steps of {name} from bare hosts, median seconds", steps_table(medians(runs))]
            if tasks := medians(self.tasks[name]) if name in self.tasks else {}:
                slowest = dict(sorted(tasks.items(), key=lambda item: -item[1])[:12])
                parts += [f"Its {len(slowest)} slowest tasks:", steps_table(slowest)]
        return "\n\n".join(parts)

    def explanations(self) -> Iterator[str]:
        """Yield what tells where the time of an observation, and of the way from bare hosts, goes."""
        alone = self.figures.get(("Ansible alone", "s"))
        if self.observed and alone:
            yield "## Where the time of an observation goes"
            shares = (
                ("Ansible alone / raw probe", self.figures["raw probe", "s"], alone),
                ("observe / Ansible alone", alone, self.figures["observe", "s"]),
            )
            rows = [[what, *ratio(ours, theirs).cells(2)] for what, theirs, ours in shares]
            yield table(["Ratio", "Median", "Min", "Max", "n"], rows)
            yield steps_table(medians(self.observed))
        if {"flotilla", "raw"} <= self.steps.keys():
            yield "## Where the time from bare hosts goes, median seconds"
            pairs = beside(medians(self.steps["flotilla"]), medians(self.steps["raw"]))
            compared = [
                [name, *(f"{seconds:.1f}" for seconds in (ours, theirs, ours - theirs))] for name, ours, theirs in pairs
            ]
            yield table(["Part", "flotilla", "raw", "Difference"], compared)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table that can be read as it stands; what is a number in all rows is set to the right."""
    columns = list(zip(heads, *rows, strict=True))
    widths = [max(3, *map(len, column)) for column in columns]
    right = [all(re.fullmatch(r"-?[\d.]+", cell) for cell in column[1:]) for column in columns]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(cells, widths, right, strict=True)
        )
        return f"| {' | '.join(padded)} |"

    rule = ["-" * (width - is_right) + ":" * is_right for width, is_right in zip(widths, right, strict=True)]
    return "\n".join([line(heads), f"| {' | '.join(rule)} |", *map(line, rows)])


def steps_table(durations: Steps) -> str:
    """Return a table of steps, without those that take no time."""
    rows = [[name, f"{seconds:.1f}"] for name, seconds in durations.items() if seconds >= 0.1]
    return table(["Step", "Seconds"], rows)


def surroundings(hosts: Hosts) -> str:
    """Return what the figures were measured with: commit, versions, machine, date."""
    docker = hosts.ask("sudo docker version --format '{{.Server.Version}}'")
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    rows = [
        ["commit", commit()],
        ["date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"],
        ["ansible-core", version("ansible-core")],
        ["Python of the control node", platform.python_version()],
        ["Docker", docker],
        ["kernel of the hosts", hosts.ask("uname -r")],
        [
            "machine",
            f"{os.cpu_count()} cores, {int(memory[1]) / 2**20:.0f} GiB" if memory else f"{os.cpu_count()} cores",
        ],
        ["hosts", f"{len(hosts.addresses)}, on that machine"],
    ]
    return table(["With", ""], rows)


def commit() -> str:
    """Return the commit that is checked out, and whether files differ from it."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=REPOSITORY, check=True, capture_output=True, text=True
        ).stdout.strip()

    changed = git("status", "--porcelain", "--", ":!bench/RESULTS.md")
    return git("rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")
