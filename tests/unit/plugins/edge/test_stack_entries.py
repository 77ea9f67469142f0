"""The stacks of an inventory, with their Compose files."""

from pathlib import Path

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.stack_entries import RunRequest, read_entry
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file import parse

from bench import stack

FILE = """\
services:
  web:
    build: .
    ports: ["${PORT:-80}:80"]
    secrets: [key]
  db:
    image: redis:8
secrets:
  key: {file: ./key.txt}
"""
EVERYTHING = RunRequest()
ENTRY = {"path": "../app"}


@pytest.fixture
def inventory(tmp_path):
    """An inventory beside a project."""
    (tmp_path / "inventory").mkdir()
    app = tmp_path / "app"
    app.mkdir()
    (app / "compose.yml").write_text(FILE)
    (app / "Dockerfile").write_text("FROM python:3.13-slim\n")
    (app / "key.txt").write_text("value")
    (app / ".dockerignore").write_text("key.txt\n")
    return tmp_path / "inventory"


def read(inventory, request=EVERYTHING, **changes):
    return read_entry("shop", {**ENTRY, **changes}, str(inventory), request)


def problems(inventory, **changes):
    return [f"{problem['code']}: {problem['where']}" for problem in read(inventory, **changes)["problems"]]


def test_path_begins_at_the_inventory_also_where_that_is_a_link(inventory, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/real").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere/real")
    for folder in (inventory, tmp_path / "linked"):
        assert read(folder)["builds"][0]["context"] == str(tmp_path / "app")


def test_shipped_inventory_names_the_shipped_stack():
    stacks = yaml.safe_load(Path("inventory/group_vars/all/stacks.yml").read_text())["stacks"]
    ((name, entry),) = stacks.items()
    found = read_entry(name, entry, "inventory", EVERYTHING)
    assert (found["name"], found["warnings"], found["problems"]) == (stack.NAME, [], [])
    assert found["page_port"] == entry["environment"].get("PORT", stack.PORT)
    assert {*parse(found["text"]).services} == {*stack.SERVICES}
    recipes = yaml.safe_load(Path("roles/image/defaults/main.yml").read_text())["image_distro_recipes"]
    assert {*found["images"]} <= {*recipes}
    # Services with the same build have one image, which is named after the first.
    built = {}
    for service, each in stack.SERVICES.items():
        if "build" in each:
            built.setdefault(str(each["build"]), f"{name}-{service}")
    assert [build["image"] for build in found["builds"]] == [*built.values()]


def test_ports_are_those_that_the_inventory_says(inventory):
    found = read(inventory, environment={"PORT": 81})
    assert (found["ports"], found["page_port"]) == (["81/tcp"], 81)
    assert read(inventory)["ports"] == ["80/tcp"]


def test_visited_port_is_the_first_unless_another_is_named(inventory, tmp_path):
    two = "services: {a: {image: x.example/a, ports: ['81:80']}, b: {image: x.example/b, ports: ['82:80']}}"
    (tmp_path / "app/compose.yml").write_text(two)
    assert [read(inventory, port=port)["page_port"] for port in (0, 82)] == [81, 82]


def test_images_are_those_of_the_file_and_of_what_is_built(inventory):
    found = read(inventory)
    assert found["images"] == {
        "redis:8": "services.db.image (compose.yml:7)",
        "python:3.13-slim": "services.web.build (Dockerfile)",
    }
    services = parse(found["text"]).services
    assert [services[name].image for name in ("web", "db")] == ["${SHOP_WEB_IMAGE}", "${REDIS_8_IMAGE}"]


def test_secret_of_a_file_has_its_value_unless_the_inventory_gives_one(inventory, tmp_path):
    assert read(inventory)["secret_files"] == {"key": str(tmp_path / "app/key.txt")}
    given = read(inventory, secrets={"key": ""})
    assert (given["secrets"], given["secret_files"]) == (["key"], {})


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
def test_file_of_a_secret_without_a_text_is_named(inventory, tmp_path, content):
    (tmp_path / "app/key.txt").write_bytes(content)
    assert problems(inventory) == ["stack-file-invalid: .files: secrets.key (compose.yml:9)"]


def test_image_of_private_files_is_refused_by_their_names(inventory, tmp_path):
    (tmp_path / "app/.dockerignore").unlink()
    for number in range(6):
        (tmp_path / f"app/{number}.p12").write_text("")
    (problem,) = read(inventory)["problems"]
    assert (problem["code"], problem["where"]) == ("context-private", ".files: services.web.build (compose.yml:3)")
    assert problem["found"].startswith("0.p12, 1.p12, 2.p12, 3.p12, 4.p12 and 2 more in ")


@pytest.mark.parametrize("missing", ["key.txt", "Dockerfile", "compose.yml"])
def test_missing_file_is_named(inventory, tmp_path, missing):
    (tmp_path / "app" / missing).unlink()
    (problem,) = read(inventory)["problems"]
    assert problem["code"] == "stack-file-invalid"
    assert missing in problem["found"]


def test_what_compose_refuses_is_told_in_its_words(inventory, tmp_path):
    (tmp_path / "app/compose.yml").write_text("services: {web: {image: x, prots: []}}")
    (problem,) = read(inventory)["problems"]
    assert "prots" in problem["found"]
    assert read(inventory)["text"] == "services: {}\n"


def test_variable_without_a_value_is_named(inventory, tmp_path):
    (tmp_path / "app/compose.yml").write_text("services: {web: {image: 'x:${TAG}'}}")
    assert problems(inventory) == ["stack-variable-missing: .files"]
    assert problems(inventory, environment={"TAG": "1"}) == []


def test_name_that_no_file_has_is_unused(inventory, tmp_path):
    assert read(inventory, environment={"PORT": 81, "PROT": 82})["unused"] == ["PROT"]
    (tmp_path / "app/compose.yml").write_text("include: [other.yml]\nservices: {}\n")
    assert read(inventory, environment={"PROT": 82})["unused"] == []


@pytest.mark.parametrize(("chosen", "release"), [([], 3), (["shop"], 3), (["hello"], 0)])
def test_what_a_run_is_asked_for_is_for_the_stacks_that_it_is_about(inventory, chosen, release):
    request = RunRequest(chosen=chosen, rotate=["key"], lost=["db"], release=3)
    found = read(inventory, request)
    assert (found["release"], found["rotate"]) == (release, ["key"] * bool(release))
