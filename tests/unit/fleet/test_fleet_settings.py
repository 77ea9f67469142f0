import subprocess
import sys

import pytest

from fleet import settings
from fleet.errors import FleetError


def test_home_is_machine_wide_unless_overridden(monkeypatch):
    monkeypatch.delenv("FLOTILLA_FLEET_HOME", raising=False)
    assert str(settings.home()) == "/var/lib/flotilla-fleet"
    monkeypatch.setenv("FLOTILLA_FLEET_HOME", "/srv/fleets")
    assert str(settings.home()) == "/srv/fleets"


@pytest.mark.parametrize("folder", ["/srv/my fleets", "/srv/a,b", "/srv/" + "x" * 40])
def test_home_that_a_kernel_command_line_cannot_hold_is_refused(monkeypatch, folder):
    monkeypatch.setenv("FLOTILLA_FLEET_HOME", folder)
    with pytest.raises(FleetError, match="run: export FLOTILLA_FLEET_HOME="):
        settings.home()


@pytest.mark.parametrize("name", ["demo", "a", "test-2"])
def test_names_that_fit_are_taken(name):
    assert settings.check_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "Demo", "a/b", "..", "a b", "x" * 25])
def test_other_names_are_refused(name):
    with pytest.raises(FleetError, match="expected 1 to 24"):
        settings.check_name(name)


def test_lock_keeps_another_command_waiting(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(settings, "home", lambda: tmp_path)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX);"
            "print('held', flush=True); time.sleep(0.3)",
            str(lock_file(tmp_path)),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"
    with settings.locked("fleet-demo"):
        assert holder.wait(timeout=1) == 0
    assert capsys.readouterr().out == "Waiting for another command that works on fleet-demo\n"


def lock_file(home):
    (home / "locks").mkdir()
    return home / "locks" / "fleet-demo"
