"""What a swarm makes of Compose files, as Compose itself resolves them."""

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.compose.fields import BY_NAME, KEPT

from tests.support.problems import refused, told

SECRETS = ["given", "of_a_file", "outside", "given_previous", "nothing"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"restart": "unless-stopped"}, {"restart_policy": {"condition": "any"}}),
        ({"restart": "on-failure:3"}, {"restart_policy": {"condition": "on-failure", "max_attempts": 3}}),
        (
            {"restart": "always", "deploy": {"restart_policy": {"condition": "on-failure"}}},
            {"restart_policy": {"condition": "on-failure"}},
        ),
        ({"mem_limit": "64m", "cpus": 0.5}, {"resources": {"limits": {"cpus": "0.5", "memory": "67108864"}}}),
        ({"mem_reservation": "32m"}, {"resources": {"reservations": {"memory": "33554432"}}}),
        ({"scale": 3}, {"replicas": 3}),
    ],
)
def test_what_swarm_has_elsewhere_is_translated(service, fields, expected):
    made, translated = service(fields)
    assert made["deploy"] == expected
    assert (translated.warnings, translated.problems) == ((), ())


def test_memory_of_its_own_is_a_mount(service):
    made, _ = service({"tmpfs": ["/tmp:size=4m,mode=1777"], "shm_size": "64m"})
    assert made["volumes"] == [
        {"type": "tmpfs", "target": "/tmp", "tmpfs": {"size": 4194304, "mode": 0o1777}},
        {"type": "tmpfs", "target": "/dev/shm", "tmpfs": {"size": 67108864}},
    ]


def test_ports_hosts_and_secrets_have_the_form_of_a_swarm(service):
    given = {"ports": ["8080:80"], "extra_hosts": ["a:10.0.0.1"], "secrets": ["key"]}
    made, _ = service(given, secrets={"key": {"external": True}})
    assert made["ports"] == [{"target": 80, "protocol": "tcp", "mode": "ingress", "published": 8080}]
    assert made["extra_hosts"] == ["a:10.0.0.1"]
    assert made["secrets"] == [{"source": "key", "target": "key"}]


@pytest.mark.parametrize("driver", ["bridge", None])
def test_network_spans_nodes(service, driver):
    _, translated = service({"networks": ["back"]}, networks={"back": {"driver": driver} if driver else None})
    assert translated.content["networks"] == {"back": {}}


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"privileged": True}, "privileged"),
        ({"network_mode": "host"}, "network_mode"),
        ({"devices": ["/dev/fuse"]}, "devices"),
        ({"pid": "host"}, "pid"),
        ({"external_links": ["other"]}, "external_links"),
        ({"security_opt": ["seccomp=unconfined"]}, "security_opt"),
        ({"ports": ["127.0.0.1:80:80"]}, "ports"),
        ({"volumes": ["./data:/data"]}, "volumes"),
        ({"group_add": ["audio"]}, "group_add"),
    ],
)
def test_what_would_run_wrong_is_refused_by_its_key(service, fields, key):
    _, translated = service(fields)
    assert told(translated.problems) == [f"field-refused: .files: services.web.{key}"]


@pytest.mark.parametrize("fields", [{"privileged": False}, {"devices": []}, {"expose": ["80"]}])
def test_what_nobody_misses_is_left_out_in_silence(service, fields):
    made, translated = service(fields)
    assert (set(made) - {"image", "networks"}, translated.warnings, translated.problems) == (set(), (), ())


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"security_opt": ["no-new-privileges:true"]}, "security_opt"),
        ({"oom_score_adj": 5}, "oom_score_adj"),
        ({"volumes": ["/etc/localtime:/etc/localtime:ro"]}, "volumes: /etc/localtime"),
    ],
)
def test_what_is_different_is_told(service, fields, key):
    _, translated = service(fields)
    ((where, text),) = translated.warnings
    assert f"{where}: {text}".startswith(f"services.web.{key}: ")
    assert translated.problems == ()


@pytest.mark.parametrize("environment", [["KEY", "EMPTY="], {"KEY": None, "EMPTY": ""}])
def test_variable_without_a_value_is_told(project, monkeypatch, environment):
    monkeypatch.setenv("KEY", "of a shell")
    text = {"services": {"web": {"image": "a.example/x", "environment": environment}}}
    translated = project(text)
    ((where, told_text),) = translated.warnings
    assert (where, "set KEY in environment" in told_text) == ("services.web.environment.KEY", True)
    assert translated.content["services"]["web"]["environment"] == {"EMPTY": ""}
    translated = project(text, environment={"KEY": "x"})
    assert translated.warnings == ()
    assert translated.content["services"]["web"]["environment"] == {"KEY": "x", "EMPTY": ""}


@pytest.mark.parametrize(
    ("condition", "warnings", "problems"),
    [("service_started", 0, 0), ("service_healthy", 1, 0), ("service_completed_successfully", 0, 1)],
)
def test_services_that_others_wait_for(project, condition, warnings, problems):
    web = {"image": "a.example/x", "depends_on": {"db": {"condition": condition}}}
    translated = project({"services": {"web": web, "db": {"image": "a.example/y"}}})
    assert (len(translated.warnings), len(translated.problems)) == (warnings, problems)


@pytest.mark.parametrize(
    ("volume", "deploy", "held"),
    [
        (None, {}, True),
        ({"driver": "local"}, {}, True),
        ({"driver_opts": {"type": "nfs", "o": "addr=10.0.0.9", "device": ":/x"}}, {}, False),
        ({"driver": "rexray"}, {}, False),
        ({"external": True}, {}, False),
        ({"name": "data-{{.Task.Slot}}"}, {}, False),
        (None, {"mode": "global"}, False),
    ],
)
def test_volume_of_one_node_holds_its_service_there(service, volume, deploy, held):
    made, _ = service({"volumes": ["data:/data"], "deploy": deploy}, volumes={"data": volume})
    constraints = made.get("deploy", {}).get("placement", {}).get("constraints", [])
    assert constraints == ["node.labels.flotilla.volume.shop_data == true"] * held
    assert made.get("deploy", {}).get("labels", {}) == ({"flotilla.data": "kept"} if held else {})


def test_volume_with_a_name_of_its_own_is_called_by_it(service):
    made, _ = service({"volumes": ["data:/data"]}, volumes={"data": {"name": "mine"}})
    assert made["deploy"]["placement"]["constraints"] == ["node.labels.flotilla.volume.mine == true"]


def test_volume_with_a_name_for_each_task_is_told(service):
    volume = {"name": "data-{{.Task.Slot}}"}
    _, translated = service({"volumes": ["data:/data"]}, volumes={"data": volume})
    assert [key for key, _ in translated.warnings] == ["volumes.data.name"]
    assert (translated.content["volumes"], translated.problems) == ({"data": volume}, ())


def test_what_a_stack_does_not_make_keeps_its_name(service):
    external = {"data": {"external": True, "name": "shop_data"}}
    _, translated = service({"volumes": ["data:/data"]}, volumes=external)
    assert translated.content["volumes"] == external


def test_volume_without_a_name_is_refused(service):
    _, translated = service({"volumes": ["/var/lib/data"]})
    assert told(translated.problems) == ["field-refused: .files: services.web.volumes"]


def test_secret_of_a_build_alone_is_none_of_the_swarm(project):
    build = {"context": ".", "secrets": ["token", {"source": "key", "target": "deploy"}]}
    secrets = {"token": {"file": "token.txt"}, "key": {"file": "key.txt"}}
    services = {"web": {"build": build, "secrets": ["key"]}}
    translated = project({"services": services, "secrets": secrets})
    (made,) = translated.builds
    assert {name: path.rpartition("/")[2] for name, path in made.secrets.items()} == {
        "token": "token.txt",
        "deploy": "key.txt",
    }
    assert [*translated.content["secrets"]] == ["key"] == [*translated.secret_files]
    build["secrets"][1]["target"] = "../deploy"
    translated = project({"services": services, "secrets": secrets})
    assert told(translated.problems) == ["field-refused: .files: services.web.build.secrets"]
    build["secrets"][1]["target"] = "deploy"
    secrets["token"] = {"environment": "TOKEN"}
    translated = project({"services": services, "secrets": secrets})
    assert told(translated.problems) == ["field-refused: .files: services.web.build.secrets"]


def test_service_may_run_the_image_that_another_one_builds(project):
    services = {"web": {"build": ".", "image": "me/app"}, "worker": {"image": "me/app", "command": ["work"]}}
    translated = project({"services": services})
    images = {name: service["image"] for name, service in translated.content["services"].items()}
    assert images == {"web": "${SHOP_WEB_IMAGE}", "worker": "${SHOP_WEB_IMAGE}"}
    assert (translated.images, len(translated.builds)) == ({}, 1)


def test_dockerfile_beside_the_folder_is_refused(project):
    build = {"context": "./web", "dockerfile": "../Dockerfile"}
    translated = project({"services": {"web": {"build": build}}})
    assert told(translated.problems) == ["field-refused: .files: services.web.build.dockerfile"]


def test_file_of_the_project_is_a_config(service, tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/nginx.conf").write_text("x")
    made, translated = service({"volumes": ["./conf/nginx.conf:/etc/nginx.conf:ro"]})
    assert made["configs"] == [{"source": "conf_nginx_conf", "target": "/etc/nginx.conf", "mode": 0o444}]
    assert translated.content["configs"] == {"conf_nginx_conf": {"file": str(tmp_path / "conf/nginx.conf")}}
    assert "volumes" not in made


@pytest.mark.parametrize("size", [0, 1024000])
def test_file_that_no_config_can_be_is_refused(service, tmp_path, size):
    (tmp_path / "list.txt").write_text("x" * size)
    _, translated = service({"volumes": ["./list.txt:/list.txt"]})
    assert told(translated.problems) == ["field-refused: .files: services.web.volumes"]


def test_secrets_have_a_value_or_are_in_the_swarm(project):
    text = {
        "services": {"web": {"image": "a.example/x", "secrets": SECRETS}},
        "secrets": {
            "given": {"file": "./given.txt"},
            "of_a_file": {"file": "./own.txt"},
            "outside": {"external": True, "name": "theirs"},
            "given_previous": {"file": "./given.txt"},
            "nothing": {"environment": "NOTHING"},
        },
    }
    translated = project(text, secrets=["given"])
    assert {name: entry["name"] for name, entry in translated.content["secrets"].items()} == {
        "given": "${GIVEN_SECRET}",
        "of_a_file": "${OF_A_FILE_SECRET}",
        "outside": "theirs",
        "given_previous": "${GIVEN_SECRET}",
    }
    assert list(translated.secret_files) == ["of_a_file"]
    assert told(translated.problems) == ["secret-without-value: .files: secrets.nothing"]


def test_configs_are_files_texts_or_values(project, tmp_path):
    text = {
        "services": {"web": {"image": "a.example/x", "configs": ["a", "b", "c"]}},
        "configs": {"a": {"file": "./a"}, "b": {"content": "x $${NAME}\n"}, "c": {"environment": "NAME"}},
    }
    configs = project(text, environment={"NAME": "a$b"}).content["configs"]
    assert configs == {
        "a": {"file": str(tmp_path / "a")},
        "b": {"content": "x $${NAME}\n"},
        "c": {"content": "a$$b"},
    }


def test_what_is_built_alike_is_built_once(project, tmp_path):
    services = {
        "web": {"build": {"context": ".", "args": {"A": "1"}}},
        "worker": {"build": {"context": ".", "args": {"A": "1"}}, "command": ["work"]},
        "other": {"build": {"context": ".", "target": "other"}},
    }
    translated = project({"services": services})
    assert [(build.image, build.args, build.target) for build in translated.builds] == [
        ("shop-other", {}, "other"),
        ("shop-web", {"A": "1"}, ""),
    ]
    images = {name: service["image"] for name, service in translated.content["services"].items()}
    assert images == {"web": "${SHOP_WEB_IMAGE}", "worker": "${SHOP_WEB_IMAGE}", "other": "${SHOP_OTHER_IMAGE}"}
    assert {build.context for build in translated.builds} == {str(tmp_path)}


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("redis:8", "redis:8"),
        ("docker.io/library/redis:8", "redis:8"),
        ("docker.io/bitnami/redis:8", "bitnami/redis:8"),
        ("ghcr.io/x/y:1", ""),
        ("localhost:5000/x", ""),
    ],
)
def test_image_without_a_registry_is_the_sites(service, image, name):
    made, translated = service({"image": image})
    assert list(translated.images) == [name] * bool(name)
    assert made["image"].startswith("${") == bool(name)


def test_files_are_merged_and_profiles_chosen_by_compose(project):
    one = "services: {web: {image: 'a.example/x:${TAG:-1}', environment: {A: '1'}}}"
    two = "services: {web: {environment: {B: '$$x'}}, debug: {image: a.example/d, profiles: [debug]}}"
    services = project(one, two, environment={"TAG": "2"}).content["services"]
    assert list(services) == ["web"]
    assert (services["web"]["image"], services["web"]["environment"]) == ("a.example/x:2", {"A": "1", "B": "$$x"})
    assert "debug" in project(one, two, profiles=["debug"]).content["services"]


@pytest.mark.parametrize(
    ("client", "does"), [("docker", "exit 1"), ("docker-compose", '[ "$*" = "version --short" ] && echo 1.29.2')]
)
def test_machine_without_compose_2_is_told_how_to_get_it(project, monkeypatch, tmp_path, client, does):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / client).write_text(f"#!/bin/sh\n{does}\n")
    (tmp_path / "bin" / client).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with refused("compose-missing: the control node"):
        project("services: {}")


def test_no_key_has_two_fates():
    assert len(BY_NAME) == len({*BY_NAME})
    assert {*KEPT} <= {*BY_NAME}
