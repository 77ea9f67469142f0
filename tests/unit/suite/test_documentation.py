"""Links between the pages of documentation, and the list of words that they keep to."""

import re
import subprocess
import sys
from os import EX_DATAERR, EX_OK
from pathlib import Path

import pytest

PAGES = [Path("README.md"), Path("CONTRIBUTING.md"), *sorted(Path("docs").glob("*.md"))]


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_to_a_page_and_a_heading(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_index_leads_to_every_page():
    index = Path("docs/README.md").read_text()
    assert [page.name for page in PAGES if page.parent.name == "docs" and f"({page.name})" not in index] == [
        "README.md"
    ]


def test_table_of_the_sites_tests_names_every_file():
    files = {path.name for path in Path("tests/site").glob("test_*.py")}
    assert files <= set(re.findall(r"`(test_\w+\.py)`", Path("CONTRIBUTING.md").read_text()))


REJECTED = [line.partition("->")[0] for line in Path("tools/rejected-words.txt").read_text().splitlines()]
OTHERS = ("state: absent\n", "via = 1  # codespell:ignore via\n", "send_signal(9)\n", "sha256: 0abd1daa\n", "lookup\n")


@pytest.mark.parametrize("form", ["It is {}", "# {}, for one", "a_{}: x"])
def test_every_rejected_word_is_found(form, tmp_path):
    words = [word for word in REJECTED if "_" not in form or " " not in word]
    (tmp_path / "page.md").write_text("".join(f"{form.format(word)}\n" for word in words))
    found = check(tmp_path / "page.md")
    lines = {int(line.split(":")[1]) for line in found.stdout.splitlines()}
    assert [word for number, word in enumerate(words, 1) if number not in lines] == []


def test_misspelling_is_found(tmp_path):
    (tmp_path / "page.md").write_text("teh swarm\n")  # codespell:ignore teh
    assert check(tmp_path / "page.md").returncode == EX_DATAERR


@pytest.mark.parametrize("text", OTHERS)
def test_names_of_others_are_not(text, tmp_path):
    (tmp_path / "page.md").write_text(text)
    assert check(tmp_path / "page.md").returncode == EX_OK


def check(path):
    command = [Path(sys.executable).with_name("codespell"), path]
    return subprocess.run(command, capture_output=True, text=True, check=False)
