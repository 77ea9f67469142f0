"""The planner's decisions, from observations alone."""

import json

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.desired import Member
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.site import Image
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.images import choose_digests
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.situation import choose_address
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.definition import image_variables
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import acts, deploy, labels, make_plan, of_phase, phases

from tests.support.problems import told


def test_converged_site_has_nothing_to_do():
    plan = make_plan(sites.site(), sites.converged_site())
    assert plan["problems"] == []
    assert [acts(plan, name) for name in plan["hosts"]] == [[], [], []]
    assert not plan["changes"]
    assert {name: phases(plan, name) for name in plan["hosts"]} == {"m1": ["report"], "w1": [], "w2": []}


def test_bare_hosts_are_planned_all_the_way_to_the_stack():
    bare = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    plan = make_plan(sites.site(), bare)
    assert acts(plan, "m1", "swarm") == ["create a new swarm"]
    assert acts(plan, "w1", "swarm") == ["join as worker through m1", "set label flotilla.volume.hello_redis-data=true"]
    assert acts(plan, "w2", "swarm") == ["join as worker through m1"]
    assert acts(plan, "w2", "registry") == [
        "make /etc/docker/certs.d/reg:5000/ca.crt",
        "log in to reg:5000 (no engine)",
    ]
    makes = [f"make {reference}" for reference in sites.REFERENCES]
    assert acts(plan, "m1", "image") == ["install docker-buildx", *makes]
    assert acts(plan, "m1", "stack") == ["deploy it for the first time"]
    before = ["lock", "install_docker", "start_base_images", "create_swarm", "log_in"]
    assert phases(plan, "m1") == [*before, "observe_registry", "unlock", "report"]
    for name in ("w1", "w2"):
        assert phases(plan, name) == ["install_docker", "join_workers", "log_in", "observe_registry"]


def test_next_plan_builds_and_the_last_one_deploys():
    found = sites.set_up_site()
    found["m1"]["observation"]["images"] = dict.fromkeys(sites.REFERENCES)
    plan = make_plan(sites.site(), found)
    assert phases(plan, "w1") == ["observe_images"]
    building = ["start_base_images", "build_images", "observe_images"]
    assert phases(plan, "m1") == ["lock", *building, "unlock", "report"]
    found["m1"]["observation"]["images"] = dict.fromkeys(sites.REFERENCES, "sha256:d")
    plan = make_plan(sites.site(), found)
    assert acts(plan, "m1") == ["deploy it for the first time"]
    assert phases(plan, "m1") == ["lock", "deploy", "check_services", "check_page", "unlock", "report"]
    assert phases(plan, "w1") == ["check_page"]
    (secret,) = deploy(plan)["secrets"]
    assert secret["object"].startswith("hello_redis_password_")
    assert deploy(plan)["steps_back"] == []


def test_single_host_carries_everything():
    plan = make_plan(sites.site(workers=()), sites.hosts(["m1"], lambda address, _number: sites.bare(address)))
    assert acts(plan, "m1", "swarm") == ["create a new swarm", "set label flotilla.volume.hello_redis-data=true"]


def test_new_worker_costs_only_itself():
    found = sites.converged_site()
    found["w3"] = {"desired": sites.desired("10.0.0.4"), "observation": sites.bare("10.0.0.4")}
    plan = make_plan(sites.site(workers=("w1", "w2", "w3")), found)
    assert acts(plan, "w3", "swarm") == ["join as worker through m1"]
    assert acts(plan, "m1") == acts(plan, "w1") == acts(plan, "w2") == []


def test_changed_stack_file_touches_only_the_stack():
    site = sites.site()
    site["stacks"][0]["text"] += "networks: {}\n"
    plan = make_plan(site, sites.converged_site())
    assert acts(plan, "m1") == ["apply the changed stack file"]
    assert acts(plan, "w1") == acts(plan, "w2") == []
    assert phases(plan, "w1") == ["check_page"]


def test_page_is_visited_as_often_as_it_has_replicas():
    site = sites.site()
    site["stacks"][0]["text"] = site["stacks"][0]["text"].replace("ports:", "deploy: {replicas: 3}\n    ports:")
    plan = make_plan(site, sites.converged_site())
    assert of_phase(plan, "check_page")["w1"] == {
        "pages": {"hello": {"port": 4000, "path": "/healthz", "visits": 3, "ready_path": "/readyz"}}
    }


def test_volume_label_stays_where_it_is():
    found = sites.converged_site()
    found["w2"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    plan = make_plan(sites.site(), found)
    assert labels(plan, "w2") == {}
    assert acts(plan, "w2", "swarm") == []


def test_volume_label_goes_where_the_data_is():
    bare = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    bare["w2"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    plan = make_plan(sites.site(), bare)
    assert labels(plan, "w2") == {"flotilla.volume.hello_redis-data": "true"}
    assert labels(plan, "w1") == {}


def test_data_on_two_hosts_is_the_users_choice():
    bare = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    for name in ("m1", "w2"):
        bare[name]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    (problem,) = make_plan(sites.site(), bare)["problems"]
    assert told([problem]) == ["data-several: w2, m1"]
    assert "docker volume rm hello_redis-data" in problem.fix


@pytest.mark.parametrize(
    ("drift", "expected"),
    [
        (lambda observed: observed["packages"].update({"docker.io": None}), "install docker.io"),
        (lambda observed: observed["modules"].update(ip_vs="available"), "load kernel modules ip_vs"),
        (lambda observed: observed["services"]["docker"].update(active=False), "start docker"),
        (lambda observed: observed["services"]["docker"].update(enabled=False), "enable docker at boot"),
        (lambda observed: observed["files"].update({"/etc/docker/daemon.json": None}), "write /etc/docker/daemon.json"),
        (
            lambda observed: observed["files"].update({"/etc/docker/daemon.json": sites.file_of("edited")}),
            "correct /etc/docker/daemon.json",
        ),
        (
            lambda observed: observed["files"].update({"/etc/docker/daemon.json": sites.file_of("{}\n", mode="0666")}),
            "correct /etc/docker/daemon.json",
        ),
        (
            lambda observed: observed["files"].update({"/etc/docker/certs.d/reg:5000/ca.crt": None}),
            "write /etc/docker/certs.d/reg:5000/ca.crt",
        ),
        (lambda observed: observed.update(login="401"), "log in to reg:5000 (401)"),
        (lambda observed: observed["pages"].update(hello="refused"), "wait for the page (refused)"),
    ],
)
def test_drift_on_a_host_is_noticed(drift, expected):
    found = sites.converged_site()
    drift(found["w1"]["observation"])
    plan = make_plan(sites.site(), found)
    assert expected in acts(plan, "w1")
    assert acts(plan, "w2") == []


def test_engine_older_than_its_settings_is_restarted():
    found = sites.converged_site()
    found["w1"]["observation"]["files"]["/etc/docker/daemon.json"]["mtime"] = 300
    plan = make_plan(sites.site(), found)
    assert acts(plan, "w1") == ["restart docker, which runs with older settings"]
    assert {name: host["restart"] for name, host in of_phase(plan, "restart_engine").items()} == {"w1": True}


def test_mode_of_settings_is_corrected_without_a_restart():
    found = sites.converged_site()
    found["w1"]["observation"]["files"]["/etc/docker/daemon.json"] = sites.file_of("{}\n", mode="0666")
    assert acts(make_plan(sites.site(), found), "w1") == ["correct /etc/docker/daemon.json"]


def test_changed_ca_reaches_members():
    found = sites.converged_site()
    found["m1"]["observation"]["files"]["/etc/flotilla/ca.crt"] = sites.file_of("another CA")
    plan = make_plan(sites.site(), found)
    assert acts(plan, "w1") == ["correct /etc/docker/certs.d/reg:5000/ca.crt"]


def test_image_missing_in_the_registry_is_made_and_deployed():
    found = sites.converged_site()
    found["m1"]["observation"]["images"]["reg:5000/hello:1"] = None
    plan = make_plan(sites.site(), found)
    assert acts(plan, "m1") == ["make reg:5000/hello:1", "apply the changed stack file"]
    assert [image["reference"] for image in of_phase(plan, "build_images")["m1"]["images"]] == ["reg:5000/hello:1"]
    assert "observe_images" in phases(plan, "m1") and "deploy" not in phases(plan, "m1")
    found["m1"]["observation"]["images"]["reg:5000/hello:1"] = "sha256:new"
    plan = make_plan(sites.site(), found)
    assert acts(plan, "m1", "image") == []
    assert sites.deployed(plan)["services"]["web"]["image"] == "reg:5000/hello@sha256:new"


def test_digest_that_a_worker_tells_unasked_decides_nothing_and_is_reported():
    found = sites.converged_site()
    expected = make_plan(sites.site(), found)["hosts"]
    found["w1"]["observation"]["images"] = {"reg:5000/hello:1": "sha256:theirs"}
    plan = make_plan(sites.site(), found)
    assert plan["hosts"] == expected
    assert not plan["changes"]
    (warning,) = plan["warnings"]
    assert warning.startswith("w1 answered with digests that it was not asked for (reg:5000/hello:1)")


def test_digest_of_an_image_that_the_builder_was_not_asked_for_decides_nothing_and_is_reported():
    found = sites.converged_site()
    found["m1"]["observation"]["images"]["reg:5000/other:1"] = "sha256:theirs"
    plan = make_plan(sites.site(), found)
    assert "reg:5000/other:1" not in choose_digests(sites.situation(sites.site(), found)).known
    assert [warning.split(";")[0] for warning in plan["warnings"]] == [
        "m1 answered with digests that it was not asked for (reg:5000/other:1)"
    ]


@pytest.mark.parametrize(
    ("own", "told_of"),
    [(["d"], []), (["d", "other"], []), ([], []), (["other"], ["image-replaced: reg:5000/hello:1, m1"])],
)
def test_image_that_the_registry_has_instead_of_the_builders_is_never_deployed(own, told_of):
    found = sites.converged_site()
    names = ["reg:5000/hello:1", *(f"reg:5000/hello@sha256:{digest}" for digest in own)]
    found["m1"]["observation"]["local_images"].append({"id": "hello", "names": names, "used": False})
    assert told(make_plan(sites.site(), found)["problems"]) == told_of


def test_digests_come_from_one_builder_alone():
    found = sites.hosts(["m1", "m2"], lambda address, number: sites.converged(address, f"node-{number}", True))
    found["m2"]["observation"]["images"] = dict.fromkeys(sites.REFERENCES, "sha256:other")
    digests = choose_digests(sites.situation(sites.site(["m1", "m2"], []), found))
    assert digests.known == dict.fromkeys(sites.REFERENCES, "sha256:d")
    assert digests.warnings == ()


def test_unconverged_stack_is_waited_for():
    found = sites.converged_site()
    found["m1"]["observation"]["stacks"]["hello"]["services"]["web"]["tasks"].pop()
    plan = make_plan(sites.site(), found)
    assert acts(plan, "m1") == ["wait until every service is at its size"]


def test_second_swarm_is_refused_before_anything():
    found = sites.hosts(["m1", "m2"], lambda address, number: sites.converged(address, f"node-{number}", True))
    found["m2"]["observation"]["swarm"]["cluster_id"] = "cluster-2"
    plan = make_plan(sites.site(managers=("m1", "m2"), workers=()), found)
    assert told(plan["problems"]) == ["swarm-several: m1, m2"]
    assert plan["hosts"] == {}


def test_member_of_a_foreign_swarm_is_refused():
    found = sites.converged_site()
    found["w2"]["observation"]["swarm"]["node_id"] = "elsewhere"
    assert told(make_plan(sites.site(), found)["problems"]) == ["swarm-other: w2"]


@settings(deadline=None)
@given(st.sets(st.sampled_from(["m1", "m2", "w1", "w2"])), st.booleans())
def test_no_second_swarm_is_created_while_any_host_is_in_one(joined, quorum):
    names = ["m1", "m2", "w1", "w2"]
    found = sites.hosts(names, lambda address, _number: sites.bare(address))
    nodes = []
    for number, name in enumerate(names, 1):
        if name in joined:
            found[name]["observation"] = sites.converged(f"10.0.0.{number}", f"node-{number}", name.startswith("m"))
            nodes.append(sites.node(number, "manager" if name.startswith("m") else "worker"))
    for name in joined & {"m1", "m2"} if quorum else ():
        found[name]["observation"].update(nodes=nodes, stacks={"hello": {"services": {}, "record": None}})
    plan = make_plan(sites.site(managers=("m1", "m2"), workers=("w1", "w2")), found)
    creates = [*of_phase(plan, "create_swarm")]
    joins = [name for name in plan["hosts"] if any(text.startswith("join as") for text in acts(plan, name))]
    arguments = of_phase(plan, "join_workers") | of_phase(plan, "join_managers")
    assert creates == [name for name in plan["hosts"] if "create a new swarm" in acts(plan, name)]
    assert creates == ([] if joined else ["m1"])
    assert joins == [name for name in plan["hosts"] if arguments.get(name, {}).get("joins")]
    if plan["problems"]:
        assert joined and not (quorum and joined & {"m1", "m2"})
    else:
        assert set(joins) == set(names) - joined - set(creates)


def test_swarm_without_a_known_manager_is_refused():
    found = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    found["w1"]["observation"]["swarm"].update(state="active", node_id="x")
    assert told(make_plan(sites.site(), found)["problems"]) == ["swarm-without-manager: w1"]


def test_manager_without_quorum_does_not_create_a_second_swarm():
    found = sites.converged_site()
    del found["m1"]["observation"]["nodes"], found["m1"]["observation"]["stacks"]
    assert make_plan(sites.site(), found)["problems"]


def test_any_manager_can_speak_for_the_swarm():
    found = sites.converged_site()
    found["m0"] = {"desired": sites.desired("10.0.0.9", builder=True), "observation": sites.bare("10.0.0.9")}
    plan = make_plan(sites.site(managers=("m0", "m1")), found)
    assert acts(plan, "m0", "swarm") == ["join as manager through m1"]
    (join,) = of_phase(plan, "join_managers").values()
    assert (join["manager"], join["manager_addr"], join["advertise_addr"]) == ("m1", "10.0.0.1", "10.0.0.9")
    assert [*of_phase(plan, "lock")] == ["m1"]


@pytest.mark.parametrize("state", ["error", "locked", "pending"])
def test_unclear_membership_is_refused(state):
    found = sites.converged_site()
    found["w1"]["observation"]["swarm"].update(state=state, error="reason")
    assert "swarm-unclear: w1" in told(make_plan(sites.site(), found)["problems"])


def test_variable_without_value_is_refused():
    site = sites.site()
    site["stacks"][0]["text"] += "x-who: ${WHO}\n"
    (problem,) = make_plan(site, sites.converged_site())["problems"]
    assert told([problem]) == ["stack-variable-missing: stacks.hello.files"]
    assert "${WHO}" in problem.found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"advertise_addr": "10.9.9.9", "ansible_host": "10.0.0.1"}, "10.9.9.9"),
        ({"ansible_host": "10.0.0.1"}, "10.0.0.1"),
        ({"ansible_host": "bastion.example"}, "10.0.0.2"),
        ({}, "10.0.0.2"),
        ({"ansible_host": "10.0.0.1", "member": "10.0.0.3"}, "10.0.0.3"),
        ({"ansible_host": "10.0.0.1", "member": "10.0.0.4"}, "10.0.0.1"),
    ],
)
def test_address_of_a_host(given, expected):
    observed = sites.bare("10.0.0.2")
    observed["system"]["addresses"] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    observed["swarm"]["address"] = given.pop("member", "")
    assert choose_address(Member(**given), read_observed("m1", observed)) == expected


def test_image_is_named_by_digest_once_it_is_known():
    image = Image(name="web", kind="build", reference="reg:5000/hello:1")
    assert image_variables([image], {"reg:5000/hello:1": "sha256:d"}) == {"WEB_IMAGE": "reg:5000/hello@sha256:d"}
    assert image_variables([image], {"reg:5000/hello:1": None}) == {"WEB_IMAGE": "reg:5000/hello:1"}


def test_file_that_no_service_reads_at_its_start_restarts_none():
    found = sites.converged_site()
    for host in found.values():
        host["desired"]["docker"]["files"]["/etc/modules-load.d/x.conf"] = {"text": "x\n", "mode": "0644"}
        host["observation"]["files"]["/etc/modules-load.d/x.conf"] = sites.file_of("x\n", mtime=300)
    found["w1"]["observation"]["files"]["/etc/modules-load.d/x.conf"] = None
    plan = make_plan(sites.site(), found)
    assert acts(plan, "w1") == ["write /etc/modules-load.d/x.conf"]
    assert phases(plan, "w1") == ["install_docker", "check_page"]
    assert acts(plan, "w2") == []


@pytest.mark.parametrize("stopped", ["m1", "w1"])
def test_stopped_engine_of_a_member_is_started_before_anything_else_is_decided(stopped):
    found = sites.converged_site()
    observed = found[stopped]["observation"]
    observed.update(
        engine=None,
        swarm=dict(sites.bare("x")["swarm"], state="stopped"),
        login="no engine",
        pages={"hello": "no engine"},
    )
    observed["services"]["docker"]["active"] = False
    for key in ("nodes", "stacks"):
        observed.pop(key, None)
    found["w2"]["observation"]["modules"]["ip_vs"] = "available"
    plan = make_plan(sites.site(), found)
    assert plan["problems"] == []
    assert acts(plan, stopped) == ["start docker", "observe its swarm once the engine runs, and plan the rest then"]
    assert acts(plan, "w2") == ["load kernel modules ip_vs"]
    starts = ["install_docker"]
    assert {name: phases(plan, name) for name in plan["hosts"]} == {
        "m1": ["lock", *starts * (stopped == "m1"), "observe_swarm"],
        "w1": [*starts * (stopped == "w1"), "observe_swarm"],
        "w2": [*starts, "observe_swarm"],
    }


def test_stopped_engine_of_a_host_that_retires_is_named():
    found = sites.converged_site()
    found["w2"]["observation"].update(engine=None, swarm=dict(sites.bare("x")["swarm"], state="stopped"))
    problems = make_plan(sites.site(workers=("w1",), retire=("w2",)), found)["problems"]
    assert told(problems) == ["engine-stopped: w2"]


@pytest.mark.parametrize(("installed", "expected"), [(None, True), ("7", False)])
def test_interrupted_installation_is_finished_where_more_is_to_be_installed(installed, expected):
    found = sites.converged_site()
    found["w1"]["observation"]["interrupted"] = ["python3-docker", "runc"]
    found["w1"]["observation"]["packages"]["python3-docker"] = installed
    plan = make_plan(sites.site(), found)
    finish = ["finish the interrupted installation of python3-docker, runc", "install python3-docker"]
    assert acts(plan, "w1") == (finish if expected else [])
    installs = of_phase(plan, "install_docker").values()
    assert [host["finish_installation"] for host in installs] == [True] * expected


def forget_login(observed):
    """Let a builder be unable to ask the registry, and remember what it pushed."""
    observed.update(login="no login is stored", images=dict.fromkeys(sites.REFERENCES))
    observed["local_images"] = [
        {"id": name, "names": [name, f"{name.rsplit(':', 1)[0]}@sha256:d"], "used": True} for name in sites.REFERENCES
    ]


def test_images_of_a_builder_that_lost_its_login_are_not_made_again():
    found = sites.converged_site()
    forget_login(found["m1"]["observation"])
    plan = make_plan(sites.site(), found)
    assert acts(plan, "m1") == ["log in to reg:5000 (no login is stored)"]
    assert phases(plan, "m1") == ["lock", "log_in", "observe_registry", "unlock", "report"]


def test_fresh_registry_has_no_images_whatever_the_builder_remembers():
    found = sites.converged_site()
    forget_login(found["m1"]["observation"])
    found["m1"]["observation"]["packages"]["docker-registry"] = None
    found["m1"]["desired"]["registry_server"] = {"packages": ["docker-registry"]}
    assert acts(make_plan(sites.site(), found), "m1", "image") == [f"make {name}" for name in sites.REFERENCES]


def test_retired_host_logs_out_of_the_registry():
    found = sites.converged_site()
    found["w2"]["desired"]["registry_former"] = {"files": {"/etc/docker/certs.d/reg:5000/ca.crt": {"text": None}}}
    site = sites.site(workers=("w1",), retire=("w2",))
    plan = make_plan(site, found)
    assert acts(plan, "w2") == [
        "drain it, and see its tasks run elsewhere",
        "leave the swarm",
        "remove its entry",
        "log out of the registry and remove its CA",
    ]
    assert phases(plan, "w2") == ["retire", "log_out"]
    waits = [{"stack": "hello", "timeout": 600, "skip_wait_for": []}]
    retire = {"node": "node-3", "demote": False, "manager": "m1", "stacks": waits}
    assert plan["hosts"]["w2"]["retire"] == retire
    assert acts(plan, "m1") == acts(plan, "w1") == []
    found["w2"]["desired"]["docker"] = {}
    found["m1"]["observation"]["nodes"].pop()
    found["w2"]["observation"]["swarm"].update(sites.bare("")["swarm"])
    plan = make_plan(site, found)
    assert acts(plan, "w2") == ["log out of the registry and remove its CA"]
    assert phases(plan, "w2") == ["log_out"]
    found["w2"]["observation"]["credentials"] = False
    found["w2"]["observation"]["files"]["/etc/docker/certs.d/reg:5000/ca.crt"] = None
    assert not make_plan(site, found)["changes"]


def test_drained_tasks_are_waited_for():
    found = sites.converged_site()
    found["w2"]["desired"]["swarm"]["availability"] = "drain"
    plan = make_plan(sites.site(), found)
    assert acts(plan, "w2") == ["set availability drain (found active)"]
    assert acts(plan, "m1") == ["wait until every service is at its size"]


def engines(plan):
    """The phase in which each host's engine is changed."""
    both = ("install_docker", "restart_engine")
    return {name: [phase for phase in phases(plan, name) if phase in both] for name in plan["hosts"]}


def test_running_engines_are_changed_one_by_one_and_others_at_once():
    found = sites.converged_site()
    for name in ("m1", "w1"):
        found[name]["observation"]["files"]["/etc/docker/daemon.json"] = sites.file_of("old")
    found["w2"]["observation"]["modules"]["ip_vs"] = "available"
    plan = make_plan(sites.site(), found)
    assert engines(plan) == {"m1": ["restart_engine"], "w1": ["restart_engine"], "w2": ["install_docker"]}
    assert [host["turn"]["order"] for host in of_phase(plan, "restart_engine").values()] == [[["w1"], ["m1"]]] * 2
    found["w1"]["observation"]["services"]["docker"].update(active=False, failed=True)
    plan = make_plan(sites.site(), found)
    assert engines(plan) == {"m1": ["restart_engine"], "w1": ["install_docker"], "w2": ["install_docker"]}
    changed = of_phase(plan, "restart_engine") | of_phase(plan, "install_docker")
    assert {name: host["reset_failed"] for name, host in changed.items()} == {"m1": False, "w1": True, "w2": False}


def test_engine_whose_package_was_upgraded_after_it_started_is_restarted_in_its_turn():
    found = sites.converged_site()
    found["w1"]["observation"]["services"]["docker"]["replaced"] = True
    plan = make_plan(sites.site(), found)
    assert {name: host["restart"] for name, host in of_phase(plan, "restart_engine").items()} == {"w1": True}


def test_engine_that_gets_another_version_waits_for_its_turn():
    found = sites.converged_site()
    for host in found.values():
        host["desired"]["docker_engine"].update(version="26.1.6", pattern="*26.1.6[-+~]*?")
    found["w1"]["observation"]["services"]["docker"]["active"] = False
    plan = make_plan(sites.site(), found)
    assert engines(plan) == {"m1": ["restart_engine"], "w1": ["install_docker"], "w2": ["restart_engine"]}
    assert all(host["change_version"] and not host["restart"] for host in of_phase(plan, "restart_engine").values())


def want(found, name, **options):
    found[name]["desired"]["docker"]["files"]["/etc/docker/daemon.json"]["text"] = json.dumps(options)


MIRRORS = {"registry-mirrors": ["http://10.0.0.9:5000"]}
TAKE_UP = "let docker take up registry-mirrors, which needs no restart"


def test_engine_takes_up_what_it_can_in_its_turn_and_keeps_its_tasks():
    found = sites.converged_site()
    want(found, "m1", **{"log-level": "warn"})
    want(found, "w1", **MIRRORS)
    plan = make_plan(sites.site(), found)
    assert engines(plan) == {"m1": ["restart_engine"], "w1": ["restart_engine"], "w2": []}
    turns = of_phase(plan, "restart_engine")
    assert {name: (turn["restart"], turn["reload"]) for name, turn in turns.items()} == {
        "m1": (True, []),
        "w1": (False, ["registry-mirrors"]),
    }
    assert turns["w1"]["turn"]["order"] == [["w1"], ["m1"]]
    assert not turns["w1"]["turn"]["moves"]
    assert not turns["w1"]["turn"]["redirects"]


def lose_network(found):
    found["w2"]["observation"]["mesh"]["bridge"] = False


def lose_node(found):
    found["m1"]["observation"]["nodes"][2]["state"] = "down"


def interrupt_packages(found):
    found["w2"]["observation"]["interrupted"] = ["docker.io"]
    found["w2"]["observation"]["packages"]["docker.io"] = None


@pytest.mark.parametrize("harm", [lose_network, lose_node, interrupt_packages])
def test_engine_that_has_to_start_anyway_reads_all_its_settings_then(harm):
    found = sites.converged_site()
    harm(found)
    want(found, "w2", **MIRRORS)
    plan = make_plan(sites.site(), found)
    (restart,) = of_phase(plan, "restart_engine").values()
    assert (restart["restart"], restart["reload"]) == (True, [])
    assert TAKE_UP not in str(plan)


def test_locked_manager_is_no_problem_for_a_reload():
    found = sites.converged_site()
    found["m1"]["observation"]["swarm"]["autolock"] = True
    want(found, "m1", **MIRRORS)
    plan = make_plan(sites.site(), found)
    assert plan["problems"] == []
    assert TAKE_UP in str(plan)


def stop_engine(observed):
    """Let the engine of a member be stopped."""
    observed.update(engine=None, swarm=dict(sites.bare("x")["swarm"], state="stopped"))
    observed["services"]["docker"]["active"] = False


@pytest.mark.parametrize("stopped", [False, True])
def test_settings_that_dockerd_refuses_stop_a_run(stopped):
    found = sites.converged_site()
    for host in found.values():
        host["observation"]["daemon_config"] = "invalid logging level: nonsense"
    if stopped:
        stop_engine(found["w1"]["observation"])
    (problem,) = make_plan(sites.site(), found)["problems"]
    assert told([problem]) == ["engine-settings: docker_daemon_options, m1, w1, w2"]
    assert '"invalid logging level: nonsense"' in problem.found
    found["w1"]["observation"]["daemon_config"] = "another"
    assert told(make_plan(sites.site(), found)["problems"]) == [
        "engine-settings: docker_daemon_options, m1, w2",
        "engine-settings: docker_daemon_options, w1",
    ]


def test_playbooks_that_touch_no_engine_are_not_stopped_by_its_settings():
    found = sites.converged_site()
    found["w1"]["observation"]["daemon_config"] = "invalid logging level: nonsense"
    assert make_plan(dict(sites.site(), intent="deploy"), found)["problems"] == []
