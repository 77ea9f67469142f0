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


REJECTED = ("It shall\n", "a keeper\n", "swarm_via: x\n", "Mended by hand\n", "teh swarm\n")  # codespell:ignore
OTHERS = ("state: absent\n", "via = 1  # codespell:ignore via\n", "send_signal(9)\n", "sha256: 0abd1daa\n", "lookup\n")


@pytest.mark.parametrize("text", REJECTED)
def test_rejected_words_and_misspellings_are_found(text, tmp_path):
    (tmp_path / "page.md").write_text(text)
    assert check(tmp_path / "page.md") == EX_DATAERR


@pytest.mark.parametrize("text", OTHERS)
def test_names_of_others_are_not(text, tmp_path):
    (tmp_path / "page.md").write_text(text)
    assert check(tmp_path / "page.md") == EX_OK


def check(path):
    return subprocess.run(
        [Path(sys.executable).with_name("codespell"), path], capture_output=True, check=False
    ).returncode
