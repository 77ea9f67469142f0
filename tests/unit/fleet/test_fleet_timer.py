"""A guest that asks again and again for a timer that is not set gets the timer's signal."""

import os
import subprocess
import sys

import pytest

from fleet.image import BASE

ASK = """
import ctypes, signal, sys
libc = ctypes.CDLL(None)
came = []
signal.signal(signal.SIGALRM, lambda *_: came.append(1))
timer, value = ctypes.c_void_p(), (ctypes.c_long * 4)()
assert libc.timer_create(1, None, ctypes.byref(timer)) == 0
hour = (ctypes.c_long * 4)(0, 0, 3600, 0)
if sys.argv[1] == "set":
    assert libc.timer_settime(timer, 0, hour, None) == 0
for _ in range(int(sys.argv[2])):
    assert libc.timer_gettime(timer, value) == 0
print(len(came))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "preload.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", path, BASE / "timer.c"], check=True)
    return path


@pytest.mark.parametrize(
    ("timer", "questions", "signals"), [("unset", 999, 0), ("unset", 1000, 1), ("unset", 2000, 2), ("set", 2000, 0)]
)
def test_timer_that_stays_unset_is_signalled(library, timer, questions, signals):
    command = [sys.executable, "-c", ASK, timer, str(questions)]
    done = subprocess.run(command, env={**os.environ, "LD_PRELOAD": str(library)}, capture_output=True, check=True)
    assert int(done.stdout) == signals
