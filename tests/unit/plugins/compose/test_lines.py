"""Messages say in which line a key stands."""

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.compose.lines import Lines

FIRST = """\
x-common: &common
  init: true
services:
  web:
    <<: *common
    image: a
    ports: ["1:1"]
  web.v1:
    image: b
"""
SECOND = """\
services:
  web:
    ports: !override
      - "2:2"
"""


@pytest.fixture
def lines(tmp_path):
    (tmp_path / "compose.yml").write_text(FIRST)
    (tmp_path / "stack.yml").write_text(SECOND)
    (tmp_path / "broken.yml").write_text("services: [")
    return Lines([tmp_path / name for name in ("compose.yml", "stack.yml", "broken.yml", "missing.yml")])


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("services.web", "stack.yml:2"),
        ("services.web.image", "compose.yml:6"),
        ("services.web.ports", "stack.yml:3"),
        ("services.web.v1.image", "compose.yml:9"),
        ("services.web.init", ""),
        ("services.web.build", ""),
        ("volumes", ""),
    ],
)
def test_a_key_is_named_with_the_line_that_counts_last(lines, key, place):
    assert lines.name(key) == (f"{key} ({place})" if place else key)
