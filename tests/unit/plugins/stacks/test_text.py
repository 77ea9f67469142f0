"""A stack file means to Docker, which reads YAML otherwise than PyYAML, what it means here."""

from pathlib import Path

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file import make
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.releases import steps

# What go-yaml takes for a number, a date or a truth value where it has no quotes, and PyYAML does not.
OTHER_IN_GO = ["012345678901", "08", "1e3", "1e+3", "-.5e1", "0o17", "0b-1", "0_9", "2026-12-1", "y", "Y", "n", "N"]
SAME_IN_GO = ["web", "10s", "50M", "_08", "e3", "1e3x", "0.5.1", "0xfg", "yn", ".", "20-12-1"]
# Read by both as something else than a text, so that PyYAML quotes it by itself.
OTHER_IN_BOTH = ["1", "0.5", "1.0e+3", "0x1f", "017", "yes", "Off", "null", "~", "", ".inf", "<<"]
DEEP = 'é "x" \\ $$5 {{.Node.Hostname}} \U0001f600 \u2028\tand\nmore\n\n'
ROLE = Path("roles/stack/tasks/apply.yml")


def written(text):
    """A text as it stands in a stack file for people."""
    (line,) = [line for line in make({"services": {"web": {"user": text}}}).text.splitlines() if "user: " in line]
    return line.partition("user: ")[2]


@pytest.mark.parametrize("text", [*OTHER_IN_GO, *OTHER_IN_BOTH])
def test_text_that_docker_would_take_for_something_else_is_quoted(text):
    assert written(text) in (f"'{text}'", f'"{text}"')


@pytest.mark.parametrize("text", SAME_IN_GO)
def test_other_text_stands_as_people_write_it(text):
    assert written(text) == text


def test_what_is_applied_has_each_text_in_quotes():
    environment = {text: text for text in [*OTHER_IN_GO, *OTHER_IN_BOTH, DEEP, "a " * 90]}
    content = {"services": {"web": {"environment": environment, "init": True, "stop": None, "user": 1000, "cpu": 0.5}}}
    (text,) = steps(make(content).text, "")
    assert yaml.safe_load(text) == content
    tokens = [token for token in yaml.scan(text) if isinstance(token, yaml.ScalarToken)]
    assert [token.value for token in tokens if token.style != '"'] == ["true", "null", "1000", "0.5"]
    assert text.isascii()


def test_what_is_applied_is_written_by_nobody_else():
    """The module would write a mapping by PyYAML, without these quotes."""
    (block,) = [task["block"] for task in yaml.safe_load(ROLE.read_text()) if "block" in task]
    given = {name: task[name] for task in block for name in task if "." in name}
    assert given["flotilla.swarm.files"]["files"] == "{{ {__stack_file: {'text': __stack_step, 'mode': '0600'}} }}"
    assert given["community.docker.docker_stack"]["compose"] == ["{{ __stack_file }}"]
