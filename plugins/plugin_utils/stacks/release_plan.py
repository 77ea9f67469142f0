"""Plan the stack, from the inventory or from a release, and what is left to remove once it runs."""

from __future__ import annotations

from ..hosts.host_state import Act
from ..model.problem import Code, Problem, ProblemError
from . import objects, releases, stack

HELD = (
    "release {number} stays, which went back to {rollback_to}: the inventory still describes what was left then. "
    "Change the stack or the app; or have that release again by its number (playbooks/status.yml lists them): "
    "playbooks/rollback.yml -e stack_release=NUMBER"
)
BACK = "back to release {number} of {at}"
BEGUN = "A deploy that was begun and not recorded is left"
OTHER = "Services are other than in the last release"
STAYS = "site.yml and deploy.yml leave it so until the stack or the app in the inventory is changed"
COMES = "The inventory describes a stack that was not deployed yet: the next site.yml or deploy.yml deploys that"
UNFINISHED = "the rotation of {} to {}, which a run began and did not end, is finished"
MOVE = "stop {} for a moment, since its published ports change"
WAIT = "wait until every service is at its size"


def plan_stack(site, running, digests, excused=(), new_login=False):
    """Plan the stack: what the inventory describes, or in scope ``rollback`` what a release was.

    :param site: see ``plan.make_plan``
    :param running: ``stack`` of a manager's observation, ``{}`` before there is a swarm
    :param digests: dict of image reference to digest, as far as they are known
    :param excused: names of services that are not waited for
    :param new_login: whether services pull with another login than they should, see ``registry.is_new_to_services``
    :return: list of the images to make; the plan's ``stack`` with ``notes`` and ``kept`` (see ``releases.kept_files``);
        list of ``Act``
    :raise ProblemError: the input forbids a plan
    """
    history, record = running.get("releases", []), running.get("record")
    loose = objects.loose_secrets(site["stack"])
    choose = _chosen_release if site["scope"] == "rollback" else _wanted_release
    missing, plan, definition = choose(site, running, digests)
    plan["excused"] = list(excused)
    if site["scope"] != "rollback" and releases.is_held(history, definition, loose):
        if site["stack"]["rotate"]:
            raise ProblemError(_held(**history[-1]))
        plan["notes"] = [HELD.format(**history[-1])]
        definition = plan["text"] = record["file"]
        plan.update(secrets=[], configs=[], release={key: history[-1][key] for key in ("rollback_to", "left")})
    reasons = stack.differences(definition, running or None)
    before = (record or {}).get("file", "")
    acts = [Act("stack", reasons[0], before, definition, site["stack"]["name"])] if reasons else []
    acts += [Act("stack", reason) for reason in reasons[1:]]
    republished = _republished(running)
    acts += [Act("stack", MOVE.format(name)) for name in releases.moved(definition, before, republished)]
    if new_login:
        acts.append(Act("stack", "give its services the new login of the registry"))
    convergence = stack.judge(running.get("services", {}), excused)
    if not acts and not convergence.done:
        acts.append(Act("stack", WAIT))
    plan["page"] = stack.page(definition)
    last = history[-1] if history else {"number": 0, "left": []}
    plan["before"] = {
        "number": last["number"],
        "left": last["left"],
        "mounted": sorted(releases.mounts(running.get("services", {}), "Secret")),
        "republished": republished,
        **(record or {"file": "", "specs": {}}),
    }
    plan["kept"] = releases.kept_files(history, definition)
    plan["old"] = {
        kind: releases.old_objects(
            plan["kept"], running.get(kind, []), running.get("services", {}), plan["secret_objects"]
        )
        for kind in ("secrets", "configs")
    }
    return missing, plan, acts


def _held(number, rollback_to, **_release):
    return Problem(
        code=Code.RELEASE_HELD,
        where="stack_rotate",
        found=f"release {number}, which went back to {rollback_to}, stays, and its secrets with it",
        expected="an inventory that describes another stack than the one that was rolled back",
        fix="Change the stack or the app, and rotate with that deploy",
    )


def _wanted_release(site, running, digests):
    """Make the stack file that the inventory describes."""
    missing = [image for image in site["images"] if not digests.get(image["reference"])]
    secrets, new_secrets = _name_secrets(site, running)
    configs, new_configs = objects.name_configs(site["stack"], running.get("configs", []))
    plan = {
        "text": stack.with_configs(site["stack"]["text"], configs),
        "images": site["images"],
        "variables": stack_variables(site, digests, secrets),
        "secrets": new_secrets,
        "secret_objects": sorted(secrets.values()),
        "configs": new_configs,
        "release": {"rollback_to": 0, "left": []},
        "notes": _unfinished(site, running, secrets),
    }
    return missing, plan, stack.render(plan["text"], plan["variables"])


def _republished(running):
    """List the services whose published ports were changed since the last release."""
    specs = (running.get("record") or {"specs": {}})["specs"]
    return [
        name
        for name, service in running.get("services", {}).items()
        if name in specs and _ports(specs[name]) != _ports(service["spec"])
    ]


def _ports(spec):
    return (spec.get("EndpointSpec") or {}).get("Ports")


def _name_secrets(site, running):
    seen, mounted = running.get("secrets", {}), releases.mounts(running.get("services", {}), "Secret")
    return objects.name_secrets(site["stack"], seen, running.get("record"), site["salt"], mounted)


def _unfinished(site, running, secrets):
    """Name the secrets whose object services mount though the last release has another one."""
    if not running.get("record"):
        return []
    applied = releases.names(running["record"]["file"], "secrets")
    known = {running["secrets"][key]["name"] for key in applied & running["secrets"].keys()}
    new = releases.mounts(running["services"], "Secret") - applied
    values = site["stack"]["values"]
    return [
        UNFINISHED.format(name, key)
        for name, key in secrets.items()
        if key in new and name in known and not values.get(name)
    ]


def _chosen_release(site, running, digests):
    """Take the stack file of a release from the record."""
    history, loose = running.get("releases", []), objects.loose_secrets(site["stack"])
    secrets, _missing = _name_secrets(site, running)
    described = _described(site, running, digests)
    other = bool(running.get("record")) and bool(stack.differences(running["record"]["file"], running))
    begun = described if other and _is_new(described, running, loose) else ""
    # Where it is not known what was begun: one release too few costs a second rollback, one too many may cost data.
    to_last = bool(begun) or (other and not described)
    number = site["stack"]["release"] or (history[-1]["number"] if to_last else 0)
    target = releases.choose(history, number, [*running.get("secrets", {}), *running.get("configs", [])])
    left = releases.left_behind(history, target, loose, begun)
    notes = [BACK.format(**target)] + [BEGUN if begun else OTHER] * to_last
    if described:
        # What the inventory makes after this rollback differs in loose secrets only.
        stays = releases.digest(described, loose) in [*left, releases.digest(target["file"], loose)]
        notes.append(STAYS if stays else COMES)
    plan = {
        "text": target["file"],
        "images": [],
        "variables": {},
        "secrets": [],
        "secret_objects": sorted(secrets.values()),
        "configs": [],
        "release": {"rollback_to": target["number"], "left": left},
        "notes": [". ".join(notes)],
    }
    return [], plan, target["file"]


def _described(site, running, digests):
    """Make the inventory's stack file; ``""`` where it has a fault or images to be made, so that it cannot be known."""
    try:
        missing, _plan, definition = _wanted_release(site, running, digests)
    except ProblemError:
        return ""
    return "" if missing else definition


def _is_new(described, running, loose):
    """Tell whether the inventory describes neither the last release nor what is held.

    Where services are other than in the last release, a deploy of that was begun. Else they were mostly changed by
    hand, or by a rollback that was cut short.
    """
    history, record = running.get("releases", []), running["record"]
    return bool(described) and described != record["file"] and not releases.is_held(history, described, loose)


def stack_variables(site, digests, secrets):
    """Gather the values of a stack file's variables.

    :return: dict: the site's ``stack.environment``, ``X_IMAGE`` for each image (by digest once it is known, else by
        tag) and ``X_SECRET`` for each secret
    """
    objects = {f"{secret.upper()}_SECRET": name for secret, name in secrets.items()}
    return {**site["stack"]["environment"], **image_variables(site["images"], digests), **objects}


def image_variables(images, digests):
    """Name each image for the stack file: by digest once it is known, until then by tag.

    :param images: see ``images.list_images``
    :param digests: dict of reference to digest or ``None``
    :return: dict of ``X_IMAGE`` to reference
    """
    variables = {}
    for image in images:
        repository, tag = image["reference"].rsplit(":", 1)
        digest = digests.get(image["reference"])
        variables[f"{image['name'].upper()}_IMAGE"] = f"{repository}@{digest}" if digest else f"{repository}:{tag}"
    return variables
