"""A site of two stacks: each has its own records, deploys and data, and what they share counts for both."""

import re

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.intent import Intent
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output import report, status
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.arguments.preflight import ReportStatus
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.intents import check_settings
from sites import acts, deploy, labels, make_plan, of_phase, phases

from tests.support.problems import told

TWICE = sites.SHOP_TEXT.replace("4001", "4000")


def plan_of(found=None, intent="site", **shop):
    """A plan of both stacks, with these settings of shop."""
    site = sites.site_of_two()
    site["intent"] = intent
    site["stacks"][1].update(shop)
    return make_plan(site, found or sites.converged_site_of_two())


def test_converged_stacks_have_nothing_to_do():
    plan = plan_of()
    assert plan["problems"] == plan["notes"] == []
    assert not plan["changes"]
    assert {name: phases(plan, name) for name in plan["hosts"]} == {"m1": ["report"], "w1": [], "w2": []}
    assert of_phase(plan, "report")["m1"]["ports"] == {"hello": 4000, "shop": 4001}


def test_each_stack_is_deployed_with_its_own_name_timeout_and_secrets():
    found = sites.converged_site_of_two()
    empty = {"services": {}, "secrets": {}, "secret_names": [], "releases": [], "record": None}
    for stack in found["m1"]["observation"]["stacks"].values():
        stack.update(empty)
    plan = plan_of(found, timeout=90)
    assert acts(plan, "m1") == ["hello: deploy it for the first time", "shop: deploy it for the first time"]
    hello, shop = of_phase(plan, "deploy")["m1"]["deploys"]
    assert [(each["stack"], each["timeout"]) for each in (hello, shop)] == [("hello", 600), ("shop", 90)]
    objects = [each["secrets"][0]["object"] for each in (hello, shop)]
    assert objects[0].startswith("hello_redis_password_")
    assert objects[1].startswith("shop_redis_password_")
    assert of_phase(plan, "check_page")["w2"]["pages"] == {
        "hello": {"port": 4000, "path": "/healthz", "visits": 1, "ready_path": "/readyz"},
        "shop": {"port": 4001, "path": "/healthz", "visits": 1, "ready_path": "/readyz"},
    }


def test_new_stack_leaves_the_other_alone():
    found = sites.converged_site_of_two()
    found["m1"]["observation"]["stacks"]["shop"] = {}
    plan = plan_of(found)
    assert acts(plan, "m1") == ["shop: deploy it for the first time"]
    assert deploy(plan)["stack"] == "shop"


@pytest.mark.parametrize(("number", "name"), [(0, "hello"), (1, "shop")])
def test_changed_stack_leaves_the_other_alone(number, name):
    site = sites.site_of_two()
    site["stacks"][number]["text"] += "networks: {}\n"
    plan = make_plan(site, sites.converged_site_of_two())
    assert acts(plan, "m1") == [f"{name}: apply the changed stack file"]
    assert deploy(plan)["stack"] == name
    assert [check["stack"] for check in of_phase(plan, "check_services")["m1"]["checks"]] == ["hello", "shop"]


def test_drift_is_repaired_in_the_stack_that_has_it():
    found = sites.converged_site_of_two()
    del found["m1"]["observation"]["stacks"]["shop"]["services"]["stock"]
    plan = plan_of(found)
    assert acts(plan, "m1") == ["shop: bring back service stock"]
    assert deploy(plan)["release"]["file"] == found["m1"]["observation"]["stacks"]["shop"]["record"]["file"]


def test_page_that_does_not_answer_is_waited_for_alone():
    found = sites.converged_site_of_two()
    found["w2"]["observation"]["pages"]["shop"] = "refused"
    plan = plan_of(found)
    assert acts(plan, "w2") == ["shop: wait for the page (refused)"]
    assert acts(plan, "w1") == []


def test_new_login_goes_to_the_stack_that_lacks_it():
    found = sites.converged_site_of_two()
    found["m1"]["observation"]["stacks"]["shop"]["login"] = "another"
    assert acts(plan_of(found), "m1") == ["shop: give its services the new login of the registry"]


@pytest.mark.parametrize(
    ("shop", "problem"),
    [
        ({"text": sites.SHOP_TEXT + "x-who: ${WHO}\n"}, "stack-variable-missing: stacks.shop.files"),
        ({"lost": ["tock"]}, "setting-invalid: shop: stack_data_lost"),
        ({"rotate": ["key"]}, "setting-invalid: shop: stack_rotate"),
    ],
)
def test_problem_is_named_with_its_stack(shop, problem):
    plan = plan_of(**shop)
    assert told(plan["problems"]) == [problem]
    assert plan["hosts"] == {}


def test_problems_of_both_stacks_come_in_one_report():
    site = sites.site_of_two()
    for stack in site["stacks"]:
        stack["text"] += "x-who: ${WHO}\n"
    assert told(make_plan(site, sites.converged_site_of_two())["problems"]) == [
        "stack-variable-missing: stacks.hello.files",
        "stack-variable-missing: stacks.shop.files",
    ]


@pytest.mark.parametrize(
    ("changes", "kept", "removal"),
    [
        ({}, ["old"], "playbooks/remove.yml -e stack=old"),
        ({}, [], "docker stack rm old on a manager"),
        ({"stack": "", "service": "other"}, [], "docker service rm other on a manager"),
        ({"stack": "hello"}, [], ""),
        ({"ingress": False}, [], ""),
    ],
)
def test_port_of_a_service_that_the_inventory_does_not_have_is_refused(changes, kept, removal):
    found = sites.converged_site_of_two()
    found["m1"]["observation"]["published"] = sites.published("4000/tcp", **{"stack": "old", **changes})
    found["m1"]["observation"]["kept_stacks"] = kept
    problems = plan_of(found)["problems"]
    assert told(problems) == ["port-in-use: 4000"] * bool(removal)
    assert all(removal in problem.fix for problem in problems)


@pytest.mark.parametrize("away", [False, True])
def test_port_that_both_publish_is_one_problem(away):
    found = sites.converged_site_of_two()
    if away:
        found["w1"] = {"desired": {"swarm": {"ansible_host": "10.0.0.2"}}, "unreachable": "no route to host"}
    (problem,) = plan_of(found, text=TWICE)["problems"]
    assert told([problem]) == ["port-published-twice: 4000"]
    assert "hello and shop" in problem.found


@pytest.mark.parametrize(("cpus", "problems"), [("2", []), ("4", ["stack-too-large: stacks"])])
def test_reservations_of_both_count_together(cpus, problems):
    """Three hosts have two CPUs each: of all four tasks with two, none has more than a host."""
    site = sites.site_of_two()
    replicas = f"    deploy: {{replicas: {cpus}, resources: {{reservations: {{cpus: '1'}}}}}}\n"
    for stack, name in zip(site["stacks"], ("web", "till"), strict=True):
        stack["text"] = stack["text"].replace(f"{name}:\n", f"{name}:\n{replicas}")
    assert told(make_plan(site, sites.converged_site_of_two())["problems"]) == problems


def test_networks_of_both_count_together():
    site = sites.site_of_two()
    site["pools"], site["subnet_size"] = ["10.7.0.0/23"], 24
    assert told(make_plan(site, sites.converged_site_of_two())["problems"]) == [
        "pool-too-small: swarm_default_addr_pool"
    ]
    site["pools"] = ["10.7.0.0/22"]
    assert make_plan(site, sites.converged_site_of_two())["problems"] == []


def bare():
    return sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))


def placed(found):
    """The labels that hosts get."""
    plan = plan_of(found)
    assert plan["problems"] == []
    return {name: [*labels(plan, name)] for name in plan["hosts"]}


def test_volumes_of_both_are_placed():
    both = ["flotilla.volume.hello_redis-data", "flotilla.volume.shop_stock-data"]
    assert placed(bare()) == {"m1": [], "w1": both, "w2": []}


def test_each_volume_goes_where_the_data_of_its_stack_is():
    found = bare()
    found["w1"]["observation"]["volumes"] = {"shop": {"shop_stock-data": True}}
    found["w2"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    assert placed(found) == {
        "m1": [],
        "w1": ["flotilla.volume.shop_stock-data"],
        "w2": ["flotilla.volume.hello_redis-data"],
    }


def test_data_of_one_stack_on_two_hosts_is_the_users_choice():
    found = bare()
    for name in ("w1", "w2"):
        found[name]["observation"]["volumes"] = {"shop": {"shop_stock-data": True}, "hello": {}}
    assert told(plan_of(found)["problems"]) == ["data-several: shop, w1, w2"]


def test_label_of_two_stacks_is_placed_once():
    text = sites.SHOP_TEXT.replace("volume.shop_stock-data", "volume.hello_redis-data")
    plan = plan_of(bare(), text=text)
    assert {name: [*labels(plan, name)] for name in plan["hosts"]} == {
        "m1": [],
        "w1": ["flotilla.volume.hello_redis-data"],
        "w2": [],
    }


OLD = "reg:5000/hello@sha256:old"


def remember(found, name):
    """Let an earlier release of a stack have another image, which w1 still has."""
    stack = found["m1"]["observation"]["stacks"][name]
    file = stack["record"]["file"].replace("reg:5000/hello@sha256:d", OLD)
    stack["releases"] = [sites.release(1, file), sites.release(2, stack["record"]["file"])]


@pytest.mark.parametrize(("keeps", "old"), [("hello", []), ("shop", []), (None, [OLD])])
def test_image_that_a_release_of_either_stack_needs_is_kept(keeps, old):
    found = sites.converged_site_of_two()
    found["w1"]["observation"]["local_images"] += [{"id": "old", "names": [OLD], "used": False}]
    if keeps:
        remember(found, keeps)
    plan = plan_of(found)
    assert acts(plan, "w1") == [f"remove image {name}, which no release needs" for name in old]


def test_old_objects_of_both_are_removed():
    found = sites.converged_site_of_two()
    for name, stack in found["m1"]["observation"]["stacks"].items():
        stack["configs"] = [f"{name}_motd_0"]
    assert of_phase(plan_of(found), "clean_up")["m1"]["configs"] == ["hello_motd_0", "shop_motd_0"]


def test_images_of_an_update_are_pulled_for_the_stack_that_changes():
    found = sites.converged_site_of_two()
    # The image of hello's Redis, which may run here, is gone; hello is not updated.
    found["w1"]["observation"]["local_images"].pop()
    text = sites.SHOP_TEXT.replace("${REDIS_IMAGE}", "reg:5000/stock@sha256:new")
    plan = plan_of(found, text=text)
    assert of_phase(plan, "pull_images") == {"w2": {"images": ["reg:5000/stock@sha256:new"]}}


def test_retiring_host_waits_for_both_stacks():
    site = sites.site_of_two(workers=("w1",), retire=("w2",))
    found = sites.converged_site_of_two()
    found["m1"]["observation"]["nodes"][1]["labels"]["flotilla.volume.shop_stock-data"] = "true"
    found["m1"]["observation"]["nodes"][2]["labels"] = {}
    found["w1"]["observation"]["volumes"]["shop"] = {"shop_stock-data": True}
    assert of_phase(make_plan(site, found), "retire")["w2"]["stacks"] == [
        {"stack": name, "timeout": 600, "skip_wait_for": []} for name in ("hello", "shop")
    ]


def test_host_that_has_data_of_the_second_stack_does_not_retire():
    site = sites.site_of_two(workers=("w1",), retire=("w2",))
    assert told(make_plan(site, sites.converged_site_of_two())["problems"]) == ["node-has-data: w2"]


def test_service_whose_node_is_away_is_not_waited_for_in_its_stack():
    found = sites.converged_site_of_two()
    found["w2"] = {"desired": {"swarm": {"ansible_host": "10.0.0.3"}}, "unreachable": "no route to host"}
    found["m1"]["observation"]["stacks"]["shop"]["services"]["stock"]["tasks"] = []
    plan = plan_of(found, text=sites.SHOP_TEXT + "networks: {}\n")
    assert deploy(plan)["skip_wait_for"] == ["stock"]
    assert "Service stock of shop runs only there" in plan["hosts"]["w2"]["unreachable"]["message"]


def test_settings_of_another_playbook_are_named_with_their_stack():
    site = sites.site_of_two()
    site["stacks"][1].update(release=9, rotate=["redis_password"])
    read = sites.read_site({**site, "chosen": ["shop"]})
    assert told([*check_settings(read, Intent.SITE)]) == ["setting-conflict: shop: stack_release"]
    assert told([*check_settings(read, Intent.ROLLBACK)]) == ["setting-conflict: shop: stack_rotate"]


@pytest.mark.parametrize(("intent", "change"), [("rollback", {}), ("site", {"rotate": ["redis_password"]})])
def test_what_is_about_one_of_several_stacks_needs_its_name(intent, change):
    site = sites.site_of_two()
    site["stacks"][1].update(change)
    (problem,) = check_settings(sites.read_site(site), Intent(intent))
    assert (told([problem]), problem.fix) == (["setting-missing: stack"], "Add -e stack=NAME, one of: hello, shop")


def test_deploy_of_one_stack_leaves_the_other():
    found = sites.converged_site_of_two()
    for running in found["m1"]["observation"]["stacks"].values():
        running["record"]["file"] += "x-old: 1\n"
    both, site = plan_of(found, "deploy"), {**sites.site_of_two(), "intent": "deploy", "chosen": ["shop"]}
    assert [each["stack"] for each in of_phase(both, "deploy")["m1"]["deploys"]] == ["hello", "shop"]
    assert [each["stack"] for each in of_phase(make_plan(site, found), "deploy")["m1"]["deploys"]] == ["shop"]


def test_rollback_of_one_stack_leaves_the_other():
    found = sites.converged_site_of_two()
    for running in found["m1"]["observation"]["stacks"].values():
        running["releases"].append(
            {**running["releases"][-1], "number": 2, "file": running["record"]["file"] + "x: 1\n"}
        )
        running["record"]["file"] += "x: 1\n"
    site = {**sites.site_of_two(), "intent": "rollback", "chosen": ["shop"]}
    (deployed,) = of_phase(make_plan(site, found), "deploy")["m1"]["deploys"]
    assert (deployed["stack"], deployed["release"]["rollback_to"]) == ("shop", 1)


def test_rollback_without_a_name_is_told_that_alone():
    site = {**sites.site_of_two(), "intent": "rollback"}
    assert make_plan(site, sites.converged_site_of_two())["problems"] == []


def test_stacks_are_deployed_in_their_order():
    site = sites.site_of_two()
    site["stacks"][0]["after"] = ["shop"]
    found = sites.converged_site_of_two()
    for running in found["m1"]["observation"]["stacks"].values():
        running["record"]["file"] += "x-old: 1\n"
    deploys = of_phase(make_plan(site, found), "deploy")["m1"]["deploys"]
    assert [(each["stack"], each["after"]) for each in deploys] == [("shop", []), ("hello", ["shop"])]


def test_release_that_is_not_there_is_named_with_its_stack():
    site = {**sites.site_of_two(), "intent": "rollback", "chosen": ["shop"]}
    site["stacks"][1]["release"] = 9
    (problem,) = make_plan(site, sites.converged_site_of_two())["problems"]
    assert told([problem]) == ["release-unknown: shop: stack_release"]


def test_rebalance_spreads_both_stacks():
    found = sites.converged_site_of_two()
    for name, service in (("hello", "web"), ("shop", "till")):
        running = found["m1"]["observation"]["stacks"][name]["services"][service]
        running["spec"]["UpdateConfig"] = {"Order": "start-first"}
        running["tasks"] = [sites.task(slot) for slot in (1, 2, 3)]
    plan = plan_of(found, "rebalance", timeout=90)
    assert of_phase(plan, "rebalance")["m1"]["services"] == [
        {"stack": "hello", "service": "web", "size": 5, "extra": 2, "timeout": 600},
        {"stack": "shop", "service": "till", "size": 2, "extra": 2, "timeout": 90},
    ]
    assert acts(plan, "m1") == [
        "hello: move 2 tasks of web to nodes that have fewer",
        "shop: move 2 tasks of till to nodes that have fewer",
    ]


def test_reset_removes_both_stacks():
    found = sites.converged_site_of_two()
    found["w1"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}, "shop": {"shop_stock-data": True}}
    site = {**sites.site_of_two(), "intent": "reset", "reset": {"data": True}}
    plan = make_plan(site, found)
    assert of_phase(plan, "remove_stack")["m1"]["stacks"] == ["hello", "shop"]
    assert of_phase(plan, "wait_for_tasks")["w2"]["stacks"] == ["hello", "shop"]
    assert of_phase(plan, "report_reset")["m1"]["stacks"] == ["hello", "shop"]
    assert of_phase(plan, "remove_leftovers")["w1"]["volumes"] == ["hello_redis-data", "shop_stock-data"]


def remove(found, **changes):
    return make_plan({**sites.site(), "intent": "remove", **changes}, found)


def with_left_stack():
    """A site whose inventory has lost stack shop, which runs on."""
    found = sites.converged_site_of_two()
    found["m1"]["observation"]["kept_stacks"] = ["hello", "shop"]
    found["w2"]["observation"]["volumes"] = {"hello": {}, "shop": {"shop_stock-data": True}}
    found["m1"]["observation"]["stacks"]["shop"]["records"] = ["flotilla_shop.release_v1", "flotilla_shop_login"]
    return found


def test_stack_that_left_the_inventory_is_told_and_removed_by_name():
    found = with_left_stack()
    assert any("stack shop is not in the inventory" in note for note in sites.plan(sites.site(), found).notes)
    plan = remove(found, chosen=["shop"])
    assert acts(plan, "m1") == ["remove stack shop, with its services, secrets and releases"]
    assert of_phase(plan, "wait_for_tasks").keys() == {"m1", "w1", "w2"}
    assert of_phase(plan, "remove_leftovers") == {}
    forgotten = of_phase(plan, "forget_stack")["m1"]
    assert forgotten["configs"] == ["flotilla_shop.release_v1", "flotilla_shop_login"]
    assert all(name.startswith("shop_") for name in forgotten["secrets"])


def test_data_of_a_removed_stack_goes_only_when_asked_for():
    site = {**sites.site(), "intent": "remove", "chosen": ["shop"]}
    kept = sites.plan(site, with_left_stack())
    assert kept.hosts["w2"].notes == ("volume shop_stock-data is kept with its data; -e remove_data=true removes it",)
    plan = remove(with_left_stack(), chosen=["shop"], reset={"data": True})
    assert of_phase(plan, "remove_leftovers")["w2"]["volumes"] == ["shop_stock-data"]
    away = with_left_stack()
    away["w1"] = {"desired": away["w1"]["desired"], "unreachable": "no route to host"}
    assert told(remove(away, chosen=["shop"])["problems"]) == []
    assert told(remove(away, chosen=["shop"], reset={"data": True})["problems"]) == ["host-not-observed: w1"]


@pytest.mark.parametrize(
    ("chosen", "code"), [([], "missing"), (["hello"], "conflict"), (["shpo"], "invalid"), (["portainer"], "invalid")]
)
def test_only_a_stack_of_ours_that_left_the_inventory_is_removed(chosen, code):
    assert told(remove(with_left_stack(), chosen=chosen)["problems"]) == [f"setting-{code}: stack"]


NAMES = {"10.0.0.1": "m1", "10.0.0.2": "w1", "10.0.0.3": "w2"}
PORTS = {"hello": 4000, "shop": 4001}


def shown(found):
    """What a manager answers about nodes and stacks."""
    observed = read_observed("m1", found["m1"]["observation"])
    return observed.nodes, observed.stacks


def test_report_shows_both_stacks():
    lines = report.site_lines(NAMES, *shown(sites.converged_site_of_two()), PORTS)
    services = lines[lines.index("") + 1 :]
    assert [line.split()[:2] for line in services[1:5]] == [
        ["hello_web", "5/5"],
        ["hello_redis", "1/1"],
        ["shop_till", "2/2"],
        ["shop_stock", "1/1"],
    ]
    assert "shop_till.1" in lines[1]
    assert [line for line in lines if re.search("(?i)release|page", line)] == [
        "hello: Release 1 of T by me@here",
        "hello: The page, through every node:",
        "shop: Release 1 of T by me@here",
        "shop: The page, through every node:",
    ]
    assert "  http://10.0.0.3:4001/" in lines


def test_status_shows_both_stacks():
    found = sites.converged_site_of_two()
    stacks = found["m1"]["observation"]["stacks"]
    stacks["shop"]["services"]["till"].update(ports=[4001])
    stacks["shop"]["services"]["till"]["tasks"][0].update(state="failed", error="exit 1", updated="9")
    found["w2"]["observation"]["pages"].update(hello="refused", shop="refused")
    observed = {name: read_observed(name, host["observation"]) for name, host in found.items()}
    nodes, running = shown(found)
    report = ReportStatus(hosts=(), names=NAMES, ports=PORTS, problems=(), pending=())
    state = status.describe(nodes, running, observed, report)
    assert state.stacks == ("hello", "shop")
    assert state.problems == (
        "w2 does not answer the page of shop: refused",
        "shop: till is at 1/2",
        "shop: till.1 on m1 is failed: exit 1",
    )
    assert [(release.stack, release.number) for release in state.releases] == [("hello", 1), ("shop", 1)]
    lines = status.lines(state, NAMES, nodes, running)
    assert [line.split()[:3] for line in lines if "(runs)" in line] == [
        ["hello", "1", "(runs)"],
        ["shop", "1", "(runs)"],
    ]
    assert any(line.startswith("shop_till.1 ") for line in lines)
