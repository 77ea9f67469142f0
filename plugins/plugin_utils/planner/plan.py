"""Make the plan of a whole run from one look at all hosts.

Pure: the same observations give the same plan, and nothing is asked or changed. The plan goes all the way to the stack
even where hosts are still bare, because each phase is planned on the state that the one before it will have left.
"""

from __future__ import annotations

from ..checks import preflight
from ..checks.facts import HostFacts
from ..checks.hosts import SETTINGS_RULES
from ..hosts import engine_source, host_state, systems
from ..hosts.host_state import Act
from ..images import pulls
from ..images.content import remembered
from ..model.problem import Code, Problem, ProblemError, find
from ..registry import logins as registry
from ..stacks import data, release_plan, releases, stack
from ..swarm import membership
from . import absence


def make_plan(site, hosts):
    """Decide what each host has to do.

    :param site: dict with ``managers``, ``workers`` and ``removed`` (lists of inventory names), ``remove_dead`` (names
        of dead nodes), ``registry_host`` (``""`` for an external registry), ``registry_url``, ``registry`` (dict with
        ``accounts``: names by purpose, ``passwords``: whether they are given, ``ca``), ``builders`` (inventory names,
        the preferred first), ``images`` (see ``images.list_images``), ``pools`` and ``subnet_size`` of overlay
        networks, ``scope`` (``site``, ``deploy`` or ``rollback``), ``salt`` and ``stack`` (dict with ``name``,
        ``text``, ``environment``, ``secrets`` as a list of names, ``values`` of secrets, ``rotate``, ``lost`` and
        ``restored`` (see ``data``), ``configs`` and ``release``, see ``objects`` and ``releases``)
    :param hosts: dict of inventory name to the result of ``flotilla.swarm.observe`` (``wanted`` and ``seen``); for a
        host that could not be reached ``wanted`` and ``unreachable`` (the reason)
    :return: dict, JSON all through:
        ``problems``  list of ``Problem``; when not empty, nothing else is there and nothing may be changed
        ``warnings``  list of str
        ``hosts``     by inventory name: ``address``, ``node`` (what to set on its node, see ``membership``), ``joins``,
                      ``retire`` (list of steps), ``packages`` (of all roles on the host, as apt is asked for them),
                      ``engine`` (see ``docker_engine`` of role docker), ``pulls`` (images to pull before an update),
                      ``acts`` (list of ``Act`` as dicts), ``phases`` (the plays that the host must go through),
                      ``stale`` (roles whose service must be restarted), ``failed`` (bool, whether systemd counts failed
                      starts of the engine), ``repair`` (bool, whether an interrupted
                      installation of packages must be finished), ``notes`` (what a user should know, list of str) and
                      ``absent`` (what is left undone since it could not be reached, else ``""``)
        ``via``       manager through which others join
        ``keeper``    manager that acts once all managers are in place, and deploys the stack
        ``dead``      by phase: IDs of the dead nodes that lose their voice and their entry
        ``builder``   host that makes images
        ``digests``   dict of image reference to digest, as far as they are known
        ``changes``   bool, whether there is anything to do
        ``stack``     ``text``, ``variables`` and ``images`` of the stack file, ``secrets`` and ``configs`` to create,
                      ``excused`` services, those that may begin ``anew``, its ``page`` (see ``stack.page``), and
                      ``release``: what its record will say beside the file
        ``notes``     sentences that the user should read beside the plan
    """
    plan = {name: _Host(name, host) for name, host in hosts.items()}
    present = {name: host["seen"] for name, host in hosts.items() if "seen" in host}
    addresses = {name: host.address for name, host in plan.items()}
    asleep = [name for name in present if present[name]["swarm"]["state"] == "stopped" and name not in site["removed"]]
    if asleep:
        return _start_engines(site, plan, asleep)
    problems = []
    try:
        site = dict(site, volumes=stack.volume_labels(site["stack"]["text"]))
    except ProblemError as error:
        problems, site = [error.problem], dict(site, volumes=[])
    # Without its registry the site can neither make images nor let tasks move to nodes that lack them.
    served = site["registry_host"] in ("", *present)
    decision = membership.decide(dict(site, retire=served), hosts, addresses)
    nodes = present.get(decision.via, {}).get("nodes", [])
    absent = {name: addresses[name] for name in hosts if name not in present}
    excused = [] if problems else absence.excused(site, absent.values(), nodes)
    builder = next((name for name in site["builders"] if name in present), "")
    digests, unasked = choose_digests(site, present, builder)
    asking = site["scope"] != "rollback"
    here = served and not _is_fresh(hosts.get(site["registry_host"]))
    if builder and present[builder]["login"] and (here or not asking):
        # It cannot ask the registry now. Once it is logged in again it does, and makes what is missing. A rollback
        # makes none; it only has to know what the inventory describes.
        digests = {
            **remembered([image["reference"] for image in site["images"]], present[builder]["local_images"]),
            **digests,
        }
    renewed = bool(site["registry_host"]) and served and registry.is_renewed(site, hosts[site["registry_host"]])
    images, stack_plan, stack_acts = [], {}, []
    labels = {name: change["labels"] for name, change in decision.settings.items()}
    if not problems:
        try:
            asked = present.get(decision.via, {})
            running = asked.get("stack") or {}
            new_login = registry.is_new_to_services(site, asked, renewed)
            images, stack_plan, stack_acts = release_plan.plan_stack(site, running, digests, excused, new_login)
            labels = {name: change["labels"] for name, change in decision.settings.items()}
            found = data.judge(site, stack_plan["text"], present, nodes, labels, running)
            problems += found.problems
            stack_plan["anew"] = found.anew
            stack_acts += [Act("stack", f"let {name} begin anew, as its data is lost") for name in found.losses]
            if not absent and not decision.problems:
                parts = {name: hosts[name] for name in [*site["managers"], *site["workers"]]}
                problems += preflight.find_stack_problems(site, parts, asked, labels, stack_plan)
        except ProblemError as error:
            problems.append(error.problem)
    # A rollback needs none: nodes keep the images of releases, and one that must pull fails before anything is changed.
    if asking and not served:
        images, stack_acts = [], []
    members = [name for name in [*site["managers"], *site["workers"]] if name in present]
    facts = HostFacts(_without(site, absent), {name: hosts[name] for name in present}, addresses)
    problems = [
        *preflight.find_host_problems(facts, asking),
        *problems,
        *decision.problems,
    ]
    if images and not builder:
        problems.append(
            Problem(
                code=Code.BUILDER_UNREACHABLE,
                hosts=tuple(site["builders"]),
                found=f"could not be reached to make {', '.join(image['reference'] for image in images)}",
                expected="a host that makes images",
                fix="Bring it back, or name another host with image_builder",
            )
        )
    if problems:
        return {"problems": problems}

    for name in present:
        _docker(plan[name])
        plan[name].compare("registry", "registry", "registry_server")
        if renewed and name == site["registry_host"]:
            plan[name].add("registry", [Act("registry", "give the account its password")])
        if registry.is_renamed(present[name]):
            new = site["registry_url"].rpartition(":")[0]
            plan[name].add("registry", [Act("registry", f"make a certificate for {new}")])
        if served and name in members:
            _login(plan[name], present.get(site["registry_host"]), site, renewed)
    for name, host in plan.items():
        host.belong(decision)
        if name in absent:
            host.leave_out(absence.describe(site, name, hosts[name]["unreachable"], host.address, nodes))
    for name in site["builders"]:
        # Only the preferred builder is prepared before there is something to build.
        if name == builder and (images or name == site["builders"][0]) and served:
            plan[name].compare("image", "image")
        elif name in present:
            plan[name].wanted["image"] = {}
    if images:
        plan[builder].add("image", [Act("image", f"make {image['reference']}") for image in images])
    if builder and served and present[builder]["login"]:
        plan[builder].phases.add("image")
    drained = any(change["availability"] == "drain" for change in decision.settings.values())
    if drained and served and not stack_acts:
        stack_acts = [Act("stack", release_plan.WAIT)]
    # Before the first deploy nobody waits for tasks, which pull for themselves.
    if stack_acts and (asked.get("stack") or {}).get("services"):
        nodes = preflight.describe_nodes(site, {name: hosts[name] for name in members}, asked, labels)
        made = {builder: [image["reference"] for image in images]}
        for name, missing in pulls.missing_images(site["registry_url"], stack_plan, nodes, hosts).items():
            plan[name].pull([image for image in missing if image not in made.get(name, ())])
    plan[decision.keeper].add("stack", stack_acts)
    # Hosts were asked at the inventory's port. Where what runs has another, as after a rollback, that tells nothing.
    told = stack_plan["page"].get("port") in stack.published_ports(site["stack"]["text"])[:1]
    for name in members:
        if present[name]["page"] and told and not stack_acts:
            plan[name].add("page", [Act("stack", f"wait for the page ({present[name]['page']})")])
        if stack_acts:
            plan[name].phases.add("page")
    kept = stack_plan.pop("kept")
    if served:
        _clean_up(plan, decision.keeper, site, kept, stack_plan["old"])
    problems, notes = _limit(plan, decision, site, builder)
    if problems:
        return {"problems": problems}
    plan[decision.keeper].phases.add("report")
    if any(host.acts for host in plan.values()):
        plan[decision.via].phases.add("lock")

    return {
        "problems": [],
        "warnings": [*unasked, *decision.warnings],
        "hosts": {name: host.as_dict() for name, host in plan.items()},
        "via": decision.via,
        "keeper": decision.keeper,
        "dead": decision.dead(),
        "builder": builder,
        "digests": digests,
        "changes": any(host.acts for host in plan.values()),
        "stack": stack_plan,
        "notes": [*notes, *stack_plan.pop("notes")],
    }


def _start_engines(site, plan, asleep):
    """Plan only the way to running engines: a member whose engine is stopped cannot tell of its swarm.

    The hosts then go through phase ``again``: a second look, and the plan of all the rest.
    """
    if site["scope"] != "site":
        return {"problems": [_stopped(asleep)]}
    seen = {name: {"seen": host.seen} for name, host in plan.items() if host.seen}
    refused = find(HostFacts({"managers": [*seen], "workers": [], "scope": "site"}, seen, {}), SETTINGS_RULES)
    if refused:
        return {"problems": list(refused)}
    for name, host in plan.items():
        if host.seen:
            _docker(host)
        host.phases.add("again")
        if name in asleep:
            host.add("docker", [Act("docker", "look at its swarm once the engine runs, and plan the rest then")])
    present = [name for name in site["managers"] if plan[name].seen]
    speaking = [name for name in present if "nodes" in plan[name].seen]
    via = (speaking or present or asleep)[0]
    plan[via].phases.add("lock")
    return {
        "problems": [],
        "warnings": [],
        "hosts": {name: host.as_dict() for name, host in plan.items()},
        "via": via,
        "changes": True,
        "notes": [],
        "stack": {"release": {}},
    }


def _stopped(names):
    return Problem(
        code=Code.ENGINE_STOPPED,
        hosts=tuple(names),
        found="an engine that is stopped",
        expected="an engine that runs",
        fix="Run site.yml, which starts it",
    )


def _without(site, absent):
    """Return the site without hosts that could not be reached: nothing can be said of them, and nobody reaches them."""
    kept = {group: [name for name in site[group] if name not in absent] for group in ("managers", "workers")}
    return {**site, **kept, "registry_host": "" if site["registry_host"] in absent else site["registry_host"]}


class _Host:
    """What one host has to do, as it is put together."""

    def __init__(self, name, observed):
        self.name = name
        self.wanted = observed["wanted"]
        self.seen = observed.get("seen")
        system, swarm = (self.seen or {}).get("system"), (self.seen or {}).get("swarm", {})
        self.address = choose_address(self.wanted.get("swarm", {}), system, swarm.get("address", ""))
        self.engine = engine_source.decide(self.wanted.get("docker_engine", {}), self.seen)
        if self.wanted.get("image"):
            self.wanted["image"]["packages"] = [*self.wanted["image"]["packages"], *self.engine.builder]
        self.node, self.joins, self.retire = {}, False, []
        self.acts = []
        self.phases = set()
        self.stale = []
        self.absent = ""
        self.old_images, self.pulls = [], []
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

    def engine_service(self):
        """Return the state of the engine's service; a host that is no member, or was not reached, was not asked."""
        return (self.seen or {"services": {}})["services"].get("docker", {"active": False, "failed": False})

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

    def belong(self, decision):
        """Take on this host's steps in the swarm."""
        self.node = decision.settings.get(self.name, {})
        self.joins = decision.has(self.name, "join")
        for step in decision.steps:
            if step.host == self.name:
                self.add(step.phase, [Act("swarm", step.text)])
                if step.phase == "retire":
                    self.retire.append(step.kind)

    def pull(self, images):
        """Take on images that must be here before the stack is deployed."""
        self.pulls = images
        self.add("pull", [Act("stack", f"pull {image}") for image in images])

    def leave_out(self, text):
        """Note that this host could not be reached; a text makes the run end red."""
        self.absent = text
        if text:
            self.phases.add("absent")

    def as_dict(self):
        """Return the part of the plan that is about this host."""
        system = self.seen and self.seen["system"]["distribution"]
        return {
            "address": self.address,
            "node": self.node,
            "joins": self.joins,
            "retire": self.retire,
            "packages": sorted({*self.engine.requests, *self._role_packages()}),
            "engine": {key: getattr(self.engine, key) for key in ("files", "hold", "release", "change")},
            "notes": [note for note in (system and systems.note(system), self.engine.note) if note],
            "acts": [vars(act) for act in self.acts],
            "phases": sorted(self.phases),
            "stale": self.stale,
            "failed": self.engine_service()["failed"],
            "absent": self.absent,
            "old_images": self.old_images,
            "pulls": self.pulls,
            "repair": self.repair,
        }


def choose_address(wanted, system, member=""):
    """Choose the address that other nodes reach a host at.

    :param wanted: dict with ``advertise_addr`` and ``ansible_host``, both may be missing or empty
    :param system: ``system`` of the host's observation, ``None`` where it could not be reached
    :param member: address under which the host is in a swarm already, ``""`` when it is in none
    :return: the given address; else the first of these that is one of the host's own: the member's, ``ansible_host``;
        else the default route's
    """
    if wanted.get("advertise_addr"):
        return wanted["advertise_addr"]
    if not system:
        return wanted.get("ansible_host", "")
    own = [address for address in (member, wanted.get("ansible_host")) if address in system["addresses"]]
    return own[0] if own else system["default_address"]


def _docker(host):
    host.repair_packages()
    host.add("docker", host.engine.acts)
    host.compare("docker", "docker")
    if host.engine_service()["active"] and ("docker" in host.stale or host.engine.change):
        # It serves until its turn comes, and gets nothing before.
        host.phases.discard("docker")
        host.phases.add("restart")


def _login(host, registry_seen, site, renewed):
    member = host.wanted["registry_member"]
    # The CA is made by the run itself, so what members must have is read off its host.
    authority = ((registry_seen or {}).get("files", {}).get("/etc/flotilla/ca.crt") or {}).get("text")
    for entry in member.get("files", {}).values():
        entry["text"] = entry["text"] or authority
    host.compare("login", "registry", "registry_member")
    reason = host.seen["login"] or ("its password is new" if renewed else "")
    if reason:
        host.add("login", [Act("registry", f"log in to {site['registry_url']} ({reason})")])


def choose_digests(site, seen, builder):
    """Take the digests of the builder, for the images that it was asked for, and report all other answers.

    A digest decides what runs on every host, so no other host's word counts: whoever owns a worker owns that worker.

    :param seen: by inventory name, what its observation tells
    :param builder: inventory name, ``""`` where no builder could be reached
    :return: dict of image reference to digest, and list of warnings
    """
    asked = {image["reference"] for image in site["images"]}
    answers = {
        name: {reference: digest for reference, digest in host["images"].items() if digest}
        for name, host in seen.items()
    }
    unasked = {
        name: sorted({*answer} - (asked if name in site["builders"] else set())) for name, answer in answers.items()
    }
    warnings = [
        f"{name} answered with digests that it was not asked for ({', '.join(references)}); they are ignored. No part "
        f"of flotilla does that: find out who controls {name}"
        for name, references in unasked.items()
        if references
    ]
    return {reference: digest for reference, digest in answers.get(builder, {}).items() if reference in asked}, warnings


def _is_fresh(registry):
    """Tell whether a registry is to be installed, and so has no image yet, whatever an engine remembers."""
    wanted = registry["wanted"].get("registry_server", {}) if registry else {}
    return not all(registry["seen"]["packages"][name] for name in wanted.get("packages", []))


def _clean_up(plan, keeper, site, kept, old):
    """Take on what is left of releases that are older than those in the record."""
    removals = [
        Act("stack", f"remove {kind[:-1]} {name}, which no release needs") for kind in old for name in old[kind]
    ]
    plan[keeper].add("clean", removals)
    for host in (host for host in plan.values() if host.seen):
        host.old_images = releases.old_images(kept, site["images"], host.seen["local_images"])
        names = [image["names"][0] for image in host.old_images]
        host.add("clean", [Act("stack", f"remove image {name}, which no release needs") for name in names])


def _limit(plan, decision, site, builder):
    """Leave out what is not for this playbook.

    :return: list of problems and list of notes
    """
    if site["scope"] == "site":
        return [], []
    images = site["scope"] == "deploy"
    roles = ("image", "stack") if images else ("stack",)
    unplaced = any(
        label.startswith(stack.VOLUME_PREFIX) for host in plan.values() for label in host.node.get("labels", ())
    )
    asking = {name: plan[name].seen for name in (decision.via, images and builder) if name}
    stored = all(seen["credentials"] for seen in asking.values())
    if decision.initialise or decision.via != decision.keeper or unplaced or not stored:
        return [_not_set_up(site["scope"])], []
    refused = [_login_refused(name, site, seen["login"]) for name, seen in asking.items() if images and seen["login"]]
    if refused:
        return refused, []
    left = {}
    for host in plan.values():
        for act in host.acts:
            if act.role not in roles:
                left.setdefault(f"{act.role}: {act.text}", []).append(host.name)
        host.acts = [act for act in host.acts if act.role in roles]
        host.phases &= {*roles, "pull", "page", "clean", "report", "absent"}
    return [], [f"left to site.yml: {', '.join(names)}: {text}" for text, names in left.items()]


def _not_set_up(scope):
    return Problem(
        code=Code.SITE_NOT_SET_UP,
        where=f"playbooks/{scope}.yml",
        found="a site that is not set up, or not wholly",
        expected="a swarm with its managers, data placed and hosts logged in to the registry",
        fix="Run site.yml",
    )


def _login_refused(name, site, answer):
    return Problem(
        code=Code.REGISTRY_LOGIN,
        where=site["registry_url"],
        hosts=(name,),
        found=f"the answer {answer}",
        expected="a registry that takes the stored login",
        fix="Bring the registry back, or run site.yml, which logs in (playbooks/rollback.yml needs no registry)",
    )
