"""Releases: going back, holding, cleaning up, and rotating secrets."""

import base64
import hashlib
import json
from dataclasses import asdict

import pytest
import sites
import yaml
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import Record, Release, SecretObject
from ansible_collections.flotilla.swarm.plugins.module_utils.releases import describe
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.site import Stack
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import releases, secrets
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file import parse
from sites import acts, deploy, deployed, make_plan, new_release, of_phase, phases

from tests.support.problems import refused, told


def history(*files, **changes):
    """Releases 1, 2, ... with these files; ``changes`` are the newest's."""
    made = [sites.release(number, file) for number, file in enumerate(files, 1)]
    return [*made[:-1], {**made[-1], **changes}]


def read(found):
    """Releases as the planner takes them."""
    return [decode(Release, release, "release") for release in found]


def choose(found, number):
    return releases.choose(read(found), number, []).number


def digest(text):
    return releases.digest(parse(text))


def file_of(**content):
    return yaml.safe_dump({"services": {}, **content})


A, B, C = (file_of(x=letter) for letter in "abc")


def test_previous_release_differs_from_what_runs():
    assert choose(history(A, B, B), 0) == 1
    assert choose(history(A, B, C), 0) == 2


def test_going_back_twice_goes_further_back():
    assert choose(history(A, B, C, B, rollback_to=2), 0) == 1


def test_named_release_may_be_newer_than_the_one_gone_back_to():
    assert choose(history(A, B, A, rollback_to=1), 2) == 2


@pytest.mark.parametrize(
    ("found", "number", "code"),
    [
        ([], 0, "release-unknown"),
        (history(A), 0, "release-unknown"),
        (history(A, B), 7, "release-unknown"),
        (history(file_of(secrets={"s": {"name": "gone"}}), B), 0, "release-incomplete"),
    ],
)
def test_release_that_cannot_be_had_is_said(found, number, code):
    with refused(f"{code}: stack_release"):
        choose(found, number)


def rolled_back_site():
    """Release 1 was good; 2, which the inventory describes, was rolled back; so 3 has the file of 1."""
    found = sites.converged_site()
    stack = found["m1"]["observation"]["stacks"]["hello"]
    current = stack["record"]["file"]
    good = current.replace("4000", "4001")
    stack["record"]["file"] = good
    stack["releases"] = history(good, current, good, rollback_to=1, rolled_back=[digest(current)])
    return found


def test_what_was_rolled_back_does_not_come_back_by_itself():
    plan = make_plan(sites.site(), rolled_back_site())
    assert not plan["changes"]
    assert plan["notes"][0].startswith("release 3 stays, which went back to 1")


def test_page_is_judged_by_the_port_that_will_run():
    found = rolled_back_site()
    for name in found:
        found[name]["observation"]["pages"]["hello"] = "refused"
    plan = make_plan(sites.site(), found)
    assert not plan["changes"]
    assert of_phase(plan, "report")["m1"]["ports"] == {"hello": 4001}
    assert of_phase(make_plan(sites.site(), sites.converged_site()), "report")["m1"]["ports"] == {"hello": 4000}
    found["m1"]["observation"]["stacks"]["hello"]["services"]["web"] = sites.service(3)
    back = roll_back(found, 2)
    assert of_phase(back, "report")["m1"]["ports"] == {"hello": 4000}
    assert of_phase(back, "check_page")["w2"]["pages"] == {
        "hello": {"port": 4000, "path": "/healthz", "visits": 1, "ready_path": "/readyz"}
    }


def test_drift_is_corrected_while_a_release_is_held():
    found = rolled_back_site()
    found["m1"]["observation"]["stacks"]["hello"]["services"]["web"] = sites.service(3)
    plan = make_plan(sites.site(), found)
    assert acts(plan, "m1") == ["set service web right (Mode.Replicated.Replicas is 3, expected 5)"]
    assert deployed(plan)["services"]["web"]["ports"] == ["4001:80"]
    assert new_release(plan)["rolled_back"]


def test_next_change_of_the_inventory_ends_the_holding():
    site = sites.site()
    site["stacks"][0]["text"] += "networks: {}\n"
    plan = make_plan(site, rolled_back_site())
    assert acts(plan, "m1")[0] == "apply the changed stack file"
    assert new_release(plan) == {"rollback_to": 0, "rolled_back": [], "by": "me@here"}


def test_rollback_makes_the_named_release_the_desired_one():
    site = dict(sites.site(), intent="rollback")
    site["stacks"][0]["release"] = 2
    plan = make_plan(site, rolled_back_site())
    assert acts(plan, "m1") == [
        "apply the changed stack file",
        "stop web for a moment, since its published ports change",
    ]
    assert new_release(plan)["rollback_to"] == 2
    assert new_release(plan)["rolled_back"] == [
        digest(rolled_back_site()["m1"]["observation"]["stacks"]["hello"]["record"]["file"])
    ]


def begun_site(good=4001):
    """Release 2 was good; the deploy of what the inventory describes was killed half-way."""
    found = sites.converged_site()
    observed = found["m1"]["observation"]["stacks"]["hello"]
    file = observed["record"]["file"]
    observed["releases"] = history(file.replace("4000", "4002"), file.replace("4000", str(good)))
    observed["record"]["file"] = observed["releases"][-1]["file"]
    observed["services"]["web"] = sites.service(3)
    return found


def roll_back(found, number=0):
    site = dict(sites.site(), intent="rollback")
    site["stacks"][0]["release"] = number
    return make_plan(site, found)


def described():
    """Digest what the inventory describes."""
    return digest(sites.converged_site()["m1"]["observation"]["stacks"]["hello"]["record"]["file"])


def test_previous_release_is_the_last_one_where_a_deploy_was_begun():
    plan = roll_back(begun_site())
    assert new_release(plan) == {"rollback_to": 2, "rolled_back": [described()], "by": "me@here"}
    assert deployed(plan)["services"]["web"]["ports"] == ["4001:80"]
    assert plan["notes"][0].startswith(
        "back to release 2 of T. A deploy that was begun and not recorded is left. site.yml"
    )


def test_begun_deploy_is_left_like_the_release_before_it():
    found = begun_site()
    last = found["m1"]["observation"]["stacks"]["hello"]["record"]["file"]
    assert new_release(roll_back(found, 1))["rolled_back"] == [digest(last), described()]


def test_begun_deploy_that_was_left_does_not_come_back_by_itself():
    found = begun_site()
    made = new_release(roll_back(found))
    observed = found["m1"]["observation"]["stacks"]["hello"]
    observed["releases"].append(sites.release(3, observed["record"]["file"], **made))
    assert make_plan(sites.site(), found)["notes"][0].startswith("release 3 stays, which went back to 2")


def test_rollback_needs_no_good_stack_file_in_the_inventory():
    site = dict(sites.site(), intent="rollback")
    site["stacks"][0]["text"] += "x-more: ${NOBODY_SETS}\n"
    found = begun_site()
    found["m1"]["observation"]["stacks"]["hello"]["services"]["web"] = sites.service(5)
    assert make_plan(site, found)["notes"] == ["back to release 1 of T"]


def test_previous_release_is_the_last_one_where_what_was_begun_is_not_known():
    """The stack file was broken, or the app edited, after the run was killed."""
    site = dict(sites.site(), intent="rollback")
    site["stacks"][0]["text"] += "x-more: ${NOBODY_SETS}\n"
    plan = make_plan(site, begun_site())
    assert plan["notes"] == ["back to release 2 of T. Services are other than in the last release"]
    assert new_release(plan)["rolled_back"] == []


def test_drift_by_hand_and_a_rollback_cut_short_are_no_begun_deploy():
    assert new_release(roll_back(begun_site(good=4000)))["rollback_to"] == 1
    found = rolled_back_site()
    found["m1"]["observation"]["stacks"]["hello"]["services"]["web"] = sites.service(3)
    assert told(roll_back(found)["problems"]) == ["release-unknown: stack_release"]


def test_rollback_says_where_the_inventory_describes_what_was_never_deployed():
    found = begun_site()
    found["m1"]["observation"]["stacks"]["hello"]["services"]["web"] = sites.service(5)
    plan = roll_back(found)
    assert new_release(plan)["rollback_to"] == 1
    assert plan["notes"] == [
        "back to release 1 of T. The inventory describes a stack that was not deployed yet: the next site.yml or "
        "deploy.yml deploys that"
    ]
    assert "deploys that" in roll_back(found, 2)["notes"][0]


WITH_SECRET = sites.STACK_TEXT + "secrets: {pw: {external: true, name: '${REDIS_PASSWORD_SECRET}'}}\n"


def secret_file(number, port=4000):
    """What the inventory of ``site_with_secret`` makes with object ``number`` of its secret."""
    variables = {
        "WEB_IMAGE": "reg:5000/hello@sha256:d",
        "REDIS_IMAGE": "reg:5000/redis@sha256:d",
        "REDIS_PASSWORD_SECRET": f"hello_redis_password_{number}",
    }
    return sites.render(WITH_SECRET.replace("4000", str(port)), variables)


def site_with_secret(**changes):
    """A site whose stack file takes a secret."""
    site = sites.site()
    site["stacks"][0].update(text=WITH_SECRET, **changes)
    return site


def observed_with_secret(found, *files, objects=(1, 2), **changes):
    """A converged site with these releases, the newest with ``changes``, and these objects of the secret."""
    observed = found["m1"]["observation"]["stacks"]["hello"]
    observed["releases"] = history(*files, **changes)
    observed["record"]["file"] = files[-1]
    observed["secrets"] = {
        f"hello_redis_password_{number}": {"name": "redis_password", "salt": "", "created": str(number)}
        for number in objects
    }
    observed["secret_names"] = [*observed["secrets"]]
    return found


def rolled_back_across_a_rotation():
    """Release 1 was good, 2 rotated, 3 was bad and is what the inventory describes, 4 went back to 1."""
    files = [secret_file(1, 3999), secret_file(2, 3999), secret_file(2)]
    back = make_plan(
        dict(site_with_secret(release=1), intent="rollback"), observed_with_secret(sites.converged_site(), *files)
    )
    made = new_release(back)
    return observed_with_secret(sites.converged_site(), *files, files[0], **made)


def test_what_was_rolled_back_across_a_rotation_does_not_come_back_by_itself():
    found = rolled_back_across_a_rotation()
    plan = make_plan(site_with_secret(), found)
    assert not plan["changes"]
    assert plan["notes"][0].startswith("release 4 stays, which went back to 1")


def test_given_value_of_a_secret_ends_the_holding():
    plan = make_plan(site_with_secret(values={"redis_password": "hunter2"}), rolled_back_across_a_rotation())
    assert acts(plan, "m1")[0] == "apply the changed stack file"


def test_held_release_is_not_rotated_and_what_was_left_not_deployed_instead():
    plan = make_plan(site_with_secret(rotate=["redis_password"]), rolled_back_across_a_rotation())
    assert told(plan["problems"]) == ["release-pinned: stack_rotate"]


def test_deploy_builds_the_images_of_the_site_that_are_missing():
    found = sites.converged_site()
    found["m1"]["observation"]["images"] = dict.fromkeys(sites.REFERENCES)
    plan = make_plan(dict(sites.site(), intent="deploy"), found)
    assert of_phase(plan, "build_images")["m1"]["images"] == sites.site()["images"]


def test_deploy_leaves_hosts_alone_and_says_so():
    found = sites.converged_site()
    found["w1"]["observation"]["packages"]["docker.io"] = None
    plan = make_plan(dict(sites.site(), intent="deploy"), found)
    assert acts(plan, "w1") == []
    assert phases(plan, "w1") == []
    assert plan["notes"] == ["left to site.yml: w1: docker: install docker.io"]


@pytest.mark.parametrize("there", [None, sites.file_of("of an earlier version")])
def test_deploy_refuses_a_registry_that_cannot_be_pushed_to(there):
    found = sites.converged_site()
    unit = "/etc/systemd/system/flotilla-registry-push.service"
    found["m1"]["desired"]["registry_server"] = {"files": {unit: {"text": "x", "mode": "0644"}}}
    found["m1"]["observation"]["files"][unit] = there
    plan = make_plan(dict(sites.site(), intent="deploy"), found)
    assert told(plan["problems"]) == ["site-not-set-up: playbooks/deploy.yml"]


def test_deploy_refuses_a_site_that_is_not_set_up():
    bare = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    plan = make_plan(dict(sites.site(), intent="deploy"), bare)
    assert told(plan["problems"]) == ["site-not-set-up: playbooks/deploy.yml"]


def without_registry(found):
    for host in found.values():
        host["observation"].update(login="connection refused", images={})
    return found


def test_deploy_says_why_a_host_cannot_log_in():
    plan = make_plan(dict(sites.site(), intent="deploy"), without_registry(sites.converged_site()))
    assert told(plan["problems"]) == ["registry-login: reg:5000, m1"]


def test_rollback_needs_a_stored_login_but_no_registry():
    found = without_registry(begun_site())
    for host in found.values():
        host["observation"]["accounts"] = {"pull": "connection refused"}
    plan = roll_back(found, 1)
    assert acts(plan, "m1")[0] == "apply the changed stack file"
    assert of_phase(plan, "pull_images") == {}
    found["m1"]["observation"]["credentials"] = False
    assert told(roll_back(found, 1)["problems"]) == ["site-not-set-up: playbooks/rollback.yml"]


def test_five_releases_keep_what_they_need():
    files = [file_of(secrets={"s": {"name": f"s{number}"}}) for number in range(7)]
    kept = releases.kept_files(read(history(*files[:6])), parse(files[6]))
    assert [file.text for file in kept] == files[2:]
    assert [file.text for file in releases.kept_files(read(history(*files[:6])), parse(files[5]))] == files[1:6]
    assert releases.old_objects(kept, ["s0", "s1", "s2", "s6", "unused"], ["unused"]) == ["s0", "s1"]


def test_object_that_a_service_uses_stays():
    service = sites.service()
    service["spec"]["TaskTemplate"]["ContainerSpec"] = {"Secrets": [{"SecretName": "s0"}]}
    assert sites.services(web=service)["web"].mounts("Secret") == {"s0"}
    assert releases.old_objects([parse(A)], ["s0", "s1"], {"s0"}) == ["s1"]


def image(*names, used=False):
    return {"id": names[0], "names": [f"reg:5000/{name}" for name in names], "used": used}


@pytest.mark.parametrize(
    ("found", "old"),
    [
        (image("hello@sha256:d"), False),
        (image("hello:1", "hello@sha256:e"), False),
        (image("hello@sha256:e"), True),
        (image("hello:0", "hello@sha256:e"), True),
        (image("hello@sha256:e", used=True), False),
        (image("another@sha256:e"), False),
        ({"id": "i", "names": ["reg:5000/hello:0", "reg.example/mine:1"], "used": False}, False),
    ],
)
def test_images_of_no_release_are_removed(found, old):
    hosts = sites.converged_site()
    hosts["w1"]["observation"]["local_images"] = [found]
    plan = make_plan(sites.site(), hosts)
    removed = [host["images"] for host in of_phase(plan, "clean_up").values()]
    assert removed == ([[found]] if old else [])
    assert ("clean_up" in phases(plan, "w1")) is old


def stack_of(value="", rotate=()):
    values = {"pw": value}
    return Stack(name="hello", text="", environment={}, secrets=("pw",), values=values, rotate=tuple(rotate))


def name_secrets(stack, existing, salt, record=None, mounted=()):
    """Objects by secret, and those that are to be created."""
    found = {key: decode(SecretObject, each, key) for key, each in existing.items()}
    applied = parse(record["file"]).names("secrets") if record else ()
    chosen, missing = secrets.name_secrets(stack, found, applied, salt, mounted)
    return chosen, [asdict(each) for each in missing]


def entry(created="1", salt=""):
    return {"name": "pw", "salt": salt, "created": created}


def test_generated_secret_is_kept_until_it_is_rotated():
    existing = {"hello_pw": entry()}
    assert name_secrets(stack_of(), existing, "salt") == ({"pw": "hello_pw"}, [])
    names, (missing,) = name_secrets(stack_of(rotate=["pw"]), existing, "salt")
    assert missing == {"name": "pw", "object": names["pw"], "salt": ""}
    assert names["pw"] != "hello_pw"


def test_secret_of_the_last_release_is_taken_before_a_newer_one():
    existing = {"hello_pw_1": entry("1"), "hello_pw_2": entry("2")}
    record = {"file": file_of(secrets={"pw": {"name": "hello_pw_1"}})}
    assert name_secrets(stack_of(), existing, "salt", record)[0] == {"pw": "hello_pw_1"}
    assert name_secrets(stack_of(), existing, "salt")[0] == {"pw": "hello_pw_2"}


def present(mounted, *, record="hello_pw_1", rotate=(), salt=""):
    """The object that is chosen of three, of which the last release has the first one unless told otherwise."""
    existing = {"hello_pw_0": entry("0"), "hello_pw_1": entry("1"), "hello_pw_2": entry("2", salt)}
    record = {"file": file_of(secrets={"pw": {"name": record}})}
    chosen, missing = name_secrets(stack_of(rotate=rotate), existing, "salt", record, mounted)
    return "new" if missing else chosen["pw"]


def test_rotation_that_was_begun_is_finished():
    assert present({"hello_pw_1", "hello_pw_2"}) == "hello_pw_2"
    assert present({"hello_pw_2"}, rotate=["pw"]) == "hello_pw_2"


def test_rotation_that_never_began_or_was_taken_back_is_none():
    assert present({"hello_pw_1"}) == "hello_pw_1"
    assert present({"hello_pw_1"}, rotate=["pw"]) == "new"


def test_way_back_to_an_older_value_that_was_cut_short_is_no_rotation():
    assert present({"hello_pw_0", "hello_pw_1"}) == "hello_pw_1"
    assert present({"hello_pw_0", "hello_pw_1"}, rotate=["pw"]) == "new"


def test_given_value_that_was_begun_and_taken_out_again_is_not_kept():
    assert present({"hello_pw_1", "hello_pw_2"}, salt="salt") == "hello_pw_1"


def mounting(*keys):
    """A service that mounts these objects of secrets."""
    found = sites.service(5)
    found["spec"]["TaskTemplate"]["ContainerSpec"] = {"Secrets": [{"SecretName": key} for key in keys]}
    return found


def test_killed_rotation_is_finished_by_the_next_run_which_takes_both_values():
    found = observed_with_secret(sites.converged_site(), secret_file(1))
    found["m1"]["observation"]["stacks"]["hello"]["services"]["web"] = mounting("hello_redis_password_2")
    plan = make_plan(site_with_secret(), found)
    assert acts(plan, "m1")[0] == "apply the changed stack file"
    assert deployed(plan)["secrets"]["pw"]["name"] == "hello_redis_password_2"
    assert plan["notes"][0].startswith("the rotation of redis_password to hello_redis_password_2, which a run began")


def test_rollback_of_a_killed_rotation_takes_both_values_first():
    old, new = (f"hello_redis_password_{letter * 12}" for letter in "ab")
    found = observed_with_secret(sites.converged_site(), taking_both(old), objects=("a" * 12, "b" * 12))
    found["m1"]["observation"]["stacks"]["hello"]["services"] = {"db": mounting(new)}
    plan = roll_back(found, 1)
    assert [yaml.safe_load(step)["secrets"] for step in deploy(plan)["steps"]] == [
        {"pw": {"name": old}, "pw_previous": {"name": new}},
        {"pw": {"name": old}},
    ]


def test_secret_that_is_new_since_the_last_release_was_not_rotated():
    found = observed_with_secret(sites.converged_site(), file_of(), objects=(1,))
    found["m1"]["observation"]["stacks"]["hello"]["services"]["web"] = mounting("hello_redis_password_1")
    plan = make_plan(site_with_secret(), found)
    assert deployed(plan)["secrets"]["pw"]["name"] == "hello_redis_password_1"
    assert plan["notes"] == []


def test_given_value_is_found_again_by_its_salted_digest():
    names, (missing,) = name_secrets(stack_of("hunter2"), {}, "salt")
    existing = {names["pw"]: entry(salt=missing["salt"])}
    assert name_secrets(stack_of("hunter2"), existing, "other") == (names, [])
    changed, created = name_secrets(stack_of("hunter3"), existing, "other")
    assert changed != names
    assert created[0]["object"] == changed["pw"]
    # Without the salt, the name tells nothing.
    assert name_secrets(stack_of("hunter2"), {}, "other")[0] != names


@pytest.mark.parametrize(
    ("stack", "code"), [(stack_of("x", ["pw"]), "secret-has-value"), (stack_of("", ["q"]), "setting-invalid")]
)
def test_rotation_that_cannot_be_is_said(stack, code):
    with refused(f"{code}: stack_rotate"):
        name_secrets(stack, {}, "salt")


def taking_both(value):
    """A stack file whose service takes two values of a secret, as it is rendered."""
    mounts = ["pw", {"source": "pw_previous", "target": "other"}]
    secrets = {"pw": {"name": value}, "pw_previous": {"name": value}}
    return yaml.safe_dump({"services": {"db": {"secrets": mounts}}, "secrets": secrets}, sort_keys=False)


def steps(definition, before, mounted=()):
    """What each step mounts where."""
    files = [yaml.safe_load(file) for file in releases.steps(definition, before, mounted=mounted)]
    return [
        {
            **{name: secret["name"] for name, secret in file["secrets"].items()},
            "mounts": [
                mount["source"] if isinstance(mount, dict) else mount for mount in file["services"]["db"]["secrets"]
            ],
        }
        for file in files
    ]


def test_rotation_takes_both_values_and_then_the_new_one():
    assert steps(taking_both("new"), taking_both("old")) == [
        {"pw": "new", "pw_previous": "old", "mounts": ["pw", "pw_previous"]},
        {"pw": "new", "mounts": ["pw"]},
    ]
    assert len(steps(taking_both("new"), file_of(secrets={"pw": {"name": "old"}}))) == 2


@pytest.mark.parametrize("before", ["", "new"])
def test_previous_value_is_mounted_during_a_rotation_only(before):
    # Else the order of two mounts of one object is chance, and with it whether the service is restarted.
    before = before and taking_both(before)
    assert steps(taking_both("new"), before) == [{"pw": "new", "mounts": ["pw"]}]


def test_value_that_services_mount_is_taken_beside_the_one_of_the_last_release():
    """A rotation was killed, and the last release is gone back to."""
    one, other, key = (f"app_{name}" for name in ("pw_aaaaaaaaaaaa", "pw_bbbbbbbbbbbb", "pw_key_cccccccccccc"))
    assert steps(taking_both(one), taking_both(one), [key, one, other]) == [
        {"pw": one, "pw_previous": other, "mounts": ["pw", "pw_previous"]},
        {"pw": one, "mounts": ["pw"]},
    ]
    assert len(steps(taking_both(one), taking_both(one), [key, one])) == 1
    assert steps(taking_both(one), taking_both("app_pw"), ["app_pw", one, other])[0]["pw_previous"] == "app_pw"


def test_service_whose_ports_change_is_stopped_first():
    """Nodes fail to set up the new ones while tasks with the old ones run."""
    web = {"ports": ["4000:80"], "deploy": {"replicas": 5}}
    old = yaml.safe_dump({"services": {"web": web, "db": {}}})
    new = yaml.safe_dump({"services": {"web": {**web, "ports": ["8080:80"]}, "db": {}}}, sort_keys=False)
    first, second = releases.steps(new, old)
    assert yaml.safe_load(first)["services"] == {
        "web": {"ports": ["8080:80"], "deploy": {"replicas": 0}},
        "db": {},
    }
    assert yaml.safe_load(second) == yaml.safe_load(new)
    assert len(releases.steps(old, old)) == len(releases.steps(new, "")) == 1
    assert len(releases.steps(old, old, republished=["web"])) == 2
    everywhere = old.replace("replicas: 5", "mode: global")
    assert len(releases.steps(everywhere.replace("4000", "8080"), everywhere)) == 1


def test_ports_that_were_changed_by_hand_are_corrected_with_a_stop():
    found = sites.converged_site()
    observed = found["m1"]["observation"]["stacks"]["hello"]
    observed["services"]["web"]["spec"] = {
        **observed["services"]["web"]["spec"],
        "EndpointSpec": {"Ports": [{"PublishedPort": 4001}]},
    }
    plan = make_plan(sites.site(), found)
    first, second = (yaml.safe_load(step)["services"]["web"] for step in deploy(plan)["steps"])
    assert (first["deploy"]["replicas"], "replicas" in second["deploy"]) == (0, False)
    assert acts(plan, "m1")[-1] == "stop web for a moment, since its published ports change"


def test_service_that_takes_one_value_gets_it_at_once():
    alone = file_of(secrets={"pw": {"name": "new"}})
    assert [yaml.safe_load(step) for step in releases.steps(alone, taking_both("old"))] == [yaml.safe_load(alone)]


def test_configs_are_named_by_content(tmp_path):
    (tmp_path / "motd").write_bytes(b"\xff\n")
    text = f"services: {{}}\nconfigs: {{motd: {{file: {tmp_path}/motd}}, other: {{external: true, name: x}}}}\n"

    def stack():
        configs = secrets.read_configs(parse(text))
        return Stack(name="hello", text=text, environment={}, configs=configs)

    names, (missing,) = secrets.name_configs(stack(), [], {}, [])
    assert list(names) == ["motd"]
    assert missing.data == "/wo="
    assert secrets.name_configs(stack(), [names["motd"]], {}, []) == (names, ())
    # One that docker stack deploy made stays while it is used and has the content.
    same = {"hello_motd": hashlib.sha256(b"\xff\n").hexdigest()}
    assert secrets.name_configs(stack(), [], same, ["hello_motd"]) == ({"motd": "hello_motd"}, ())
    assert secrets.name_configs(stack(), [], same, [])[0] == names
    assert secrets.name_configs(stack(), [], {"hello_motd": "other"}, ["hello_motd"])[0] == names
    (tmp_path / "motd").write_bytes(b"more")
    assert secrets.name_configs(stack(), [], same, ["hello_motd"])[0] != names


def record(number, content, stack="hello"):
    """A release's record as the swarm lists it."""
    return {
        "CreatedAt": "2026-11-24T12:00:00.5Z",
        "Spec": {
            "Name": f"flotilla_{stack}.release_v{number}",
            "Labels": {"ansible_version": number, "flotilla.stack": stack},
            "Data": base64.b64encode(json.dumps(content).encode()).decode(),
        },
    }


def test_records_of_all_times_are_read_and_other_stacks_left_alone():
    labels = {"flotilla.stack": "hello", "flotilla.secret": "pw", "flotilla.salt": "s", "ansible_key": "digest"}
    secrets = [{"CreatedAt": "T", "Spec": {"Name": "hello_pw_1", "Labels": labels}}, {"Spec": {"Name": "theirs"}}]
    configs = [
        record("11", {"file": "new", "specs": {}, "by": "me@here", "rollback_to": 3, "rolled_back": ["x"]}),
        record("9", {"file": "old", "specs": {}}),
        record("12", "broken"),
        record("13", {"file": "of another stack", "specs": {}}, stack="shop"),
        {"Spec": {"Name": "hello_motd_1", "Labels": {"flotilla.config": "motd", "flotilla.stack": "hello"}}},
        {"Spec": {"Name": "theirs"}},
    ]
    found = describe("hello", {}, configs, secrets)
    assert [(release.number, release.by) for release in found.releases] == [(9, "unknown"), (11, "me@here")]
    assert found.releases[1].at == "2026-11-24T12:00:00Z"
    assert found.record == Record(file="new", specs={})
    assert found.configs == ("hello_motd_1",)
    assert found.secrets == {"hello_pw_1": SecretObject(name="pw", salt="s", created="T")}
    assert found.secret_names == ("hello_pw_1", "theirs")
