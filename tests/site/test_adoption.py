"""Stacks that were deployed manually, beside the shipped one: each is taken over when the inventory has it."""

import json

import pytest
import yaml

from bench import stack
from tests.support.wait import wait_until

PORTS = {"shop": 4005, "blog": 4006, "wiki": 4007}
# What begins without data says when; whoever comes later finds that.
KEEP = "test -s /data/began || date +%s%N > /data/began; exec python3 -m http.server 8080 --directory /data"
FRONT = ("python3", "-m", "http.server", "8080")


def compose(image, name):
    """A stack with a service that keeps data, and one with a secret and a config."""
    return {
        "services": {
            "stock": {
                "image": image,
                "user": "0:0",
                "command": ["sh", "-c", KEEP],
                "environment": {"KIND": name},
                "ports": [f"{PORTS[name]}:8080"],
                "volumes": ["stock-data:/data"],
                "networks": ["back"],
                # That of the image is for its own app.
                "healthcheck": {"disable": True},
                "stop_grace_period": "2s",
                "deploy": {"resources": {"limits": {"memory": "64M"}}},
            },
            "front": {
                "image": image,
                "command": list(FRONT),
                "environment": {"COLOUR": "blue", "SIGN": "open"},
                "secrets": ["pin"],
                "configs": [{"source": "motd", "target": "/motd"}],
                "networks": ["back", "default"],
                "healthcheck": {"disable": True},
                "stop_grace_period": "2s",
                "deploy": {"replicas": 2, "labels": {"of": name}, "update_config": {"order": "start-first"}},
            },
        },
        "networks": {"back": {}},
        "volumes": {"stock-data": {}},
        "secrets": {"pin": {"file": "./pin.txt"}},
        "configs": {"motd": {"file": "./motd.txt"}},
    }


def stacks(folder, *names, **entry):
    """The option for the shipped stack and some of these.

    :param entry: more of their entries
    """
    shipped = json.loads(stack.option())["stacks"]
    own = {name: {"path": str(folder / name), "secrets": {"pin": ""}, "check": "/began", **entry} for name in names}
    return json.dumps({"stacks": {**shipped, **{name: {**each, "port": PORTS[name]} for name, each in own.items()}}})


def tasks(fleet, name):
    """The tasks of a stack's services that run, by their IDs."""
    told = "docker service ps --quiet --filter desired-state=running"
    services = fleet.on(fleet.manager, f"docker stack services --format '{{{{.Name}}}}' {name}").split()
    return {each.partition("_")[2]: {*fleet.on(fleet.manager, f"{told} {each}").split()} for each in services}


def change(folder, name, **environment):
    """Write another environment of front, as a user edits the file."""
    path = folder / name / "compose.yml"
    content = yaml.safe_load(path.read_text())
    content["services"]["front"]["environment"] = environment
    path.write_text(yaml.safe_dump(content))


def began(fleet, name):
    """When the data began, as every node tells it."""
    (found,) = {fleet.page(address, "/began", port=PORTS[name]).strip() for address in fleet.addresses.values()}
    return found


@pytest.fixture
def by_hand(fleet, tmp_path):
    """Three stacks that were deployed manually; they end with the test."""
    listed = fleet.on(fleet.manager, "docker images --format '{{.Repository}}:{{.Tag}}'").split()
    image = next(name for name in listed if "/hello-web:" in name)
    for name in PORTS:
        folder = tmp_path / name
        folder.mkdir()
        files = {"compose.yml": yaml.safe_dump(compose(image, name)), "pin.txt": "1234\n", "motd.txt": "Hello\n"}
        for file, text in files.items():
            (folder / file).write_text(text)
            fleet.on(
                fleet.manager, f"mkdir -p /root/{name}; cat > /root/{name}/{file} <<'END_OF_FILE'\n{text}END_OF_FILE"
            )
        fleet.on(fleet.manager, f"cd /root/{name} && docker stack deploy --with-registry-auth -c compose.yml {name}")
    for name in PORTS:
        wait_until(
            lambda name=name: all(fleet.page(a, "/began", port=PORTS[name]) for a in fleet.addresses.values()), 240
        )
    yield tmp_path
    for name in PORTS:
        fleet.on(fleet.manager, f"docker stack rm {name}; rm -r /root/{name}", check=False)
        # Refused where it was not taken over, and then has only data.
        fleet.play("-e", f"stack={name}", "-e", "remove_data=true", playbook="playbooks/remove.yml")
        for host in fleet.addresses:
            fleet.on(host, f"docker volume rm --force {name}_stock-data", check=False)
    fleet.play().succeeded()


@pytest.mark.long
def test_stack_that_runs_is_taken_over_with_its_tasks(fleet, by_hand):
    names = (stack.NAME, *PORTS)
    before = {name: tasks(fleet, name) for name in names}
    data = {name: began(fleet, name) for name in PORTS}

    # What would differ is told before, field by field and without values, and nothing is changed.
    change(by_hand, "shop", COLOUR="ultramarine", PLACE="here")
    run = fleet.play("-e", stacks(by_hand, "shop")).refused("stack-differs: stacks.shop.files: services.front")
    assert "replace its tasks (environment: PLACE comes; SIGN goes; COLOUR changes)" in run.words
    assert "ultramarine" not in run.output
    change(by_hand, "shop", COLOUR="blue", SIGN="open")
    run = fleet.play("-e", stacks(by_hand, "shop"), "--check").succeeded()
    assert "take over service front as it runs" in run.words
    assert {name: tasks(fleet, name) for name in names} == before

    # What is the same stays, and the others are not touched.
    fleet.play("-e", stacks(by_hand, "shop")).succeeded()
    assert {name: tasks(fleet, name) for name in names} == before
    fleet.play("-e", stacks(by_hand, "shop")).unchanged()
    status = fleet.play("-e", stacks(by_hand, "shop"), playbook="playbooks/status.yml").told()
    assert "shop" in status.output
    image = fleet.on(
        fleet.manager, "docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' shop_front"
    )
    assert "@sha256:" in image

    # From then on it is a stack as all others: a change replaces what it is about, and goes back.
    change(by_hand, "shop", COLOUR="green", SIGN="open")
    fleet.play("-e", stacks(by_hand, "shop"), "-e", "stack=shop", playbook="playbooks/deploy.yml").succeeded()
    after = tasks(fleet, "shop")
    assert after["front"].isdisjoint(before["shop"]["front"])
    fleet.play("-e", stacks(by_hand, "shop"), "-e", "stack=shop", playbook="playbooks/rollback.yml").succeeded()
    assert after["stock"] == tasks(fleet, "shop")["stock"] == before["shop"]["stock"]
    others = (stack.NAME, "blog", "wiki")
    assert {name: tasks(fleet, name) for name in others} == {name: before[name] for name in others}

    # What differs and is accepted is an ordinary deploy; the data stays where it is.
    change(by_hand, "blog", COLOUR="red")
    both = stacks(by_hand, "shop", "blog")
    fleet.play("-e", both).refused("stack-differs: stacks.blog.files: services.front")
    fleet.play("-e", both, "-e", "stack_adopt=blog").succeeded()
    blog = tasks(fleet, "blog")
    assert blog["stock"] == before["blog"]["stock"]
    assert blog["front"].isdisjoint(before["blog"]["front"])
    fleet.play("-e", both).unchanged()
    assert {name: began(fleet, name) for name in PORTS} == data
    assert {name: tasks(fleet, name) for name in (stack.NAME, "wiki")} == {
        name: before[name] for name in (stack.NAME, "wiki")
    }
