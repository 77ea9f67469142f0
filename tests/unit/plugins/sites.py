"""Observations of hosts, as ``flotilla.swarm.observe`` returns them, for tests of the planner."""

import copy
import hashlib
import json

import yaml
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.service import Service
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import Stack
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.swarm import Node
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks.facts import HostFacts
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model import observation
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model import site as settings
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.intent import Intent
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.request import NO_BACKUP
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner import plan as planner
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.result import ENTRY_POINTS
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.situation import assess
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file import parse

STACK_TEXT = """\
services:
  web:
    image: ${WEB_IMAGE}
    ports: ["4000:80"]
  redis:
    image: ${REDIS_IMAGE}
    deploy: {placement: {constraints: ["node.labels.flotilla.volume.hello_redis-data == true"]}}
"""
SHOP_TEXT = """\
services:
  till:
    image: ${WEB_IMAGE}
    ports: ["4001:80"]
  stock:
    image: ${REDIS_IMAGE}
    deploy: {placement: {constraints: ["node.labels.flotilla.volume.shop_stock-data == true"]}}
"""
PIN = "/etc/apt/preferences.d/flotilla-docker"
KEY, REPOSITORY = "/etc/apt/keyrings/docker.asc", "/etc/apt/sources.list.d/docker.sources"
# Any text may stand for the vendor's key; here it is the path of its file.
CHECKSUM = f"sha256:{hashlib.sha256(f'{KEY}\n'.encode()).hexdigest()}"
ENGINES = ("docker.io", "docker-cli", "docker-ce", "docker-ce-cli", "containerd.io")
REFERENCES = ("reg:5000/base:1", "reg:5000/redis:1", "reg:5000/hello:1")


def desired(address, builder=False):
    """What the roles want on every member."""
    return {
        "docker": {
            "packages": ["python3-docker"],
            "files": {"/etc/docker/daemon.json": {"text": "{}\n", "mode": "0644"}},
            "services": ["docker"],
            "settings": ["/etc/docker/daemon.json"],
            "reloadable": ["registry-mirrors"],
            "modules": ["ip_vs"],
        },
        "docker_engine": {
            "source": "distro",
            "version": "",
            "pattern": "",
            "url": "https://packages.example",
            "suite": "trixie",
            "key": "",
            "checksum": CHECKSUM,
            "sources": {
                "distro": {"packages": list(ENGINES[:2]), "builder": "docker-buildx"},
                "vendor": {"packages": list(ENGINES[2:]), "builder": "docker-buildx-plugin"},
            },
            "packages": [*ENGINES, "docker-buildx", "docker-buildx-plugin"],
            "files": {path: {"text": f"{path}\n", "mode": "0644"} for path in (KEY, REPOSITORY, PIN)},
        },
        "swarm": {
            "advertise_addr": "",
            "ansible_host": address,
            "node_labels": {},
            "availability": "active",
            "ports": ["7946/tcp", "7946/udp", "4789/udp"],
        },
        "stack": {"ports": ["4000/tcp"]},
        "image": {"packages": []} if builder else {},
        "registry_server": {},
        "registry_push": {},
        "registry_member": {"files": {"/etc/docker/certs.d/reg:5000/ca.crt": {"text": None, "mode": "0644"}}},
    }


def file_of(text, mode="0644", mtime=100):
    """A file as it is observed."""
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "mode": mode, "mtime": mtime, "text": text}


def bare(address):
    """A host on which nothing was done yet."""
    return {
        "system": {
            "hostname": address,
            "machine_id": address,
            "distribution": "debian 13",
            "architecture": "x86_64",
            "kernel": "6.12",
            "cpus": 2,
            "memory_mib": 2000,
            "disk_free_mib": 9000,
            "addresses": [address],
            "default_address": address,
            "time": 1000.5,
            "asked": [1000.0, 1001.0],
        },
        "packages": dict.fromkeys([*ENGINES, "docker-buildx", "docker-buildx-plugin", "python3-docker"]),
        "held": [],
        "unattended": [],
        "interrupted": [],
        "unfinished": [],
        "daemon_config": "",
        "files": dict.fromkeys(
            ["/etc/docker/daemon.json", "/etc/docker/certs.d/reg:5000/ca.crt", KEY, REPOSITORY, PIN]
        ),
        "services": {"docker": {"active": False, "failed": False, "enabled": False, "started": 0, "replaced": False}},
        "modules": {"ip_vs": "available"},
        "ports": {},
        "networks": {"192.0.2.0/24": ""},
        "firewall": None,
        "redirected": False,
        "mesh": None,
        "reach": {},
        "engine": None,
        "swarm": {
            "state": "inactive",
            "node_id": "",
            "address": "",
            "manager": False,
            "error": "",
            "cluster_id": "",
        },
        "volumes": {},
        "lock": {"version": ""},
        "credentials": False,
        "login": "no engine",
        "login_fingerprint": "",
        "accounts": {},
        "server_account": "",
        "registry_resolution": {"addresses": ["10.0.0.1"], "error": "", "certificate": ""},
        "images": dict.fromkeys(REFERENCES),
        "local_images": [],
        "pages": {"hello": "no engine"},
    }


def converged(address, node_id, manager=False):
    """A host on which everything is as desired."""
    observed = bare(address)
    observed["packages"].update({"docker.io": "26.1.5+dfsg1-9", "docker-cli": "26.1.5+dfsg1-9", "python3-docker": "5"})
    observed["files"].update(
        {
            "/etc/docker/daemon.json": file_of("{}\n"),
            "/etc/docker/certs.d/reg:5000/ca.crt": file_of("CA"),
            "/etc/flotilla/ca.crt": file_of("CA"),
        }
    )
    observed["services"] = {
        "docker": {"active": True, "failed": False, "enabled": True, "started": 200, "replaced": False}
    }
    observed["mesh"] = {"forwards": True, "bridge": True, "ports": [4000], "backends": {}}
    observed["modules"] = {"ip_vs": "loaded"}
    observed["ports"] = {"7946/tcp": "dockerd", "7946/udp": "dockerd", "4789/udp": "", "4000/tcp": "dockerd"}
    observed["engine"] = {"version": "26.1.5", "warnings": []}
    observed["swarm"].update(state="active", node_id=node_id, address=address, manager=manager, ingress="net-1")
    observed["login"] = observed["pages"]["hello"] = ""
    observed["credentials"] = True
    names = ("reg:5000/hello@sha256:d", "reg:5000/redis@sha256:d")
    observed["local_images"] = [{"id": name, "names": [name], "used": True} for name in names]
    observed["images"] = {}
    if manager:
        observed["packages"]["docker-buildx"] = "0.13.1"
        observed["images"] = dict.fromkeys(REFERENCES, "sha256:d")
        observed["swarm"]["cluster_id"] = "cluster-1"
        observed["login_fingerprint"] = "abc"
    return observed


def node(number, role, **changes):
    """A member as managers see it."""
    return {
        "id": f"node-{number}",
        "hostname": f"host-{number}",
        "engine": "26.1.5",
        "address": f"10.0.0.{number}",
        "state": "ready",
        "role": role,
        "availability": "active",
        "labels": {},
        "tasks": 0,
        "leader": number == 1,
        "reachability": "reachable" if role == "manager" else "",
        **changes,
    }


def task(slot=1, **changes):
    """A task that runs well."""
    return {
        "id": f"task-{slot}",
        "slot": slot,
        "node": "node-1",
        "desired": "running",
        "state": "running",
        "message": "started",
        "error": "",
        "current": True,
        "created": "1",
        "updated": "1",
        "since": "1",
        "limit_mib": 0,
        **changes,
    }


def service(size=1, **changes):
    """A service at its size."""
    spec = {"Mode": {"Replicated": {"Replicas": size}}, "TaskTemplate": {"ForceUpdate": 0}}
    tasks = [{**task(slot), "node": f"node-{(slot - 1) % 3 + 1}"} for slot in range(1, size + 1)]
    return {"id": "s", "spec": spec, "updated": "1", "update": {}, "size": size, "tasks": tasks, **changes}


def published(*sockets, **changes):
    """What a service publishes, as managers tell it."""
    return {socket: {"service": "hello_web", "stack": "hello", "ingress": True, **changes} for socket in sockets}


def release(number, file, **changes):
    """A release as the record has it."""
    return {"number": number, "at": "T", "by": "me@here", "rollback_to": 0, "rolled_back": [], "file": file, **changes}


def site(managers=("m1",), workers=("w1", "w2"), retire=()):
    """A site with its registry on the first manager."""
    return {
        "managers": list(managers),
        "workers": list(workers),
        "retire": list(retire),
        "remove_dead": [],
        "registry_host": "m1",
        "registry_url": "reg:5000",
        "registry": {
            "push_port": 5001,
            "accounts": {"push": "flotilla", "pull": "flotilla"},
            "passwords": {"push": False, "pull": False},
            "ca": "",
        },
        "pools": [],
        "subnet_size": 24,
        "batch_size": 1,
        "chosen": [],
        "builders": list(managers),
        "images": [
            {"name": name, "kind": "distro", "reference": reference}
            for name, reference in zip(("python", "redis", "web"), REFERENCES, strict=True)
        ],
        "intent": "site",
        "salt": "salt",
        "process": "",
        "stacks": [stack_setting("hello", STACK_TEXT)],
    }


def stack_setting(name, text):
    """A stack of a site."""
    return {
        "name": name,
        "text": text,
        "environment": {},
        "secrets": ["redis_password"],
        "values": {"redis_password": ""},
        "rotate": [],
        "lost": [],
        "configs": {},
        "release": 0,
        "timeout": 600,
        "spread": False,
        "check_path": "/healthz",
        "ready_path": "/readyz",
    }


def hosts(names, make):
    """Observations of several hosts, made by ``make(address, number)``; those called ``m1``, ``m2``... may build."""
    return {
        name: {
            "desired": desired(f"10.0.0.{number}", builder=name.startswith("m")),
            "observation": make(f"10.0.0.{number}", number),
        }
        for number, name in enumerate(names, 1)
    }


def converged_site():
    """One manager and two workers with everything as desired, and the stack running."""
    found = hosts(["m1", "w1", "w2"], lambda address, number: converged(address, f"node-{number}", number == 1))
    services = {"web": service(5), "redis": service(1)}
    found["m1"]["observation"]["nodes"] = [
        node(1, "manager"),
        node(2, "worker", labels={"flotilla.volume.hello_redis-data": "true"}),
        node(3, "worker"),
    ]
    found["m1"]["observation"]["stacks"] = {"hello": running("hello", STACK_TEXT, services)}
    found["w1"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    return found


def site_of_two(**groups):
    """A site with stack shop beside stack hello."""
    found = site(**groups)
    found["stacks"].append(stack_setting("shop", SHOP_TEXT))
    return found


def converged_site_of_two():
    """A converged site in which both stacks run."""
    found = converged_site()
    for host in found.values():
        host["observation"]["pages"]["shop"] = ""
    found["m1"]["observation"]["nodes"][2]["labels"] = {"flotilla.volume.shop_stock-data": "true"}
    found["w2"]["observation"]["volumes"] = {"shop": {"shop_stock-data": True}}
    services = {"till": service(2), "stock": service(1)}
    stacks = found["m1"]["observation"]["stacks"]
    stacks["shop"] = running("shop", SHOP_TEXT, services)
    names = [name for each in stacks.values() for name in each["secrets"]]
    for each in stacks.values():
        each["secret_names"] = names
    return found


def running(name, text, services):
    """A stack that runs as its only release says.

    :param text: of its stack file
    """
    variables = {"WEB_IMAGE": "reg:5000/hello@sha256:d", "REDIS_IMAGE": "reg:5000/redis@sha256:d"}
    specs = copy.deepcopy({service: entry["spec"] for service, entry in services.items()})
    secret = f"{name}_redis_password_1"
    return {
        "services": services,
        "secrets": {secret: {"name": "redis_password", "salt": "", "created": "1"}},
        "secret_names": [secret],
        "configs": [],
        "login": "abc",
        "releases": [release(1, render(text, variables))],
        "record": {"file": render(text, variables), "specs": specs},
    }


def set_up_site():
    """A converged site whose stack was never deployed."""
    found = converged_site()
    empty = {"services": {}, "secrets": {}, "secret_names": [], "releases": [], "record": None}
    found["m1"]["observation"]["stacks"]["hello"].update(empty)
    found["w1"]["observation"]["volumes"] = {}
    return found


def acts(plan, host, role=None):
    """What a plan lets a host do, in the words for people."""
    changes = plan["hosts"][host]["changes"]
    return [each["text"] for each in changes if role in (None, ENTRY_POINTS[Phase(each["phase"])].role)]


def phases(plan, host):
    """The phases that a host goes through, in their order."""
    return [phase.value for phase in Phase if phase in plan["hosts"][host]]


def of_phase(plan, phase):
    """The arguments of a phase, by host."""
    return {name: host[phase] for name, host in plan["hosts"].items() if phase in host}


def labels(plan, host):
    """The labels that a host's node gets, in whichever phase."""
    found = [arguments.get("labels", {}) for phase, arguments in plan["hosts"][host].items() if phase != "changes"]
    return {name: value for each in found for name, value in each.items()}


def deploy(plan):
    """The arguments of the deploy of the only stack that changes, which one host does."""
    (found,) = of_phase(plan, "deploy").values()
    (one,) = found["deploys"]
    return one


def deployed(plan):
    """The stack file that will run."""
    return yaml.safe_load(deploy(plan)["steps"][-1])


def new_release(plan):
    """What is recorded of the release beside its stack file."""
    return {key: value for key, value in deploy(plan)["release"].items() if key != "file"}


def read_site(site):
    """A site as the planner takes it."""
    return settings.read_site(
        site,
        salt=site["salt"],
        user="me@here",
        process=site["process"],
        values={each["name"]: each["values"] for each in site["stacks"]},
        configs={each["name"]: each["configs"] for each in site["stacks"]},
        backup=site.get("backup", NO_BACKUP),
    )


def read_hosts(hosts):
    """Observations as the planner takes them."""
    return {name: observation.read(name, host) for name, host in hosts.items()}


def facts(site, hosts, addresses):
    """What checks of hosts may read."""
    found = read_hosts(hosts)
    observed = {name: host.observation for name, host in found.items()}
    desired = {name: host.desired for name, host in found.items()}
    return HostFacts(
        intent=Intent(site["intent"]), site=read_site(site), observed=observed, desired=desired, addresses=addresses
    )


def plan(site, hosts, wrong=(), passed=None):
    """Plan from observations as the module answers them."""
    return planner.make_plan(read_site(site), read_hosts(hosts), Intent(site["intent"]), wrong, passed)


def situation(site, hosts):
    """What topics are decided from."""
    return assess(read_site(site), read_hosts(hosts), Intent(site["intent"]))


def make_plan(site, hosts, passed=None):
    """Plan, and show the plan as plays read it."""
    made = plan(site, hosts, passed=passed)
    read = json.loads(json.dumps(made.as_dict()))
    return {"problems": [*made.problems], "warnings": [*made.warnings], "notes": [*made.notes], **read}


def render(text, variables):
    """Fill in the variables of a stack file."""
    return parse(text).render(variables).text


def services(**found):
    """Services as the planner takes them."""
    return {name: decode(Service, entry, name) for name, entry in found.items()}


def stack(found):
    """A stack that runs, as the planner takes it."""
    return decode(Stack, found, "stack")


def nodes(*found):
    """Nodes as the planner takes them."""
    return [decode(Node, entry, "node") for entry in found]
