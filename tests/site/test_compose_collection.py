"""The collection of Compose files on hosts: whatever of it is accepted is deployed as it is, and comes up.

Their images are stand-ins, in a registry that hosts take for Docker Hub and the others that the files name.
"""

import base64
import json
import shutil
from pathlib import Path

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.stack_entries import RunRequest, read_entry
from compose.test_collection import COLLECTION, ENTRIES, EXPECTED
from docker_hub import DockerHub

pytestmark = pytest.mark.long

REGISTRIES = ("docker.elastic.co", "docker.gitea.com", "example.org", "ghcr.io", "lscr.io", "quay.io")
# Ports of containers that the files publish.
LISTENS = "21,22,53,80,443,2283,3000,5601,5672,8000,8080,9000,9001,9092,9093,9200,15672"
REMOVE = "playbooks/remove.yml"
# What the hosts of the tests do not have, and people who write such files do.
LACKING = {
    # A file server, and a driver of volumes.
    "nfs-media": {"volumes": {"photos": {}, "backups": {}, "cache": {}}},
    "reset-override": {"volumes": {"data": {}}},
    # A resource of the nodes' own, and a second processor.
    "swarm-ready": {"services": {"web": {"deploy": {"resources": {"reservations": {"generic_resources": []}}}}}},
    "memory-tuned": {"services": {"db": {"cpus": 1, "cpuset": "0"}}},
}
# What is to end by itself.
JOBS = {"minio-bucket_bucket"}
# What nodes must have for files that mount it.
FOLDERS = "/srv/backup /lib/modules /root/.config/site"


def entry(name, folder):
    """A file of the collection as an entry of `stacks`."""
    own = {"path": str(COLLECTION / name), "files": ["compose.yml"], **ENTRIES.get(name, {})}
    if name in LACKING:
        changes = folder / f"{name}.yml"
        changes.write_text(yaml.dump(LACKING[name]).replace("{}", "!override {}").replace("[]", "!reset []"))
        own["files"] = [*own["files"], str(changes)]
    return own


def batches():
    """Names of accepted stacks that publish no port twice, and so can run beside each other."""
    found: list[tuple[set[str], list[str]]] = []
    for name, (refused, _warned) in EXPECTED.items():
        if refused:
            continue
        ports = {*read(name)["ports"]}
        for taken, names in found:
            if taken.isdisjoint(ports) and len(names) < 5:
                taken |= ports
                names.append(name)
                break
        else:
            found.append((ports, [name]))
    return [names for _ports, names in found]


def read(name):
    return read_entry(name, {"path": str(COLLECTION / name), **ENTRIES.get(name, {})}, "/", RunRequest())


def images():
    """The images of all of them, each as repository of the registry and tag."""
    named = set()
    for name, (refused, _warned) in EXPECTED.items():
        if refused:
            continue
        file = read(name)
        named |= {image if "/" in image else f"library/{image}" for image in file["images"]}
        named |= {image.partition("/")[2] for image in file["others"]}
    return {image.rpartition(":")[::2] for image in named}


@pytest.fixture(scope="module")
def hub(fleet, tmp_path_factory):
    """All registries that the files name, with a stand-in for each image."""
    with DockerHub.of(fleet, tmp_path_factory.mktemp("hub"), *REGISTRIES) as hub:
        push_stand_in(hub)
        repositories = hub.folder / "images/docker/registry/v2/repositories"
        for name, tag in sorted(images()):
            shutil.copytree(repositories / "jane/stand-in", repositories / name, dirs_exist_ok=True)
            tags = repositories / name / "_manifests/tags"
            if tag != "1":
                shutil.copytree(tags / "1", tags / tag)
        for host in fleet.addresses:
            fleet.on(
                host,
                f"mkdir -p {FOLDERS} && touch /etc/timezone && install -D /dev/null {COLLECTION}/nginx-conf/nginx.conf",
            )
        # What others have made, as the files say.
        made = "docker network create -d overlay --attachable proxy_net && echo site | docker config create site -"
        fleet.on(fleet.manager, f"{made} && docker volume create caddy-data")
        yield hub
        fleet.on(fleet.manager, "docker network rm proxy_net; docker config rm site; docker volume rm caddy-data")
    fleet.play().succeeded()


def push_stand_in(hub):
    """Build it on the builder, of the Python that is there, and push it as jane."""
    listed = hub.fleet.on(hub.fleet.manager, "docker images --format '{{.Repository}}:{{.Tag}}'").split()
    base = next(name for name in listed if "/trixie-python:" in name)
    folder = Path(__file__).parent
    files = {"stand_in.py": folder / "stand_in.py", "Dockerfile": folder / "stand_in.Dockerfile"}
    written = [
        f"echo {base64.b64encode(path.read_bytes()).decode()} | base64 -d > {name}" for name, path in files.items()
    ]
    build = f"docker build -q --build-arg BASE={base} --build-arg PORTS={LISTENS} -t jane/stand-in:1 ."
    push = f"docker login -u jane -p {hub.accounts['jane']} && docker push -q jane/stand-in:1 && docker logout"
    words = ["export DOCKER_CONFIG=/root/stand-in", "mkdir -p $DOCKER_CONFIG", "cd $DOCKER_CONFIG", *written]
    hub.fleet.on(
        hub.fleet.manager, " && ".join((*words, build, push, "docker rmi jane/stand-in:1", "rm -r $DOCKER_CONFIG"))
    )


def sizes(fleet, name):
    """Running tasks and size of each service of a stack."""
    listed = fleet.on(fleet.manager, f"docker stack services --format '{{{{.Name}}}} {{{{.Replicas}}}}' {name}")
    return {service: replicas.split("/") for service, replicas, *_more in map(str.split, listed.splitlines())}


@pytest.mark.parametrize("names", batches(), ids=lambda names: "+".join(names))
def test_what_is_accepted_comes_up(fleet, hub, names, tmp_path, request):
    stacks = {name: entry(name, tmp_path) for name in names}
    chosen = f"stack={','.join(names)}"
    settings = json.dumps({"stacks": stacks, "image_base": "hub"})
    request.addfinalizer(lambda: fleet.play("-e", chosen, "-e", "remove_data=true", playbook=REMOVE).succeeded())
    fleet.play("-e", settings).succeeded()
    for name in names:
        found = sizes(fleet, name)
        print(found)
        assert {running == size for service, (running, size) in found.items() if service not in JOBS} == {True}
        for job in JOBS & {*found}:
            states = fleet.on(fleet.manager, f"docker service ps --format '{{{{.CurrentState}}}}' {job}")
            assert states.startswith("Complete")
    fleet.play("-e", settings).unchanged()
