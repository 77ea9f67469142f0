"""Checks that are silenced say why, on their line or in the comment above it."""

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
MUTED = re.compile(r"(?:changed|failed)_when: false|# noqa|# type: ignore|\|\| true|ignore_errors: true")
FILES = ["*.py", "*.yml", "*.sh", "Makefile", "tools", "fleet/base", "molecule"]


def unexplained(text):
    """Return the lines that silence a check without a word."""
    lines = text.splitlines()
    found = []
    for above, line in zip(["", *lines], lines, strict=False):
        match = MUTED.search(line)
        if match and not re.search(r"\w+ \w+", line[match.end() :]) and not above.strip().startswith("#"):
            found.append(line.strip())
    return found


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("  changed_when: false\n", 1),
        ("  # It only asks.\n  changed_when: false\n", 0),
        ("  # It only asks.\n  changed_when: false\n  failed_when: false\n", 1),
        ("import flask  # noqa: F401\n", 1),
        ("import flask  # noqa: F401 # for what its import costs\n", 0),
        ("x = 1  # type: ignore[arg-type]\n", 1),
    ],
)
def test_a_word_is_missed(text, count):
    assert len(unexplained(text)) == count


def test_every_silenced_check_says_why():
    listing = subprocess.run(["git", "ls-files", "-z", "--", *FILES], cwd=REPOSITORY, capture_output=True, check=True)
    found = {
        name: silent
        for name in listing.stdout.decode().strip("\0").split("\0")
        if name != "tests/unit/suite/test_muted.py" and (silent := unexplained((REPOSITORY / name).read_text()))
    }
    assert found == {}
