"""Who may take the lock, and what is said of it."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sites
import yaml
from ansible_collections.flotilla.swarm.plugins.module_utils import lock as store
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import EngineError
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.host import Lock
from ansible_collections.flotilla.swarm.plugins.plugin_utils.lock import lease, process
from ansible_collections.flotilla.swarm.plugins.plugin_utils.lock.process import Run
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import Code, Problem

from tests.support.problems import told

ME = {"holder": "ann@desk, process 7", "process": "desk 7 100"}
OTHER = {"holder": "bob@hut, process 8", "process": "hut 8 200"}


def held(run, idle=10, **changes):
    times = {"since": 1_700_000_000, "renewed": 1_700_000_100, "idle": idle}
    return {"version": "swarm c 5", **run, **times, **changes}


def judge(found, running=True, take=False):
    return lease.judge(decode(Lock, found, "lock"), Run(**ME), take, lambda _process: running)


def lost(found):
    return lease.lost(decode(Lock, found, "lock"), Run(**ME))


@pytest.mark.parametrize("found", [{"version": ""}, held(OTHER, process=""), held(ME)])
def test_missing_released_and_own_locks_are_free(found):
    assert judge(found) == ""


def test_living_run_elsewhere_is_named_with_its_times():
    problem = judge(held(OTHER))
    assert problem.code is Code.SITE_LOCKED
    assert "bob@hut, process 8 (since 2023-11-14 22:13:20 UTC), last sign of it 10 s ago" in problem.found
    assert "-e preflight_take_lock=true" in problem.fix


def test_lease_of_a_run_elsewhere_ends():
    assert isinstance(judge(held(OTHER, idle=lease.LEASE)), Problem)
    assert judge(held(OTHER, idle=lease.LEASE + 1)).endswith("is free: not renewed for 30 min.")


def test_process_on_this_machine_is_asked_and_its_lease_is_not():
    neighbour = held(dict(OTHER, process="desk 8 200"), idle=10**6)
    assert "still running on this machine" in judge(neighbour, running=True).found
    assert judge(neighbour, running=False).endswith("is free: that process is gone.")


def test_machine_that_tells_no_start_is_never_this_one():
    unknown = decode(Lock, held(dict(OTHER, process="desk 8 ")), "lock")
    assert isinstance(lease.judge(unknown, Run(**dict(ME, process="desk 7 ")), False, lambda _process: False), Problem)


def test_user_may_take_the_lock():
    assert "preflight_take_lock" in judge(held(OTHER), take=True)


def choose(*locks):
    """Versions of the locks that count of those that hosts answered with."""
    answers = [read_observed("m1", {**sites.bare("10.0.0.1"), "lock": lock}) for lock in locks]
    return [lock.version for lock in lease.choose(answers)]


def test_lock_of_the_swarm_counts_before_files():
    file, swarm = held(OTHER, version="file x"), held(ME)
    none = {"version": ""}
    assert choose(file, swarm, swarm, none) == [swarm["version"]]
    assert choose(file, none) == [file["version"]]


def test_lost_lock_names_who_was_faster():
    assert lost(held(ME)) is None
    assert "bob@hut, process 8" in lost(held(OTHER)).found
    assert "2023-11-14 22:15:00 UTC" in lost(held(OTHER, process="")).found
    assert told([lost({"version": ""})]) == ["lock-lost: this site"]


def test_running_process_is_told_from_a_gone_one():
    run = process.identify(os.getpid())
    assert process.is_running(run.process)
    assert f"process {os.getpid()}" in run.holder
    assert not process.is_running(run.process + "1")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        other = process.identify(child.pid).process
        assert process.is_running(other)
    assert not process.is_running(other)


class Swarm:
    """The engine's configs, with the swarm's rule: only the newest version may be replaced."""

    def __init__(self):
        self.config = None
        self.refuse = False

    def get(self, _path):
        if not self.config:
            raise EngineError(404, "config flotilla_lock not found")
        return self.config

    def post(self, path, spec, version=None):
        if path == "/configs/create":
            if self.refuse:
                raise EngineError(409, "name conflict")
            self.config = {"ID": "c", "Version": {"Index": 1}, "Spec": spec}
            return
        if self.refuse or version != str(self.config["Version"]["Index"]):
            raise EngineError(500, "rpc error: code = Unknown desc = update out of sequence")
        self.config = {"ID": "c", "Version": {"Index": int(version) + 1}, "Spec": spec}


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "PATH", str(tmp_path / "lib" / "lock"))
    return tmp_path / "lib" / "lock"


@pytest.mark.parametrize("engine", [None, Swarm()])
def test_lock_is_taken_renewed_released_and_taken_by_the_next(path, engine):
    assert store.read(engine and engine.config) == Lock(version="")
    taken = store.hold(engine, ME, "")
    assert taken.process == ME["process"]
    renewed = store.hold(engine, ME, "")
    assert (renewed.process, renewed.since) == (ME["process"], taken.since)
    released = store.release(engine, ME)
    assert (released.process, released.holder) == ("", ME["holder"])
    assert store.hold(engine, OTHER, released.version).process == OTHER["process"]
    assert store.release(engine, ME).process == OTHER["process"]
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("engine", [None, Swarm()])
def test_lock_that_changed_since_it_was_observed_is_not_taken(path, engine):
    observed = store.read(engine and engine.config).version
    store.hold(engine, OTHER, observed)
    assert store.hold(engine, ME, observed).process == OTHER["process"]
    store.release(engine, OTHER)
    assert store.hold(engine, ME, observed).process == ""


def test_race_between_two_managers_has_one_winner(path):
    swarm = Swarm()
    swarm.refuse = True
    assert store.hold(swarm, ME, "") == Lock(version="")
    swarm.refuse = False
    observed = store.hold(swarm, OTHER, "").version
    swarm.refuse = True
    assert store.hold(swarm, ME, observed).process == OTHER["process"]


def test_lock_follows_its_run_into_a_new_swarm_and_out_of_an_old_one(path):
    swarm = Swarm()
    store.hold(None, ME, "")
    assert store.hold(swarm, ME, "").version == "swarm c 1"
    assert store.release(None, ME).process == ""


def test_lock_taken_while_the_engine_was_stopped_goes_on_when_it_runs(path, monkeypatch):
    swarm = Swarm()
    monkeypatch.setattr(store.time, "time", lambda: 1000)
    store.hold(swarm, OTHER, "")
    store.release(swarm, OTHER)
    monkeypatch.setattr(store.time, "time", lambda: 2000)
    assert store.hold(None, ME, store.read().version).process == ME["process"]
    assert store.hold(swarm, ME, "whatever").process == ME["process"]


def test_lock_taken_in_the_swarm_meanwhile_wins(path, monkeypatch):
    swarm = Swarm()
    monkeypatch.setattr(store.time, "time", lambda: 1000)
    store.hold(None, ME, "")
    monkeypatch.setattr(store.time, "time", lambda: 2000)
    other_host = path.with_name("other")
    monkeypatch.setattr(store, "PATH", str(other_host))
    store.hold(swarm, OTHER, "")
    monkeypatch.setattr(store, "PATH", str(path))
    assert store.hold(swarm, ME, "").process == OTHER["process"]


def test_broken_file_is_no_lock_but_a_version(path):
    path.parent.mkdir()
    path.write_text("{")
    found = store.read()
    assert found.process == ""
    assert store.hold(None, ME, found.version).process == ME["process"]


def test_child_names_the_process_that_began_it(tmp_path):
    def write():
        (tmp_path / "pid").write_text(process.identify().holder)

    child = multiprocessing.get_context("fork").Process(target=write)
    child.start()
    child.join()
    assert (tmp_path / "pid").read_text().endswith(f"process {os.getpid()}")


@pytest.mark.parametrize("state", ["held", "released"])
def test_check_mode_takes_no_lock(tmp_path, state):
    """Nothing answers here that could be asked for a lock."""
    task = {"flotilla.swarm.lock": {"state": state, "observation": held(OTHER)}}
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    command = [Path(sys.executable).with_name("ansible-playbook"), path, "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
