"""What steers a terminal is spelled out."""

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.terminal import printable


@pytest.mark.parametrize("text", ["", "a line\nanother\tone", "Grüße, 世界", "{{ 7 * 7 }}"])
def test_what_a_terminal_shows_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\rb\bc\x07", r"a\rb\x08c\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202eabc", r"\u202eabc"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_a_terminal_obeys_is_spelled_out(text, shown):
    assert printable(text) == shown
