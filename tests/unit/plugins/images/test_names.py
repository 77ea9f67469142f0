"""Images are named by their content."""

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.images import names as images

DISTRO = {
    "suite": "trixie",
    "serial": 1,
    "dockerfile": "FROM it",
    "path": "/usr/bin",
    "paths": ["exclude=/usr/share/man/*"],
    "listing": "dpkg-deb",
    "recipes": {"python:3.13": {"packages": ["python3"]}, "redis:8": {"packages": ["redis-server"]}, "other:1": {}},
}
PYTHON, REDIS = "python:3.13", "redis:8"


@pytest.fixture
def app(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "main.py").write_text("print()\n")
    (tmp_path / ".dockerignore").write_text("# comment\ntests\n**/__pycache__\n")
    build = {
        "image": "web",
        "context": str(tmp_path),
        "dockerfile": "Dockerfile",
        "args": {},
        "target": "",
        "secrets": {},
    }
    return [{"builds": [{**build, "bases": [PYTHON]}], "images": {PYTHON: "web.build", REDIS: "redis.image"}}]


def references(app, registry="reg:5000", **changes):
    return {image.name: image.reference for image in images.list_images(registry, app, "3.13", {**DISTRO, **changes})}


def test_images_come_after_what_they_are_made_from(app):
    assert [image.name for image in images.list_images("reg:5000", app, "3.13", DISTRO)] == [PYTHON, REDIS, "web"]


def test_same_content_same_tag_in_every_clone(app, tmp_path):
    before = references(app)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_main.py").write_text("ignored")
    (tmp_path / "sub" / "__pycache__").mkdir(parents=True)
    (tmp_path / "sub" / "__pycache__" / "main.pyc").write_text("ignored")
    assert references(app) == before


@pytest.mark.parametrize("change", ["content", "name", "mode"])
def test_changed_app_changes_only_its_own_tag(app, tmp_path, change):
    before = references(app)
    if change == "content":
        (tmp_path / "main.py").write_text("print(1)\n")
    elif change == "name":
        (tmp_path / "main.py").rename(tmp_path / "other.py")
    else:
        (tmp_path / "main.py").chmod(0o755)
    after = references(app)
    assert after["web"] != before["web"]
    assert (after[PYTHON], after[REDIS]) == (before[PYTHON], before[REDIS])


@pytest.mark.parametrize("change", [{"args": {"A": "1"}}, {"target": "test"}, {"dockerfile": "main.py"}])
def test_another_build_of_the_same_folder_is_another_image(app, change):
    before, (stack,) = references(app), app
    other = [{**stack, "builds": [{**stack["builds"][0], **change}]}]
    assert references(other)["web"] != before["web"]


def test_image_without_a_recipe_is_left_out(app):
    assert list(references([{**app[0], "images": {**app[0]["images"], "postgres:17": "db.image"}}])) == [
        PYTHON,
        REDIS,
        "web",
    ]


def test_changed_base_changes_the_app(app):
    before, after = references(app), references(app, serial=2)
    assert all(before[name] != after[name] for name in before)


def test_another_registry_has_the_same_tags(app):
    moved = references(app, registry="other:443")
    assert {name: ref.replace("other:443", "reg:5000") for name, ref in moved.items()} == references(app)


def test_missing_folder_is_named():
    with pytest.raises(FileNotFoundError, match="/nowhere is no folder"):
        images.folder_digest("/nowhere")


HUB = {"prefix": "docker.io"}


def test_images_of_docker_hub_get_names_of_our_own(app):
    app = [{**app[0], "images": {PYTHON: "", "bitnami/redis:8": ""}}]
    python, redis, web = images.list_images("reg:5000/team", app, "3.13", HUB)
    assert python.ingredients["source"] == "docker.io/library/python:3.13"
    assert redis.ingredients["source"] == "docker.io/bitnami/redis:8"
    assert [image.kind for image in (python, redis, web)] == ["hub", "hub", "build"]
    assert python.reference.startswith("reg:5000/team/hub-python:")
    assert redis.reference.startswith("reg:5000/team/hub-bitnami-redis:")
    assert web.ingredients["bases"] == {PYTHON: python.reference}


def test_mirror_changes_the_source_and_no_name(app):
    mirrored = images.list_images("reg:5000", app, "3.13", {**HUB, "prefix": "mirror:5000/dockerhub"})
    direct = images.list_images("reg:5000", app, "3.13", HUB)
    assert mirrored[0].ingredients["source"] == "mirror:5000/dockerhub/library/python:3.13"
    assert [image.reference for image in mirrored] == [image.reference for image in direct]


def test_other_tag_on_docker_hub_is_another_image(app):
    before = images.list_images("reg:5000", app, "3.13", HUB)
    build = {**app[0]["builds"][0], "bases": ["python:3.13.9"]}
    newer = [{"images": {"python:3.13.9": "", REDIS: ""}, "builds": [build]}]
    after = images.list_images("reg:5000", newer, "3.13", HUB)
    same = [one.reference == other.reference for one, other in zip(before, after, strict=True)]
    assert same == [False, True, False]


def test_prefix_of_the_registry_changes_no_tag(app):
    plain, team = references(app), references(app, registry="reg:5000/team")
    assert {name: ref.replace("/team", "") for name, ref in team.items()} == plain
