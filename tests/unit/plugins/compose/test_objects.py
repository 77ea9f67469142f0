"""Secrets and configs of Compose files have names and contents that Swarm takes."""

import re

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.secrets import DIGITS, LONGEST, longest_name

from tests.support.problems import told

LONG = "docker/nginx/conf.d/default.conf.template"


def with_files(folder, *paths):
    """Make files in a folder, and mount each."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x")
    return {"volumes": [f"./{path}:/etc/{path}:ro" for path in paths]}


def test_name_of_a_mounted_file_is_shortened_where_swarm_would_not_take_it(service, tmp_path):
    others = [LONG.replace("docker", "other"), "nginx.conf"]
    made, translated = service(with_files(tmp_path, LONG, *others), stack="company-website")
    names = [config["source"] for config in made["configs"]]
    assert names == [*translated.content["configs"]]
    assert max(len(f"company-website_{name}_{'0' * DIGITS}") for name in names) == LONGEST
    assert all(re.fullmatch(r"[0-9a-f]{8}_\w+_default_conf_template", name) for name in names[:2])
    assert (len({*names}), names[2], translated.problems) == (3, "nginx_conf", ())


def test_name_that_swarm_takes_stays_as_it_is(service, tmp_path):
    path = "a" * longest_name("shop")
    made, _ = service(with_files(tmp_path, path))
    assert made["configs"][0]["source"] == path


@pytest.mark.parametrize("more", [0, 1])
def test_name_of_a_secret_or_config_that_swarm_would_not_take_is_refused(project, more):
    longest = longest_name("shop")
    names = [letter * (longest + more) for letter in "abcde"]
    given, of_a_file, not_ours, config, others = names
    text = {
        "services": {"web": {"image": "a.example/x", "secrets": names[:3], "configs": names[3:]}},
        "secrets": {given: {"environment": "X"}, of_a_file: {"file": "./x"}, not_ours: {"external": True}},
        "configs": {config: {"content": "x"}, others: {"external": True}},
    }
    problems = project(text, secrets=[given]).problems
    refused = [f"secrets.{given}", f"secrets.{of_a_file}", f"configs.{config}"]
    assert told(problems) == [f"field-refused: .files: {key}" for key in refused * more]
    assert len(f"shop_{config}_{'0' * DIGITS}") == LONGEST + more


def test_what_swarm_would_fill_in_is_refused(project):
    template = {"template_driver": "golang"}
    text = {
        "services": {"web": {"image": "a.example/x", "configs": ["motd", "plain"], "secrets": ["login"]}},
        "configs": {"motd": {"file": "./motd", **template}, "plain": {"file": "./plain"}},
        "secrets": {"login": {"file": "./login", **template}},
    }
    assert told(project(text).problems) == [
        "field-refused: .files: secrets.login.template_driver",
        "field-refused: .files: configs.motd.template_driver",
    ]
