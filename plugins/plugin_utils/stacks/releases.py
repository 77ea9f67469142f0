"""Decide about releases: which one to go back to, what keeps one from being deployed, and what old ones leave behind.

A release is a deploy that converged. Its record in the swarm holds the stack file as applied, which names images by
digest, and configs and secrets by their objects; so the file is all that is needed to have the release again.
"""

from __future__ import annotations

import hashlib
import re

import yaml

from ..model.problem import Code, Problem, ProblemError

# Releases that the swarm's record keeps, and with them their images, configs and secrets.
KEPT = 5
# By the name of a secret in the stack file: where its value from before a rotation goes, see `steps`.
PREVIOUS = "_previous"
# The label by which a service learns whether it may begin without data, see `steps`.
DATA_LABEL = "flotilla.data"
# By the name of a secret's object: what tells its values apart, see ``objects``.
DIGITS = re.compile(r"_[0-9a-f]{12}$")


def digest(file, loose=()):
    """Digest a stack file as applied.

    :param loose: secrets of it whose object is of no account, see ``objects.loose_secrets``
    """
    content = yaml.safe_load(file)
    for name, secret in (content.get("secrets") or {}).items():
        if name in loose:
            secret["name"] = ""
    return hashlib.sha256(yaml.safe_dump(content, sort_keys=False).encode()).hexdigest()


def choose(history, number, objects):
    """Find the release to go back to.

    The previous one is older than what runs now and differs from it. After a rollback that means older than the release
    that was rolled back to, so that asking again goes further back and never to what was left.

    :param history: ``releases`` of a manager's observation, oldest first
    :param number: number of the release, ``0`` for the previous one
    :param objects: names of the configs and secrets that the swarm has
    :return: the release
    :raise ProblemError: there is none, or it needs a config or secret that is gone
    """
    if not history:
        raise _unknown("no record of a release in the swarm", "at least one", "Deploy one with site.yml")
    now = history[-1]
    known = ", ".join(str(release["number"]) for release in history)
    if number:
        found = [release for release in history if release["number"] == number]
        wanted = f"release {number}"
    else:
        before = now["rollback_to"] or now["number"]
        found = [release for release in history if release["number"] < before and release["file"] != now["file"]]
        wanted = f"release before {before} that differs from it"
    if not found:
        raise _unknown(f"no {wanted}", f"one of {known}", "Name one with -e stack_release=N")
    missing = sorted(names(found[-1]["file"], "secrets", "configs") - set(objects))
    if missing:
        raise ProblemError(
            Problem(
                code=Code.RELEASE_INCOMPLETE,
                where="stack_release",
                found=f"release {found[-1]['number']}, which needs {', '.join(missing)}",
                expected="a release whose secrets and configs the swarm still has",
                fix=f"Name another of {known} with -e stack_release=N",
            )
        )
    return found[-1]


def _unknown(found, expected, fix):
    return ProblemError(
        Problem(code=Code.RELEASE_UNKNOWN, where="stack_release", found=found, expected=expected, fix=fix)
    )


def left_behind(history, target, loose, begun=""):
    """List the digests of the files that a rollback leaves: what runs now, and what earlier rollbacks left.

    Going back across a rotation changes which object the inventory's stack file names for a generated secret. It is
    still what was left, so the digests take no account of that.

    :param target: the release that is gone back to
    :param loose: see ``digest``
    :param begun: stack file of a deploy that was begun and not recorded, so that it runs in part
    """
    now = history[-1]
    left = dict.fromkeys([*now["left"], *(digest(file, loose) for file in (now["file"], begun) if file)])
    return [one for one in left if one != digest(target["file"], loose)]


def is_held(history, definition, loose):
    """Tell whether a stack file is one that was rolled back from, and so must not come back by itself."""
    return bool(history) and digest(definition, loose) in history[-1]["left"]


def steps(definition, before, anew=(), mounted=(), republished=()):
    """List the stack files to apply one after another, the wanted one last.

    A service with the label ``flotilla.data`` begins without data only while that is ``new``. For a service that may
    begin anew it is so in the first step; the second one, which restarts nothing, ends that.

    While a secret is rotated, tasks with the new and with the old value run side by side. A stack file that mounts
    ``X_previous`` beside secret ``X`` says that its service takes both values: a first step then mounts the old value
    there, and only when every task has the new one a second step takes it away. At other times nothing is mounted
    there: ``docker stack deploy`` puts two mounts of one object in an order of chance, and so would restart the
    service's tasks at every other deploy.

    A service whose published ports change is stopped by the first step: while tasks with the old and the new ports run
    side by side, nodes fail to set the new ones up, and in the end neither port answers
    (https://github.com/moby/moby/pull/51657).

    :param definition: rendered stack file
    :param before: the one that is applied now, ``""`` when there is none
    :param anew: names of services that may begin without data
    :param mounted: names of the secrets' objects that services mount now; after a deploy that did not end they are
        others than those of ``before``
    :param republished: names of services whose ports are others now than in ``before``
    :return: list of str, one or two
    """
    first = yaml.safe_load(definition)
    old = (yaml.safe_load(before) or {}).get("secrets") or {}
    for name in moved(definition, before, republished):
        first["services"][name].setdefault("deploy", {})["replicas"] = 0
    secrets = first.get("secrets") or {}
    for name in secrets:
        previous = f"{name}{PREVIOUS}"
        if previous in secrets:
            values = [old.get(name, secrets[name]), *_values_of(secrets[name], mounted)]
            secrets[previous] = next((value for value in values if value != secrets[name]), secrets[previous])
    for name in anew:
        labels = (first["services"][name].get("deploy") or {}).get("labels") or {}
        if DATA_LABEL in labels:
            labels[DATA_LABEL] = "new"
    files = [] if first == yaml.safe_load(definition) else [yaml.safe_dump(first, sort_keys=False)]
    return [_without_idle(file) for file in [*files, definition]]


def moved(definition, before, republished=()):
    """List the services whose published ports change, and that can be stopped by their number of replicas.

    :param definition: rendered stack file
    :param before: see ``steps``
    :param republished: see ``steps``
    :return: list of names
    """
    old = (yaml.safe_load(before) or {}).get("services", {})
    return [
        name
        for name, service in yaml.safe_load(definition)["services"].items()
        if (name in republished or (name in old and old[name].get("ports") != service.get("ports")))
        and (service.get("deploy") or {}).get("mode", "replicated") == "replicated"
    ]


def _values_of(secret, mounted):
    """List the values of a secret that are mounted, as entries of a stack file."""
    own = DIGITS.sub("", secret["name"])
    return [{**secret, "name": key} for key in mounted if DIGITS.sub("", key) == own]


def _without_idle(file):
    """Leave each ``X_previous`` out of a stack file that is the same as ``X``."""
    content = yaml.safe_load(file)
    secrets = content.get("secrets") or {}
    idle = [f"{name}{PREVIOUS}" for name in secrets if secrets.get(f"{name}{PREVIOUS}") == secrets[name]]
    for name in idle:
        del secrets[name]
    for service in (content.get("services") or {}).values():
        mounts = service.get("secrets") or []
        mounts[:] = [mount for mount in mounts if (mount["source"] if isinstance(mount, dict) else mount) not in idle]
    return yaml.safe_dump(content, sort_keys=False)


def names(file, *kinds):
    """Collect the swarm's names of objects in a stack file.

    :param kinds: ``secrets``, ``configs``
    :return: set of str
    """
    content = yaml.safe_load(file)
    return {
        entry["name"]
        for kind in kinds
        for entry in (content.get(kind) or {}).values()
        if isinstance(entry, dict) and "name" in entry
    }


def images(file):
    """Collect the images that a stack file names."""
    return {service.get("image", "") for service in yaml.safe_load(file)["services"].values()}


def kept_files(history, definition):
    """List the stack files whose images, configs and secrets stay once a definition runs."""
    files = [release["file"] for release in history]
    if not files or files[-1] != definition:
        files.append(definition)
    return files[-KEPT:]


def old_objects(kept, objects, services, wanted):
    """Find flotilla's configs and secrets that nothing needs any more.

    :param kept: see ``kept_files``
    :param objects: names of the stack's configs or secrets that flotilla made
    :param services: ``services`` of a manager's observation
    :param wanted: names of those that stay though no stack file names them
    :return: sorted list of str
    """
    needed = set(wanted).union(
        *(names(file, "secrets", "configs") for file in kept), mounts(services, "Secret", "Config")
    )
    return sorted(set(objects) - needed)


def mounts(services, *kinds):
    """Collect the names of the objects that services mount.

    :param services: ``services`` of a manager's observation
    :param kinds: ``Secret``, ``Config``
    :return: set of str
    """
    containers = [service["spec"].get("TaskTemplate", {}).get("ContainerSpec", {}) for service in services.values()]
    return {
        entry[f"{kind}Name"] for container in containers for kind in kinds for entry in container.get(f"{kind}s") or []
    }


def old_images(kept, site_images, local):
    """Find a host's images that flotilla made for releases that are gone.

    :param kept: see ``kept_files``
    :param site_images: see ``images.list_images``
    :param local: ``local_images`` of the host's observation
    :return: list of them
    """
    needed = {image["reference"] for image in site_images}.union(*map(images, kept))
    repositories = {image["reference"].rsplit(":", 1)[0] for image in site_images}
    return [
        image
        for image in local
        if not image["used"]
        and not needed & set(image["names"])
        and all(_repository(name) in repositories for name in image["names"])
    ]


def _repository(name):
    """Take ``host:port/path`` from ``host:port/path@digest`` or ``host:port/path:tag``."""
    return name.split("@")[0] if "@" in name else name.rsplit(":", 1)[0]
