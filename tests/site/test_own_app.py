"""Another app beside the shipped one, with the settings that docs/your-app.md shows."""

import hashlib
import json
import re

import pytest
import yaml

from bench import stack
from tests.site import apps
from tests.support.runs import REPOSITORY
from tests.support.stack import stack_with
from tests.support.wait import wait_until

APP = apps.SHOP
GUIDE = REPOSITORY / "docs/your-app.md"
PORT = apps.PORTS["shop"]
REMOVE = "playbooks/remove.yml"


def block(guide, start):
    """Take the indented block of a guide that begins with a text."""
    return re.sub("^    ", "", re.search(rf"(^    {start}.*\n(    .*\n)*)", guide, re.MULTILINE)[1], flags=re.MULTILINE)


def beside(own, shipped=""):
    """Return the settings of a guide's app with those of the shipped one."""
    return json.dumps({"stacks": {**json.loads(shipped or stack.option())["stacks"], **own["stacks"]}})


def with_others(own):
    """Add an app without packages, whose port the inventory says, and the shipped one under another name."""
    page = {**apps.ENTRIES["page"], "after": ["shop"]}
    return {"stacks": {**own["stacks"], "page": page, "copy": apps.ENTRIES["copy"]}}


@pytest.fixture
def own():
    """Read the guide's settings for the app of this folder."""
    return yaml.safe_load(block(GUIDE.read_text(), "stacks:").replace("/home/me/shop", str(APP)))


def tasks(fleet, name):
    """The tasks of a stack that run, by their IDs."""
    return set(fleet.on("manager-1", f"docker stack ps --quiet --filter desired-state=running {name}").split())


def assert_only_the_build_had_the_licence(fleet):
    """The image is made with a secret, which is neither in it nor left behind on the builder."""
    value = (apps.PAGE / "licence.key").read_text()
    told = fleet.page(fleet.addresses["worker-1"], "/licence.txt", port=apps.PORTS["page"])
    assert told.split()[0] == hashlib.sha256(value.encode()).hexdigest()
    image = fleet.on("manager-1", "docker images --format '{{.ID}} {{.Repository}}' | grep page-page").split()[0]
    assert fleet.on("manager-1", f"docker save {image} | grep -c {value.strip()}", check=False).strip() == "0"
    assert (
        fleet.on("manager-1", f"grep -rlF {value.strip()} /var/cache/flotilla /var/tmp /tmp /root", check=False) == ""
    )


def deploy_manually(fleet, stacks, folder):
    """Deploy what the check writes, as who does without flotilla."""
    words = ("-e", stacks, "-e", "stack=page", "-e", f"write={folder}")
    assert fleet.play(*words, playbook="playbooks/check.yml").code == 0
    copied = f"cat > /root/page.yml <<'END_OF_FILE'\n{(folder / 'page.yml').read_text()}\nEND_OF_FILE"
    fleet.on("manager-1", f"{copied}\ndocker stack deploy --with-registry-auth -c /root/page.yml page")
    wait_until(lambda: {page.strip() for page in fleet.pages(port=apps.PORTS["page"])} == {"A page of its own"}, 120)
    fleet.on("manager-1", "docker stack rm page; rm /root/page.yml")


@pytest.mark.long
def test_own_app_runs_beside_the_shipped_one_and_each_is_changed_alone(fleet, own, tmp_path):
    before = tasks(fleet, stack.NAME)
    fleet.play("-e", beside(with_others(own))).succeeded()
    fleet.assert_serving(shop_web=2, shop_orders=1, page_page=1, **apps.copy_sizes(len(fleet.addresses)))
    assert fleet.pages(port=PORT) == [f"Open all day: order {number}" for number in (1, 2, 3)]
    assert {page.strip() for page in fleet.pages(port=apps.PORTS["page"])} == {"A page of its own"}
    assert all("Hello Copy!" in page for page in fleet.pages(port=apps.PORTS["copy"]))
    assert_only_the_build_had_the_licence(fleet)
    assert tasks(fleet, stack.NAME) == before
    fleet.play("-e", beside(with_others(own))).unchanged()
    fleet.play("-e", beside(own), "-e", "stack=page,copy", playbook=REMOVE).succeeded()
    fleet.play("-e", beside(own)).unchanged()
    deploy_manually(fleet, beside(with_others(own)), tmp_path)

    own["stacks"]["shop"]["environment"]["SIGN"] = "Closed"
    fleet.play("-e", beside(own), playbook="playbooks/deploy.yml").succeeded()
    assert all(page.startswith("Closed: ") for page in fleet.pages(port=PORT))
    fleet.play("-e", beside(own), playbook="playbooks/rollback.yml").refused("setting-missing: stack")
    fleet.play("-e", beside(own), "-e", "stack=shop", playbook="playbooks/rollback.yml").succeeded()
    assert all(page.startswith("Open all day: ") for page in fleet.pages(port=PORT))
    assert tasks(fleet, stack.NAME) == before

    # One that fails goes back alone, and the other is deployed all the same.
    own["stacks"]["shop"]["environment"]["SIGN"] = "Sale"
    bad = stack_with(tmp_path, {}, {"timeout": 60}, web={"command": ["false"]})
    run = fleet.play("-e", beside(own, bad), playbook="playbooks/deploy.yml")
    assert run.code != 0
    assert re.search(r"hello: .*web", run.words)
    assert "Deployed: shop." in run.words
    assert all(page.startswith("Sale: ") for page in fleet.pages(port=PORT))
    assert all("Hello World!" in page for page in fleet.pages())

    # Out of the inventory it goes on running, until it is removed by name; its data stays.
    left = fleet.play().succeeded()
    assert "stack shop is not in the inventory, and goes on running" in left.words
    before = tasks(fleet, stack.NAME)
    fleet.play("-e", "stack=hello", playbook=REMOVE).refused("setting-conflict: stack")
    fleet.play("-e", "stack=shop", playbook=REMOVE).succeeded()
    kinds = ("service", "secret", "config", "network")
    assert "shop" not in fleet.on("manager-1", "; ".join(f"docker {kind} ls" for kind in kinds))
    assert tasks(fleet, stack.NAME) == before
    fleet.play("-e", "stack=shop", playbook=REMOVE).refused("setting-invalid: stack")
    fleet.play().unchanged()
