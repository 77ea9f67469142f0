"""Run the long tests in parts, and keep what each part's last run came to in LONG.md.

Usage: python tests/long.py [PART ...], by default all parts of parts.toml one after another.
FLEETS says how many fleets work side by side.
"""

import argparse
import datetime
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

TESTS = Path(__file__).parent
PARTS = TESTS / "parts.toml"
TABLE = TESTS / "LONG.md"
HEAD = """\
# Last run of each part of `make test-long`

`tests/long.py` writes this file. A `+` behind the commit: with changes that were not committed yet.

| Part | Commit | Date (UTC) | Minutes | Passed | Failed |
|---|---|---|---|---|---|
"""
ROW = re.compile(r"^\| (\w+) \|.*\|$", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """What a part came to.

    :param commit: short hash, with "+" behind it where files differed from it
    :param date: when it ended, such as "2026-11-25 17:30"
    :param minutes: how long it took, rounded
    :param failed: failures and errors
    """

    part: str
    commit: str
    date: str
    minutes: int
    passed: int
    failed: int

    def row(self) -> str:
        """Return the line of the table."""
        cells = (self.part, self.commit, self.date, self.minutes, self.passed, self.failed)
        return f"| {' | '.join(map(str, cells))} |\n"


def load_parts() -> dict[str, list[str]]:
    """Return the files in tests/site of each part, by its name."""
    return tomllib.loads(PARTS.read_text())


def update(table: str, result: Result, order: list[str]) -> str:
    """Return the table with a part's line set; parts that are no more are left out.

    :param table: content of LONG.md, "" if there is none yet
    :param order: names of all parts
    """
    rows = {match[1]: match[0] + "\n" for match in ROW.finditer(table) if match[1] in order}
    rows[result.part] = result.row()
    return HEAD + "".join(rows[part] for part in order if part in rows)


def count(report: str) -> tuple[int, int]:
    """Return how many tests passed and how many failed, as pytest's JUnit report tells it.

    A test that passed, but whose clearing up did not, is one that failed.
    """
    failed, passed = set[str](), set[str]()
    for case in ElementTree.fromstring(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed.add(name)
        elif "skipped" not in kinds:
            passed.add(name)
    return len(passed - failed), len(failed)


def present_commit() -> str:
    """Return the commit of the working tree, with "+" where files differ from it; the table itself does not count."""

    def git(*words: str | Path) -> str:
        return subprocess.run(["git", *words], cwd=TESTS, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--", ":/", f":!{TABLE.name}")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def run(part: str, files: list[str], fleets: int) -> Result:
    """Run a part to its end."""
    print(f"Part {part}: {', '.join(files)}", flush=True)
    commit = present_commit()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-m", "long", "-n", str(fleets), "--dist", "loadfile"]
        command += [
            "--no-loadscope-reorder",
            # A line for each test as it ends: a part takes long.
            "--verbose",
            "--durations=10",
            f"--junitxml={report}",
            *(f"tests/site/{name}" for name in files),
        ]
        code = subprocess.run(command, cwd=TESTS.parent, check=False).returncode
        passed, failed = count(report.read_text()) if report.exists() else (0, 0)
    # Whatever else ended pytest red must not pass for success.
    if code and not failed:
        failed = 1
    date = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M}"
    return Result(part, commit, date, round((time.monotonic() - start) / 60), passed, failed)


def main(words: list[str]) -> int:
    """Run parts, write their lines, and return 0 if nothing failed."""
    parts = load_parts()
    parser = argparse.ArgumentParser(prog="tests/long.py", description="Run the long tests in parts.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(parts)}; by default all")
    chosen = parser.parse_args(words).parts or list(parts)
    if unknown := [part for part in chosen if part not in parts]:
        parser.error(f"there is no part {', '.join(unknown)}: expected one of {', '.join(parts)}")
    failed = 0
    for part in chosen:
        result = run(part, parts[part], int(os.environ.get("FLEETS", "2")))
        TABLE.write_text(update(TABLE.read_text() if TABLE.exists() else "", result, list(parts)))
        print(f"Part {part}: {result.passed} passed, {result.failed} failed in {result.minutes} min", flush=True)
        failed += result.failed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
