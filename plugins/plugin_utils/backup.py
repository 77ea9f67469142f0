"""Decide what a backup holds of a stack's releases, where the stack's data is, and what a restore brings back.

A release is its stack file, and names secrets by their objects. The swarm tells nobody a secret's value, and a backup
must not either. So an object comes back under its old name: with the inventory's value where that is still the one that
its name was made of, or with a new value where the old one was generated.
"""

from __future__ import annotations

from ..module_utils.releases import AT_LABEL, VERSION_LABEL
from . import objects, stack

DATA = f"{stack.VOLUME_PREFIX}redis"


class BackupError(ValueError):
    """A backup or restore that cannot be done; the message says how it can."""


def place(observed):
    """Find the host that speaks for the swarm and the one that has Redis' data.

    :param observed: dict of inventory name to the result of ``flotilla.swarm.observe``; without ``seen`` where a host
        could not be reached
    :return: dict with ``manager`` and ``data``, inventory names
    :raise BackupError: one of them is not there
    """
    seen = {name: answer["seen"] for name, answer in observed.items() if "seen" in answer}
    speaking = [name for name, found in seen.items() if found.get("stack", {}).get("services")]
    if not speaking:
        raise BackupError("no host that was reached speaks for a swarm with the stack; run site.yml first")
    holders = {node["id"] for node in seen[speaking[0]]["nodes"] if node["labels"].get(DATA) == "true"}
    found = [name for name, host in seen.items() if host["swarm"]["node_id"] in holders]
    if not found:
        raise BackupError(
            f"no host that was reached is the node that has the data (label {DATA}); bring it back, or run site.yml, "
            "which says what is missing"
        )
    return {"manager": speaking[0], "data": found[0]}


def record(configs, name, secrets):
    """Put a stack's releases, configs and the names of its secrets' objects into one structure.

    :param configs: the stack's configs as ``docker config inspect`` tells them
    :param name: the stack's name
    :param secrets: ``secrets`` of a manager's observation
    :return: dict, JSON all through
    """
    kept = []
    for config in configs:
        labels = dict(config["Spec"]["Labels"])
        if VERSION_LABEL in labels:
            labels.setdefault(AT_LABEL, f"{config['CreatedAt'][:19]}Z")
        kept.append({"name": config["Spec"]["Name"], "labels": labels, "data": config["Spec"]["Data"]})
    kept.sort(key=lambda config: (_number(config), config["name"]))
    named = {key: {"name": entry["name"], "salt": entry["salt"]} for key, entry in secrets.items()}
    return {"stack": name, "configs": kept, "secrets": named}


def missing(saved, seen, name, values):
    """Say what a swarm lacks of a backup.

    The releases of a swarm that has gone on since then are left as they are. Those of one that began anew are replaced.

    :param saved: see ``record``
    :param seen: ``stack`` of a manager's observation
    :param name: the stack's name
    :param values: the inventory's values of secrets, by name
    :return: dict with ``remove`` (names of configs), ``configs`` (as in ``saved``) and ``secrets`` (as in
        ``objects.name_secrets``)
    :raise BackupError: it is a backup of another stack
    """
    if saved["stack"] != name:
        raise BackupError(f"backup_from: found a backup of stack {saved['stack']}, wanted is one of {name}")
    releases = {_number(config): config for config in saved["configs"] if VERSION_LABEL in config["labels"]}
    anew = _began_anew(seen["releases"], releases)
    newest = seen["releases"][-1]["number"] if seen["releases"] and not anew else 0
    others = [config for config in saved["configs"] if VERSION_LABEL not in config["labels"]]
    return {
        "remove": [f"flotilla_{name}.release_v{release['number']}" for release in seen["releases"]] if anew else [],
        "configs": [
            *(config for number, config in releases.items() if number > newest),
            *(config for config in others if config["name"] not in seen["configs"]),
        ],
        "secrets": [
            {"name": entry["name"], "object": key, "salt": entry["salt"]}
            for key, entry in saved["secrets"].items()
            if key not in seen["secret_names"] and _has_value(key, entry, values)
        ],
    }


def _number(config):
    return int(config["labels"].get(VERSION_LABEL, 0))


def _began_anew(now, saved):
    """Tell whether a swarm's releases are neither those of the backup nor have gone on from there."""
    same = [one for one in now if one["number"] in saved and saved[one["number"]]["labels"][AT_LABEL] == one["at"]]
    return bool(saved and now) and not same and now[-1]["number"] <= max(saved)


def _has_value(key, entry, values):
    """Tell whether a value can be had that goes with an object's name."""
    value = values.get(entry["name"])
    return bool(value and objects.is_of(key, value, entry["salt"])) if entry["salt"] else entry["name"] in values
