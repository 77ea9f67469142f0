"""Docker Hub as the registry: its names lead to a registry of the tests that gives tokens as Docker Hub does."""

import json
import re
import shutil

import pytest
import yaml
from docker_hub import DockerHub
from test_registries import pull_again_on

from bench import stack
from tests.support.runs import REPOSITORY
from tests.support.stack import stack_with

pytestmark = pytest.mark.long
LOGIN = "https://index.docker.io/v1/"
# What pulls count by, and everything that is asked.
MANIFESTS, ALL = r"GET /v2/.+/manifests/", "."


@pytest.fixture(scope="module")
def hub(fleet, tmp_path_factory):
    """Docker Hub, which all hosts trust and nobody uses yet."""
    with DockerHub.of(fleet, tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture
def play(fleet, hub, tmp_path):
    """Run site.yml with variables from a file, as a user would write them; without a limit afterwards."""

    def run(*words, **settings):
        path = tmp_path / "settings.yml"
        path.write_text(yaml.safe_dump(settings))
        return fleet.play("-e", f"@{path}", *words)

    yield run
    hub.set()


def small(folder, path=stack.FOLDER):
    """The shipped stack as settings, with two replicas, to be brief: each waits for the one before it."""
    fewer = json.loads(stack_with(folder, **{stack.WEB: {"deploy": {"replicas": 2}}}))
    fewer["stacks"][stack.NAME]["path"] = str(path)
    return fewer


def assert_refused(run, code, owner):
    """Expect that it was refused for images of an owner alone, with one answer of the registry for each."""
    assert run.code == 2 and run.problems
    assert all(re.match(rf"{code}: ({owner}/\S+, )+manager-1$", head) for head in run.problems)
    run.changed_nothing()


def found(run, code):
    """Return what was found, of the one problem with a code."""
    (text,) = (text for head, text in run.problems.items() if head.startswith(code))
    return text


def with_image(folder, image):
    """The shipped stack with one more service, as settings."""
    return json.loads(stack_with(folder, more={"image": image}))


def test_wrong_password_is_told(hub, play):
    run = play(**hub.settings(registry_password="wrong"))
    run.refused("registry-credentials: registry_username and registry_password, all 3 hosts")
    assert "incorrect username or password" in found(run, "registry-credentials")


def test_name_of_somebody_else_is_told(hub, play):
    run = play(**hub.settings(registry_url="docker.io/other"))
    assert_refused(run, "registry-denied", "other")
    assert "account jane may not push there (it may: nothing)" in found(run, "registry-denied")


@pytest.mark.parametrize("image", ["other/secret:1", "nobody/nothing:1"])
def test_private_image_and_missing_one_are_told(fleet, hub, play, tmp_path, image):
    private = hub.folder / "images/docker/registry/v2/repositories/other/secret"
    private.mkdir(parents=True, exist_ok=True)
    # What comes from Docker Hub else is there.
    run = play(**with_image(tmp_path, image), **hub.settings(image_base="hub"))
    heads = [head for head in run.problems if f"docker.io/{image}" in head]
    assert len(heads) == 1 and heads[0].startswith("registry-denied: ")
    assert "401 Unauthorized from " in run.problems[heads[0]] and "manifests/1 " in run.problems[heads[0]]
    run.changed_nothing()


@pytest.mark.parametrize("wait", [120, 0])
def test_limit_of_all_requests_is_told_with_the_time_to_wait(hub, play, wait):
    hub.set(limit={"path": ALL, "wait": wait})
    run = play(**hub.settings())
    run.refused("registry-limited: registry_url, all 3 hosts")
    text = found(run, "registry-limited")
    assert "429 Too Many Requests" in text and ("asks to wait for 120 s" in text) is bool(wait)


def test_site_is_served_from_docker_hub(fleet, hub, play, tmp_path):
    mark = len(hub.requests())
    run = play("-vvv", **small(tmp_path), **hub.settings()).succeeded()
    images = fleet.on(fleet.manager, "docker service ls --format '{{.Image}}'").split()
    assert len(images) == len(stack.SERVICES) and all(image.startswith("jane/") for image in images)
    assert "jane/hello-web" in "".join(images)
    assert fleet.page(fleet.addresses["worker-1"])
    asked = hub.requests()[mark:]
    # All three engines logged in and pulled with tokens; only the builder pushed.
    manifests = [line for line in asked if "registry-1.docker.io/v2/jane/" in line[3] and "/manifests/" in line[3]]
    assert {line[1] for line in manifests if line[2] == "GET"} == set(fleet.addresses.values())
    assert {line[1] for line in asked if line[2] == "PUT"} == {fleet.addresses[fleet.manager]}
    assert {line[0] for line in manifests if line[4] == "200"} == {"jane"}
    for host in fleet.addresses:
        assert list(json.loads(fleet.on(host, "cat /root/.docker/config.json"))["auths"]).count(LOGIN) == 1
    assert hub.accounts["jane"] not in run.output


def test_second_run_changes_nothing_and_asks_for_each_image_once(hub, play, tmp_path):
    mark = len(hub.requests())
    play(**small(tmp_path), **hub.settings()).unchanged()
    pulls = [line for line in hub.requests()[mark:] if line[2] == "GET" and "/manifests/" in line[3]]
    assert len(pulls) == len({line[3] for line in pulls}) <= len(stack.SERVICES) + 1


def test_the_login_is_that_of_docker_itself(fleet):
    """What was stored pushes by Docker's own command, and pulls for services that a person creates."""
    image, base = "jane/hello-web:mine", "docker images -q jane/hello-web | head -n 1"
    fleet.on(fleet.manager, f"docker tag $({base}) {image} && docker push -q {image} && docker rmi {image}")
    fleet.on("worker-2", f"docker pull -q {image} && docker rmi --force --no-prune {image}")


def test_limit_of_pulls_is_told_before_anything_changes(hub, play):
    hub.set(limit={"path": MANIFESTS, "wait": 0})
    run = play(**hub.settings())
    assert_refused(run, "registry-limited", "jane")
    assert "toomanyrequests: You have reached your pull rate limit" in found(run, "registry-limited")


def changed_app(folder):
    """The shipped app with one file more, and so another image, as settings."""
    shutil.copytree(REPOSITORY / "app", folder / "app", ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    (folder / "app/hello/more.py").write_text(f'"""Of {folder.name}."""\n')
    return small(folder, folder / "app")


def test_limit_in_the_midst_of_a_run_is_told_and_the_next_run_goes_on(fleet, hub, play, tmp_path):
    before = fleet.on(fleet.manager, "docker service ls --format '{{.Image}}'")
    settings = {**changed_app(tmp_path), **hub.settings()}
    hub.set(limit={"path": MANIFESTS, "peer": fleet.addresses["worker-2"], "wait": 0})
    run = play(**settings)
    assert run.code == 2
    told = re.search(r"registry-limited: jane/hello-web@sha256:\w+, worker-2\n +found .*toomanyrequests", run.output)
    assert told and "fix       Run again later" in run.output
    assert fleet.on(fleet.manager, "docker service ls --format '{{.Image}}'") == before
    assert fleet.page(fleet.addresses["worker-2"])
    hub.set()
    play(**settings).succeeded()
    assert fleet.on(fleet.manager, "docker service ls --format '{{.Image}}'") != before


def test_account_that_may_not_pull_private_images_is_told(hub, play):
    reader = {"registry_pull_username": "reader", "registry_pull_password": hub.accounts["reader"]}
    run = play(**hub.settings(), **reader)
    assert_refused(run, "registry-denied", "jane")
    assert "401 Unauthorized from " in run.words and "(account reader)" in run.words


def test_account_that_only_pulls_is_the_one_on_hosts(fleet, hub, play, tmp_path):
    hub.set(rights={"reader": {"jane": ["pull"]}})
    reader = {"registry_pull_username": "reader", "registry_pull_password": hub.accounts["reader"]}
    play(**small(tmp_path), **hub.settings(), **reader).succeeded()
    assert pull_again_on(fleet, "worker-2") >= 1
    play(**small(tmp_path), **hub.settings(), **reader).unchanged()


def test_the_site_moves_back_to_its_own_registry(fleet):
    fleet.play().succeeded()
    fleet.assert_serving()
