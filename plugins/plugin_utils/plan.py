"""Make the plan of a whole run from one look at all hosts.

Pure: the same observations give the same plan, and nothing is asked or changed. The plan goes all the way to the stack
even where hosts are still bare, because each phase is planned on the state that the one before it will have left.
"""

from __future__ import annotations

from . import engine_source, host_state, membership, objects, preflight, release_plan, releases, stack, systems
from .host_state import Act
from .images import remembered


def make_plan(site, hosts):
    """Decide what each host has to do.

    :param site: dict with ``managers`` and ``workers`` (lists of inventory names), ``registry_host`` (``""`` for an
        external registry), ``registry_url``, ``builder``, ``images`` (see ``images.list_images``), ``pools`` and
        ``subnet_size`` of overlay networks, ``scope`` (``site``, ``deploy`` or ``rollback``), ``salt`` and ``stack``
        (dict with ``name``, ``text``, ``environment``, ``secrets`` as a list of names, ``values`` of secrets,
        ``rotate``, ``configs`` and ``release``, see ``objects`` and ``releases``)
    :param hosts: dict of inventory name to the result of ``flotilla.swarm.observe`` (``wanted`` and ``seen``)
    :return: dict, JSON all through:
        ``problems``  list of str; when not empty, nothing else is there and nothing may be changed
        ``hosts``     by inventory name: ``address``, ``labels`` to set, ``packages`` (of all roles on the host, as
                      apt is asked for them), ``engine`` (see ``docker_engine`` of role docker), ``acts`` (list of
                      ``Act`` as dicts), ``phases`` (the plays that the host must go through), ``stale`` (roles whose
                      service must be restarted), ``repair`` (bool, whether an interrupted installation of packages
                      must be finished) and ``notes`` (what a user should know, list of str)
        ``via``       manager through which others join and the stack is deployed
        ``changes``   bool, whether there is anything to do
        ``stack``     ``text``, ``variables`` and ``images`` of the stack file, ``secrets`` and ``configs`` to create,
                      and ``release``: what its record will say beside the file
        ``notes``     sentences that the user should read beside the plan
    """
    members = [*site["managers"], *site["workers"]]
    seen = {name: host["seen"] for name, host in hosts.items()}
    asleep = [name for name in members if seen[name]["swarm"]["state"] == "stopped"]
    if asleep:
        return _start_engines(site, hosts, asleep)
    decision = membership.decide(site["managers"], site["workers"], seen)
    builder = seen.get(site["builder"])
    if builder and builder["login"] and not _is_fresh(hosts.get(site["registry_host"])):
        # It cannot ask the registry now. Once it is logged in again it does, and makes what is missing.
        seen[site["builder"]] = dict(builder, images=remembered(builder["images"], builder["local_images"]))
    try:
        labels = _volume_labels(site, decision, seen)
        images, stack_plan, stack_acts = release_plan.plan_stack(site, decision.via, seen)
        decision.problems += preflight.find_stack_problems(
            site, {name: hosts[name] for name in members}, decision.via, labels, stack_plan
        )
    except stack.StackFileError as error:
        decision.problems.append(f"stack_file: {error}")
    except (releases.ReleaseError, objects.SecretError) as error:
        decision.problems.append(str(error))
    plan = {name: _Host(name, host) for name, host in hosts.items()}
    addresses = {name: host.address for name, host in plan.items()}
    problems = [*preflight.find_problems(site, hosts, addresses), *decision.problems]
    if problems:
        return {"problems": problems}

    for name in hosts:
        _docker_and_registry(plan[name], seen.get(site["registry_host"]), site)
    for name in members:
        _swarm(plan[name], decision, site, labels.get(name, {}))
    plan[site["builder"]].compare("image", "image")
    if images:
        plan[site["builder"]].add("image", [Act("image", f"make {image['reference']}") for image in images])
    if seen[site["builder"]]["login"]:
        plan[site["builder"]].phases.add("image")
    plan[decision.via].add("stack", stack_acts)
    for name in members:
        if seen[name]["page"] and not stack_acts:
            plan[name].add("page", [Act("stack", f"wait for the page ({seen[name]['page']})")])
        if stack_acts:
            plan[name].phases.add("page")
    _clean_up(plan, decision.via, site, stack_plan)
    problems, notes = _limit(plan, decision, site)
    if problems:
        return {"problems": problems}
    plan[decision.via].phases |= {"lock", "report"} if any(host.acts for host in plan.values()) else {"report"}

    return {
        "problems": [],
        "hosts": {name: host.as_dict() for name, host in plan.items()},
        "via": decision.via,
        "changes": any(host.acts for host in plan.values()),
        "stack": stack_plan,
        "notes": [*notes, *stack_plan.pop("notes")],
    }


def _start_engines(site, hosts, asleep):
    """Plan only the way to running engines: a member whose engine is stopped cannot tell of its swarm.

    The hosts then go through phase ``again``: a second look, and the plan of all the rest.
    """
    if site["scope"] != "site":
        return {"problems": [f"the engine of {', '.join(asleep)} is stopped; run site.yml, which starts it"]}
    plan = {name: _Host(name, host) for name, host in hosts.items()}
    for name, host in plan.items():
        _docker(host)
        host.phases.add("again")
        if name in asleep:
            host.add("docker", [Act("docker", "look at its swarm once the engine runs, and plan the rest then")])
    speaking = [name for name in site["managers"] if "nodes" in hosts[name]["seen"]]
    via = (speaking or site["managers"])[0]
    plan[via].phases.add("lock")
    return {
        "problems": [],
        "hosts": {name: host.as_dict() for name, host in plan.items()},
        "via": via,
        "changes": True,
        "notes": [],
        "stack": {"release": {}},
    }


class _Host:
    """What one host has to do, as it is put together."""

    def __init__(self, name, observed):
        self.name = name
        self.wanted = observed["wanted"]
        self.seen = observed["seen"]
        self.address = choose_address(self.wanted.get("swarm", {}), self.seen["system"], self.seen["swarm"]["address"])
        self.engine = engine_source.decide(self.wanted.get("docker_engine", {}), self.seen)
        if self.wanted.get("image"):
            self.wanted["image"]["packages"] = [*self.wanted["image"]["packages"], *self.engine.builder]
        self.labels = {}
        self.acts = []
        self.phases = set()
        self.stale = []
        self.old_images = []
        self.repair = False

    def add(self, phase, acts):
        """Take acts on for a phase."""
        if acts:
            self.acts += acts
            self.phases.add(phase)

    def compare(self, phase, role, key=None):
        """Compare what a role wants with what is there, and take on the difference."""
        wanted = self.wanted.get(key or role, {})
        self.add(phase, host_state.compare(role, wanted, self.seen))
        if host_state.is_stale(wanted, self.seen):
            self.stale.append(role)

    def repair_packages(self):
        """Finish an interrupted installation of packages where more are to be installed; apt refuses it else."""
        wanted = [*self.engine.packages, *self._role_packages()]
        self.repair = bool(self.seen["interrupted"]) and not all(self.seen["packages"][name] for name in wanted)
        if self.repair:
            names = ", ".join(self.seen["interrupted"])
            self.add("docker", [Act("docker", f"finish the interrupted installation of {names}")])

    def _role_packages(self):
        roles = (role for name, role in self.wanted.items() if name != "docker_engine")
        return [name for role in roles for name in role.get("packages", [])]

    def as_dict(self):
        """Return the part of the plan that is about this host."""
        return {
            "address": self.address,
            "labels": self.labels,
            "packages": sorted({*self.engine.requests, *self._role_packages()}),
            "engine": {key: getattr(self.engine, key) for key in ("files", "hold", "release", "change")},
            "notes": [note for note in (systems.note(self.seen["system"]["distribution"]), self.engine.note) if note],
            "acts": [vars(act) for act in self.acts],
            "phases": sorted(self.phases),
            "stale": self.stale,
            "old_images": self.old_images,
            "repair": self.repair,
        }


def choose_address(wanted, system, member=""):
    """Choose the address that other nodes reach a host at.

    :param wanted: dict with ``advertise_addr`` and ``ansible_host``, both may be missing or empty
    :param system: ``system`` of the host's observation
    :param member: address under which the host is in a swarm already, ``""`` when it is in none
    :return: the given address; else the first of these that is one of the host's own: the member's, ``ansible_host``;
        else the default route's
    """
    if wanted.get("advertise_addr"):
        return wanted["advertise_addr"]
    own = [address for address in (member, wanted.get("ansible_host")) if address in system["addresses"]]
    return own[0] if own else system["default_address"]


def _docker(host):
    host.repair_packages()
    host.add("docker", host.engine.acts)
    host.compare("docker", "docker")


def _docker_and_registry(host, registry_seen, site):
    _docker(host)
    host.compare("registry", "registry", "registry_server")
    if host.name not in [*site["managers"], *site["workers"]]:
        return
    member = host.wanted["registry_member"]
    # The CA is made by the run itself, so what members must have is read off its host.
    authority = ((registry_seen or {}).get("files", {}).get("/etc/flotilla/ca.crt") or {}).get("text")
    for entry in member.get("files", {}).values():
        entry["text"] = entry["text"] or authority
    host.compare("login", "registry", "registry_member")
    if host.seen["login"]:
        host.add("login", [Act("registry", f"log in to {site['registry_url']} ({host.seen['login']})")])


def _swarm(host, decision, site, labels):
    host.labels = labels
    role = "manager" if host.name in site["managers"] else "worker"
    acts = []
    if host.name == decision.via and decision.initialise:
        acts.append(Act("swarm", "begin a new swarm"))
    elif host.name in decision.joining:
        acts.append(Act("swarm", f"join as {role} through {decision.via}"))
    acts += [Act("swarm", f"set label {label}={value}") for label, value in labels.items()]
    host.add("swarm_first" if decision.initialise and host.name == decision.via else f"swarm_{role}s", acts)


def _is_fresh(registry):
    """Tell whether a registry is to be installed, and so has no image yet, whatever an engine remembers."""
    wanted = registry["wanted"].get("registry_server", {}) if registry else {}
    return not all(registry["seen"]["packages"][name] for name in wanted.get("packages", []))


def _volume_labels(site, decision, seen):
    nodes = seen[decision.via].get("nodes", []) if decision.via else []
    labels = stack.volume_labels(site["stack"]["text"])
    # A host that holds the stack's data from an earlier swarm comes first; workers are spared less than managers.
    candidates = sorted([*site["workers"], *site["managers"]], key=lambda name: not seen[name]["volumes"])
    return stack.place_volumes(labels, nodes, candidates)


def _clean_up(plan, via, site, stack_plan):
    """Take on what is left of releases that are older than those in the record."""
    kept, old = stack_plan.pop("kept"), stack_plan["old"]
    removals = [
        Act("stack", f"remove {kind[:-1]} {name}, which no release needs") for kind in old for name in old[kind]
    ]
    plan[via].add("clean", removals)
    for host in plan.values():
        host.old_images = releases.old_images(kept, site["images"], host.seen["local_images"])
        names = [image["names"][0] for image in host.old_images]
        host.add("clean", [Act("stack", f"remove image {name}, which no release needs") for name in names])


def _limit(plan, decision, site):
    """Leave out what is not for this playbook.

    :return: list of problems and list of notes
    """
    if site["scope"] == "site":
        return [], []
    roles = ("image", "stack") if site["scope"] == "deploy" else ("stack",)
    needed = {decision.via, site["builder"]}
    if decision.initialise or any(
        host.labels or (host.seen["login"] and host.name in needed) for host in plan.values()
    ):
        return [f"playbooks/{site['scope']}.yml works on a site that is set up, and this one is not; run site.yml"], []
    left = {}
    for host in plan.values():
        for act in host.acts:
            if act.role not in roles:
                left.setdefault(f"{act.role}: {act.text}", []).append(host.name)
        host.acts = [act for act in host.acts if act.role in roles]
        host.phases &= {*roles, "page", "clean", "report"}
    return [], [f"left to site.yml: {', '.join(names)}: {text}" for text, names in left.items()]
