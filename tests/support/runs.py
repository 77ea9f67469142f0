"""Runs of Ansible, and what tests expect of them."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

REPOSITORY = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"}
RECAP = re.compile(
    r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)\s+skipped=(\d+)", re.MULTILINE
)
CHANGE = re.compile(r"^  (docker|firewall|swarm|registry|image|stack) +([^:]+: .+)$", re.MULTILINE)
# Characters of an output that a failure repeats.
SHOWN = 2000
# The head of a problem in a report, and what is said of it below.
PROBLEM = re.compile(r"^ +\d+\. ([a-z-]+(?:: .*)?)\n((?: {5,}+(?!\d+\. ).*\n?)*)", re.MULTILINE)


@dataclass
class Run:
    """One run of a playbook.

    :ivar code: exit code
    :ivar output: everything that it printed
    """

    code: int
    output: str

    @property
    def recap(self) -> dict[str, list[int]]:
        """Numbers by host: ok, changed, unreachable, failed and skipped tasks."""
        return {match[1]: [int(number) for number in match.groups()[1:]] for match in RECAP.finditer(self.output)}

    @property
    def changed(self) -> dict[str, int]:
        """Changed tasks by host."""
        return {name: numbers[1] for name, numbers in self.recap.items()}

    @property
    def tasks(self) -> dict[str, int]:
        """Tasks by host, skipped ones included."""
        return {name: numbers[0] + numbers[4] for name, numbers in self.recap.items()}

    @property
    def failed(self) -> list[str]:
        """Hosts that were not reached, or that a task failed on."""
        return [name for name, numbers in self.recap.items() if numbers[2] or numbers[3]]

    @property
    def words(self) -> str:
        """What it printed, without its line ends."""
        return " ".join(self.output.split())

    @property
    def changes(self) -> list[str]:
        """What its plan said, one entry for each line."""
        return sorted(" ".join(match.groups()) for match in CHANGE.finditer(self.output))

    @property
    def problems(self) -> dict[str, str]:
        """What its report of problems says, by their heads: ``CODE: PLACE, HOSTS``; a file without its folder."""
        _before, found, report = self.output.rpartition(", nothing was changed\n")
        heads = PROBLEM.findall(report) if found else []
        assert len(dict(heads)) == len(heads), "a problem is told twice"
        return {re.sub(r"\(\S*/", "(", head): " ".join(text.split()) for head, text in heads}

    @property
    def end(self) -> str:
        """What it printed of the task that failed last, or at its very end: of a long report the middle may be lost."""
        _before, fatal, failure = self.output.rpartition("\nfatal: ")
        return failure[:SHOWN] if fatal else self.output[-SHOWN:]

    def succeeded(self) -> Self:
        """Expect that it came to its end."""
        assert self.code == 0, self.end
        return self

    def changed_nothing(self) -> Self:
        """Expect that no task changed anything, however the run ended."""
        assert {name: number for name, number in self.changed.items() if number} == {}
        return self

    def unchanged(self) -> Self:
        """Expect that it came to its end on some hosts, and had nothing to do there."""
        assert self.recap
        return self.succeeded().changed_nothing()

    def told(self, problems: bool = False) -> Self:
        """Expect that it told a status, and changed nothing for that.

        :param problems: whether it found any
        """
        assert self.code == int(problems)
        assert not self.recap
        return self

    def refused(self, *problems: str) -> Self:
        """Expect that it was refused before anything changed, for exactly these problems.

        :param problems: their heads, or the beginnings of them: the code, or code and place; who sets a setting may be
            left out
        """
        assert self.code == 2
        named = [head for problem in problems for head in self.problems if _begins(head, problem)]
        assert sorted(named) == sorted(self.problems)
        assert len(problems) == len(named)
        return self.changed_nothing()


def _begins(head: str, problem: str) -> bool:
    """Tell whether a problem's head begins so, with or without the file that sets a setting."""
    heads = (head, re.sub(r" \([^)]*\)", "", head))
    return any(f"{each},".startswith((f"{problem},", f"{problem}:")) for each in heads)


def run(*command: str | Path, folder: Path = REPOSITORY, environment: Mapping[str, str] = ENVIRONMENT) -> Run:
    """Run a command of Ansible or molecule to its end, and print what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
        check=False,
    )
    print(done.stdout)
    return Run(done.returncode, done.stdout)


def playbook(inventory: Path, *words: str | Path) -> Sequence[str | Path]:
    """Return the command that runs playbooks."""
    return [BIN / "ansible-playbook", "--inventory", inventory, *words]
