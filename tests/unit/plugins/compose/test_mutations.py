"""Whatever a user writes into a Compose file ends in a stack or in problems, never in a Python error."""

import copy
from pathlib import Path

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.stack_entries import RunRequest, read_entry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# Of many kinds: what is built, what is mounted, what is limited.
RICH = """
services:
  web:
    build: {context: ., args: {A: "1"}, target: web}
    ports: ["8080:80", {target: 81, published: "8081", mode: host}]
    environment: {A: "1", B: null}
    secrets: [key, {source: other, mode: 256}]
    configs: [{source: motd, target: /motd}]
    depends_on: {db: {condition: service_healthy}}
    restart: on-failure:3
    tmpfs: ["/tmp:size=4m"]
    mem_limit: 64m
    extra_hosts: ["a:10.0.0.1"]
    networks: {front: {aliases: [page]}}
    deploy: {replicas: 2, update_config: {order: start-first, delay: 2s}}
  db:
    image: redis:8
    command: [redis-server, --save, ""]
    volumes: ["data:/data", {type: tmpfs, target: /x, tmpfs: {size: 1m}}, "./motd:/etc/motd:ro"]
    healthcheck: {test: [CMD, "true"], interval: 5s, start_interval: 1s}
    cap_add: [CHOWN]
    ulimits: {nofile: {soft: 10, hard: 20}}
    networks: [front]
    deploy: {placement: {constraints: ["node.role == worker"]}, resources: {limits: {cpus: "0.1", memory: 50M}}}
networks: {front: {driver: bridge}}
volumes: {data: null}
secrets: {key: {file: ./motd}, other: {environment: OTHER}}
configs: {motd: {content: "a ${WHO:-b}"}}
"""
PROJECTS = [RICH, *(Path(f"tests/site/apps/{name}/compose.yml").read_text() for name in ("shop", "page"))]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 70000),
    st.sampled_from(
        ["", "x", "${", "$$", "${NO_SUCH}", "1g", "30", "a:b:c", "host", "/", "../x", "127.0.0.1:1:1", "☃"]
    ),
    st.sampled_from([[], {}, [None], ["x"], {"x": None}, {"external": True}, [{"target": "x"}], {"type": "bind"}]),
)
KEYS = st.sampled_from(
    [
        "image",
        "privileged",
        "devices",
        "links",
        "network_mode",
        "scale",
        "gpus",
        "foo",
        "x-y",
        "name",
        "external",
        "file",
    ]
)


def places(node, path=()):
    """List the paths of all nodes of a document."""
    yield path
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield from places(value, (*path, key))


@st.composite
def projects(draw):
    """Take a project, and change it in one to three places."""
    content = yaml.safe_load(draw(st.sampled_from(PROJECTS)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([path for path in places(content) if path] or [()]))
        if not path:
            break
        parent = content
        for key in path[:-1]:
            parent = parent[key]
        change = draw(st.sampled_from(["remove", "replace", "add"]))
        if change == "remove":
            del parent[path[-1]]
        elif change == "replace" or not isinstance(parent, dict):
            parent[path[-1]] = copy.deepcopy(draw(VALUES))
        else:
            parent[draw(KEYS)] = copy.deepcopy(draw(VALUES))
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project's folder without its Compose file."""
    path = tmp_path_factory.mktemp("project")
    (path / "Dockerfile").write_text("FROM python:3.13-slim AS web\n")
    (path / "motd").write_text("Good morning\n")
    return path


@settings(max_examples=300, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=projects())
def test_changed_files_make_a_stack_or_problems_that_name_their_place(folder, content):
    (folder / "compose.yml").write_text(yaml.safe_dump(content))
    entry = {"path": str(folder), "secrets": {"orders_password": ""}, "environment": {"SIGN": "x", "PORT": "1"}}
    read = read_entry("shop", entry, "/", RunRequest())
    for problem in read["problems"]:
        assert problem["where"].startswith(".files")
        assert problem["found"] and problem["fix"]
