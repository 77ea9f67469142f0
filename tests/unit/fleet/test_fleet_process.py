import os
import signal
import subprocess

import pytest

from fleet import process
from fleet.errors import FleetError
from tests.support.wait import wait_until


@pytest.fixture
def sleeper(tmp_path):
    """A background process that works for tmp_path as "worker-1"."""
    process.start(["sleep", "60"], tmp_path, "worker-1", tmp_path / "log")
    yield process.works_for(tmp_path, "worker-1")
    process.end(process.works_for(tmp_path))


def test_processes_are_found_by_folder_and_part(sleeper, tmp_path):
    assert len(process.find(sleeper)) == 1
    assert process.find(process.works_for(tmp_path)) == process.find(sleeper)
    assert not process.find(process.works_for(tmp_path, "worker-2"))
    assert not process.find(process.works_for(tmp_path / "other"))


def test_ended_processes_are_found_no_more(sleeper):
    process.end(sleeper)
    assert process.find(sleeper) == []


def test_others_are_left_alone(sleeper, tmp_path):
    with subprocess.Popen(["sleep", "60"]) as other:
        process.end(process.works_for(tmp_path))
        assert other.poll() is None
        other.kill()


def test_a_process_that_no_longer_fulfils_the_condition_gets_no_signal(sleeper):
    pid = process.find_main(sleeper)
    process.send_signal(pid, lambda pid: False, signal.SIGKILL)
    assert process.is_alive(pid)


def test_main_process_is_the_parent_of_the_others(tmp_path):
    process.start(["sh", "-c", "sleep 60 & wait"], tmp_path, "a", tmp_path / "log")
    works = process.works_for(tmp_path)
    wait_until(lambda: len(process.find(works)) == 2, 5, pause=0.01)
    assert process.parent_of(process.find_main(works)) == os.getpid()
    process.end(works)


def test_stopped_process_is_told_from_a_running_one(sleeper):
    pid = process.find_main(sleeper)
    assert not process.is_stopped(pid)
    process.send_signal(pid, sleeper, signal.SIGSTOP)
    wait_until(lambda: process.is_stopped(pid), 5, pause=0.01)
    assert process.age_of(pid) < 60


def test_failed_command_is_told_in_one_line():
    with pytest.raises(FleetError, match=r"failed with code 3: last$"):
        process.run("sh", "-c", "echo first >&2; echo last >&2; exit 3")
