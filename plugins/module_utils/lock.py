"""The lock that keeps two runs apart: read it, and replace it only if it is still what was read.

Once there is a swarm, the lock is the labels of a config: every manager knows it, and the swarm refuses to replace a
version that is not the newest. Beside it lies a copy in a file of the host that wrote it. The copy alone is the lock
before there is a swarm, after it was left, and while the engine does not answer.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import time

from .engine import EngineError

NAME = "flotilla_lock"
PATH = "/var/lib/flotilla/lock"
PREFIX = "flotilla."


def look(engine=None):
    """Read the lock.

    :param engine: ``Engine`` of a manager, or ``None`` where there is none
    :return: dict with ``version`` (``""`` when there never was a lock) and, else, ``holder``, ``machine``, ``process``
        (``""`` once released), ``since`` and ``renewed`` (seconds since 1970), ``idle`` (seconds since ``renewed``)
    """
    return describe(_config(engine) if engine else None)


def describe(config):
    """Read the lock off the config that is it, as ``GET /configs`` shows it; off the file where there is none.

    :return: see ``look``
    """
    if config:
        labels = config["Spec"].get("Labels") or {}
        record = {key.removeprefix(PREFIX): value for key, value in labels.items() if key.startswith(PREFIX)}
        return _read(record, f"swarm {config['ID']} {config['Version']['Index']}")
    return _look_at_file()


def hold(engine, run, seen):
    """Take the lock, or renew it.

    :param engine: see ``look``
    :param run: dict with ``holder``, ``machine`` and ``process``
    :param seen: ``version`` that the decision to take the lock was made on
    :return: the lock as it is now; it is ours when its ``process`` is ours, else another run was faster
    """
    with _alone():
        now, found, copy = int(time.time()), look(engine), _look_at_file()
        if found.get("process") == run["process"]:
            since = found["since"]
        elif copy.get("process") == run["process"] and found["renewed"] < copy["since"]:
            # Taken while the engine did not answer; nobody wrote to the swarm since.
            since = copy["since"]
        elif found["version"] == seen:
            since = now
        else:
            return found
        return _write(engine, dict(run, since=since, renewed=now))


def release(engine, run):
    """Give the lock back; it stays readable who had it.

    :return: the lock as it is now; it is released when its ``process`` is empty, else another run has it
    """
    with _alone():
        found = look(engine)
        if found.get("process") != run["process"]:
            return found
        return _write(engine, dict(run, process="", since=found["since"], renewed=int(time.time())))


def _write(engine, record):
    if engine:
        labels = {f"{PREFIX}{key}": str(value) for key, value in record.items()}
        config = _config(engine)
        try:
            if config:
                spec = dict(config["Spec"], Labels=labels)
                engine.post(f"/configs/{config['ID']}/update", spec, version=str(config["Version"]["Index"]))
            else:
                data = base64.b64encode(b"held by the labels\n").decode()
                engine.post("/configs/create", {"Name": NAME, "Labels": labels, "Data": data})
        except EngineError as error:
            if error.status == 409 or "out of sequence" in error.message:
                return look(engine)
            raise
    with open(PATH, "w", encoding="utf-8") as stream:
        json.dump(record, stream)
    return look(engine)


def _config(engine):
    try:
        return engine.get(f"/configs/{NAME}")
    except EngineError as error:
        if error.status == 404:
            return None
        raise


def _look_at_file():
    try:
        with open(PATH, encoding="utf-8") as stream:
            text = stream.read()
    except OSError:
        return {"version": ""}
    try:
        record = json.loads(text)
    except ValueError:
        # Cut short by a crash of the host; whoever wrote it has not gone on to act.
        record = {}
    return _read(record, f"file {hashlib.sha256(text.encode()).hexdigest()[:12]}")


def _read(record, version):
    known = {key: str(record.get(key, "")) for key in ("holder", "machine", "process")}
    times = {key: int(record.get(key, 0)) for key in ("since", "renewed")}
    return {"version": version, **known, **times, "idle": max(0, int(time.time()) - times["renewed"])}


@contextlib.contextmanager
def _alone():
    """Let one process of this host at a time read and write."""
    folder = os.path.dirname(PATH)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
