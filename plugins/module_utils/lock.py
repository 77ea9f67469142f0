"""The lock that keeps two runs apart: read it, and replace it only if it is still what was read.

Once there is a swarm, the lock is the labels of a config: every manager has it, and the swarm refuses to replace a
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
from collections.abc import Iterator, Mapping

from .engine import Engine, EngineError, Item
from .observation.host import Lock

NAME = "flotilla_lock"
PATH = "/var/lib/flotilla/lock"
PREFIX = "flotilla."


def read(config: Item | None = None) -> Lock:
    """Read the lock off the config that is it, as ``GET /configs`` shows it; off the file where there is none."""
    if config:
        labels = config["Spec"].get("Labels") or {}
        record = {key.removeprefix(PREFIX): value for key, value in labels.items() if key.startswith(PREFIX)}
        return _describe(record, f"swarm {config['ID']} {config['Version']['Index']}")
    try:
        with open(PATH, encoding="utf-8") as stream:
            text = stream.read()
    except OSError:
        return Lock(version="")
    try:
        record = json.loads(text)
    except ValueError:
        # Cut short by a crash of the host; whoever wrote it has not gone on to act.
        record = {}
    return _describe(record, f"file {hashlib.sha256(text.encode()).hexdigest()[:12]}")


def _describe(record: Item, version: str) -> Lock:
    renewed = int(record.get("renewed", 0))
    return Lock(
        version=version,
        holder=str(record.get("holder", "")),
        process=str(record.get("process", "")),
        since=int(record.get("since", 0)),
        renewed=renewed,
        idle=max(0, int(time.time()) - renewed),
    )


def hold(engine: Engine | None, run: Mapping[str, str], observed: str) -> Lock:
    """Take the lock, or renew it.

    :param engine: of a manager, ``None`` where there is none
    :param run: ``holder`` and ``process``
    :param observed: ``version`` that the decision to take the lock was made on
    :return: the lock as it is now; it is ours when its ``process`` is ours, else another run was faster
    """
    with _alone():
        now, config, copy = int(time.time()), _config(engine), read()
        found = read(config)
        if found.process == run["process"]:
            since = found.since
        elif copy.process == run["process"] and found.renewed < copy.since:
            # Taken while the engine did not answer; nobody wrote to the swarm since.
            since = copy.since
        elif found.version == observed:
            since = now
        else:
            return found
        return _write(engine, config, dict(run, since=since, renewed=now))


def release(engine: Engine | None, run: Mapping[str, str]) -> Lock:
    """Give the lock back; it stays readable who had it.

    :return: the lock as it is now; it is released when its ``process`` is empty, else another run has it
    """
    with _alone():
        config = _config(engine)
        found = read(config)
        if found.process != run["process"]:
            return found
        return _write(engine, config, dict(run, process="", since=found.since, renewed=int(time.time())))


def _write(engine: Engine | None, config: Item | None, record: Mapping[str, object]) -> Lock:
    labels = {f"{PREFIX}{key}": str(value) for key, value in record.items()}
    try:
        if engine and config:
            spec, version = dict(config["Spec"], Labels=labels), str(config["Version"]["Index"])
            engine.post(f"/configs/{config['ID']}/update", spec, version=version)
        elif engine:
            data = base64.b64encode(b"held by the labels\n").decode()
            engine.post("/configs/create", {"Name": NAME, "Labels": labels, "Data": data})
    except EngineError as error:
        if error.status == 409 or "out of sequence" in error.message:
            return read(_config(engine))
        raise
    with open(PATH, "w", encoding="utf-8") as stream:
        json.dump(record, stream)
    return read(_config(engine))


def _config(engine: Engine | None) -> Item | None:
    try:
        config: Item | None = engine.get(f"/configs/{NAME}") if engine else None
    except EngineError as error:
        if error.status == 404:
            return None
        raise
    return config


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one process of this host at a time read and write."""
    folder = os.path.dirname(PATH)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
