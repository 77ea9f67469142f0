"""A stack that runs already is taken over: as it runs, or as the user accepts it."""

import copy

import pytest
import sites
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from sites import acts, deploy, deployed, labels, make_plan

from tests.support.problems import told

DATA = "flotilla.volume.shop_stock-data"
TEXT = f"""\
services:
  till:
    image: reg:5000/till:1
  stock:
    image: ${{REDIS_IMAGE}}
    volumes: [{{type: volume, source: stock-data, target: /data}}]
    deploy: {{placement: {{constraints: ["node.labels.{DATA} == true"]}}}}
volumes: {{stock-data: {{}}}}
"""
IMAGES = {"till": "reg:5000/till:1@sha256:t", "stock": "redis:latest@sha256:r"}


def spec(service, **container):
    """A service that was deployed manually, as a manager tells it."""
    mounts = [{"Type": "volume", "Source": "shop_stock-data", "Target": "/data"}] if service == "stock" else []
    return {
        "Name": f"shop_{service}",
        "Labels": {"com.docker.stack.namespace": "shop"},
        "Mode": {"Replicated": {"Replicas": 1}},
        "TaskTemplate": {"ContainerSpec": {"Image": IMAGES[service], "Mounts": mounts, **container}},
    }


def drafts(**container):
    """What a deploy would make, with other fields of till."""
    found = {"till": spec("till", **container), "stock": copy.deepcopy(spec("stock"))}
    found["stock"]["TaskTemplate"]["Placement"] = {"Constraints": [f"node.labels.{DATA} == true"]}
    for each in found.values():
        each["Labels"]["flotilla.stack"] = "shop"
    return {"specs": found, "networks": {}}


def found(rehearsal=None, data=("w2",)):
    """A site on which shop runs: its volume is on w2, where the task that uses it runs."""
    hosts = sites.converged_site()
    services = {name: sites.service(1, spec=spec(name)) for name in IMAGES}
    services["stock"]["tasks"][0]["node"] = "node-3"
    manager = hosts["m1"]["observation"]
    manager["stacks"]["shop"] = {"services": services}
    for host in hosts.values():
        host["observation"]["pages"]["shop"] = ""
    for host in data:
        hosts[host]["observation"]["filled_volumes"] = ["shop_stock-data"]
    if rehearsal:
        manager["rehearsals"] = {"shop": rehearsal}
    return hosts


def plan_of(hosts, passed=None, **shop):
    site = sites.site()
    site["stacks"].append({**sites.stack_setting("shop", TEXT), "secrets": [], "values": {}, **shop})
    return make_plan(site, hosts, passed=passed)


def test_a_manager_is_asked_first_what_a_deploy_would_change():
    plan = plan_of(found())
    assert (plan["hosts"], plan["problems"]) == ({}, [])
    services = yaml.safe_load(plan["rehearse"]["m1"]["shop"])["services"]
    assert services["till"]["deploy"]["labels"] == services["stock"]["deploy"]["labels"] == {"flotilla.stack": "shop"}


def test_what_is_the_same_is_taken_over_with_its_images_and_its_volume():
    plan = plan_of(found(drafts()))
    assert plan["problems"] == []
    assert acts(plan, "m1") == [
        "pull reg:5000/till@sha256:t",
        "shop: take it over as it runs, but for what is told here",
        'shop: take over service stock as it runs (deploy.placement: nothing becomes {"Constraints": '
        f'["node.labels.{DATA} == true"]}})',
        "shop: take over service till as it runs",
    ]
    assert {name: service["image"] for name, service in deployed(plan)["services"].items()} == IMAGES
    assert labels(plan, "w2") == {DATA: "true"}


def test_what_would_differ_is_refused_until_the_user_accepts_it():
    hosts = found(drafts(Env=["A=1"]))
    plan = plan_of(hosts)
    assert told(plan["problems"]) == ["stack-differs: stacks.shop.files: services.till"]
    assert "replace its tasks (environment: A comes)" in plan["problems"][0].found
    plan = plan_of(hosts, adopt=True)
    assert plan["problems"] == []
    assert "shop: take over service till and replace its tasks (environment: A comes)" in acts(plan, "m1")


def test_another_number_of_tasks_is_asked_for_and_another_way_to_update_is_not():
    rehearsal = drafts()
    rehearsal["specs"]["till"]["UpdateConfig"] = {"Parallelism": 2}
    assert plan_of(found(rehearsal))["problems"] == []
    rehearsal["specs"]["till"]["Mode"] = {"Replicated": {"Replicas": 2}}
    (problem,) = plan_of(found(rehearsal))["problems"]
    assert "with another number of tasks (deploy.replicas: 1 becomes 2; deploy.update_config" in problem.found


@pytest.mark.parametrize("service", ["till", "other"])
def test_services_that_come_or_go_are_asked_for(service):
    rehearsal = drafts()
    if service == "till":
        del rehearsal["specs"]["till"]
    else:
        rehearsal["specs"]["other"] = spec("till")
    assert told(plan_of(found(rehearsal))["problems"]) == [f"stack-differs: stacks.shop.files: services.{service}"]


def test_the_place_of_a_volume_is_where_its_task_runs():
    plan = plan_of(found(drafts(), data=("w1", "w2")))
    assert plan["problems"] == []
    assert (labels(plan, "w1"), labels(plan, "w2")) == ({}, {DATA: "true"})


def test_a_task_that_would_move_away_from_where_it_runs_is_asked_for():
    hosts = found(drafts(), data=("w1",))
    assert "stack-differs: stacks.shop.files: services.stock" in told(plan_of(hosts)["problems"])


def test_nothing_starts_empty():
    problems = plan_of(found(drafts(), data=()))["problems"]
    assert told(problems) == ["data-lost: shop, w2"]
    assert "with which the stack runs" in problems[0].expected


def test_a_stack_file_that_the_command_refuses_is_told():
    plan = plan_of(found({"error": "services.till.x: no such key"}))
    assert told(plan["problems"]) == ["stack-file-invalid: stacks.shop.files"]


def test_what_was_accepted_before_images_were_made_stays_accepted():
    plan = plan_of(found(), passed=Phase.OBSERVE_IMAGES)
    assert (plan["rehearse"], plan["problems"]) == ({}, [])
    assert deploy(plan)["stack"] == "shop"


def test_a_deploy_of_flotillas_own_that_was_never_recorded_is_finished():
    hosts = found()
    for service in hosts["m1"]["observation"]["stacks"]["shop"]["services"].values():
        service["spec"]["Labels"]["flotilla.stack"] = "shop"
    made = plan_of(hosts)
    assert "shop: deploy it: no record of it" in acts(made, "m1")
    assert {name: each["image"] for name, each in deployed(made)["services"].items()} == IMAGES


def test_an_image_stays_until_the_file_names_another():
    hosts = found()
    manager = hosts["m1"]["observation"]
    manager["nodes"][2]["labels"] = {DATA: "true"}
    services = manager["stacks"]["shop"]["services"]
    first = deployed(plan_of(found(drafts())))
    first["services"] = {name: {**each, "deploy": {}} for name, each in first["services"].items()}
    manager["stacks"]["shop"] = {
        **sites.running("shop", TEXT, services),
        "record": {"file": yaml.dump(first), "specs": {}},
    }
    assert {name: each["image"] for name, each in deployed(plan_of(hosts))["services"].items()} == IMAGES
    newer = deployed(plan_of(hosts, text=TEXT.replace("till:1", "till:2")))
    assert newer["services"]["till"]["image"] == "reg:5000/till:2"


def test_a_secret_without_a_value_stays_the_object_that_runs():
    hosts = found(drafts(Secrets=[{"SecretName": "shop_pin"}]))
    till = hosts["m1"]["observation"]["stacks"]["shop"]["services"]["till"]
    till["spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"] = [{"SecretName": "shop_pin"}]
    with_pin = TEXT + "secrets: {pin: {external: true, name: '${PIN_SECRET}'}}\n"
    plan = plan_of(hosts, text=with_pin, secrets=["pin"], values={"pin": ""})
    assert deployed(plan)["secrets"] == {"pin": {"external": True, "name": "shop_pin"}}
    assert deploy(plan)["secrets"] == []
    rotated = plan_of(hosts, text=with_pin, secrets=["pin"], values={"pin": ""}, rotate=["pin"])
    assert [each["name"] for each in deploy(rotated)["secrets"]] == ["pin"]
