"""What a service is beside what a deploy would make of it, in the words of Compose files."""

import copy

from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.specs import compare

NETWORKS = {"id-1": "shop_back", "id-2": "shop_default"}


def told():
    """A service as an engine tells it: with what it fills in."""
    return {
        "Name": "shop_web",
        "Labels": {"com.docker.stack.image": "reg/web:1", "com.docker.stack.namespace": "shop", "of": "shop"},
        "EndpointSpec": {"Mode": "vip", "Ports": [port(80)]},
        "Mode": {"Replicated": {"Replicas": 1}},
        "UpdateConfig": {"FailureAction": "pause", "MaxFailureRatio": 0, "Order": "start-first", "Parallelism": 1},
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": "reg/web:1@sha256:d",
                "Env": ["A=secret", "B=2"],
                "Isolation": "default",
                "Mounts": [{"Type": "volume", "Source": "shop_data", "Target": "/data"}],
                "Secrets": [{"SecretID": "s1", "SecretName": "shop_key", "File": {"Name": "key"}}],
                "Privileges": {"CredentialSpec": None, "NoNewPrivileges": False},
            },
            "ForceUpdate": 3,
            "Networks": [{"Target": "id-1", "Aliases": ["web"]}],
            "Placement": {"Platforms": [{"OS": "linux"}]},
            "Resources": {"Limits": {"MemoryBytes": 64}},
            "RestartPolicy": {"Condition": "any", "MaxAttempts": 0},
            "Runtime": "container",
        },
    }


def port(published):
    return {"Protocol": "tcp", "PublishMode": "ingress", "PublishedPort": published, "TargetPort": 80}


def drafted():
    """The same as the command makes it."""
    spec = copy.deepcopy(told())
    del spec["EndpointSpec"]["Mode"], spec["TaskTemplate"]["Runtime"]
    del spec["TaskTemplate"]["ContainerSpec"]["Isolation"], spec["TaskTemplate"]["RestartPolicy"]["MaxAttempts"]
    spec["Mode"] = {"Replicated": {}}
    spec["UpdateConfig"] = {"Order": "start-first", "Parallelism": 1}
    spec["TaskTemplate"].update(Placement={}, ForceUpdate=0, Networks=[{"Target": "shop_back", "Aliases": ["web"]}])
    spec["TaskTemplate"]["ContainerSpec"]["Secrets"][0]["SecretID"] = "new-shop_key"
    return spec


def changed(**fields):
    """What is told of a draft in which fields of the container are others."""
    spec = drafted()
    spec["TaskTemplate"]["ContainerSpec"].update(fields)
    return [str(each) for each in compare(told(), spec, NETWORKS)]


def test_what_the_engine_fills_in_is_no_difference():
    assert compare(told(), drafted(), NETWORKS) == []


def test_labels_that_a_deploy_sets_by_itself_are_of_no_account():
    spec = drafted()
    spec["Labels"] |= {"flotilla.stack": "shop", "com.docker.stack.image": "reg/web:1@sha256:d"}
    assert compare(told(), spec, NETWORKS) == []
    spec["Labels"] |= {"of": "me"}
    (only,) = compare(told(), spec, NETWORKS)
    assert (str(only), only.replaces) == ("deploy.labels: of changes", False)


def test_values_of_the_environment_are_not_told():
    assert changed(Env=["A=other", "C=3"]) == ["environment: C comes; B goes; A changes"]
    assert changed(Env=["B=2", "A=secret"]) == ["environment: another order"]


def test_each_field_has_the_name_that_compose_files_have_for_it():
    assert changed(Image="reg/web:2@sha256:e") == ["image: reg/web:1@sha256:d becomes reg/web:2@sha256:e"]
    assert changed(Mounts=[]) == ["volumes: shop_data:/data goes"]
    assert changed(Secrets=[{"SecretName": "shop_key_1", "File": {"Name": "key"}}]) == [
        "secrets: shop_key_1 comes; shop_key goes"
    ]
    assert changed(User="1000", Init=True) == ["Init: nothing becomes true", "user: nothing becomes 1000"]


def test_tasks_are_replaced_for_what_is_theirs_alone():
    spec = drafted()
    spec["EndpointSpec"]["Ports"] = [port(81)]
    spec["Mode"] = {"Replicated": {"Replicas": 0}}
    spec["UpdateConfig"] = {"Parallelism": 2}
    spec["TaskTemplate"]["Resources"] = {"Limits": {"MemoryBytes": 128}}
    spec["TaskTemplate"]["Networks"].append({"Target": "shop_default"})
    assert {str(each): each.replaces for each in compare(told(), spec, NETWORKS)} == {
        "ports: 81:80/tcp comes; 80:80/tcp goes": True,
        "deploy.replicas: 1 becomes 0": False,
        "deploy.update_config: Order start-first becomes nothing; Parallelism 1 becomes 2": False,
        "deploy.resources: Limits.MemoryBytes 64 becomes 128": True,
        "networks: shop_default comes": True,
    }
