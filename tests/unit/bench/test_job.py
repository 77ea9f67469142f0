"""A job's figures are its own: real processes are measured."""

import os
import sys
from pathlib import Path

import pytest

from bench.job import BenchError, MemorySum, cpu_of, run

HERE = Path(__file__).parent
# More than this process itself has, which counts until the command begins.
HOLD = "held = bytearray(512 * 2**20)"


def python(code, sample=None):
    return run([sys.executable, "-c", code], HERE, dict(os.environ), sample)


def test_what_was_printed_comes_with_its_moment():
    job = python("import sys; print('one', flush=True); print('two', file=sys.stderr)")
    assert [text for _, text in job.lines] == ["one", "two"]
    moments = [moment for moment, _ in job.lines]
    assert 0 < moments[0] <= moments[1] <= job.seconds


def test_a_failure_says_what_was_printed():
    with pytest.raises(BenchError, match=r"ended with 3:\nwhy"):
        python("print('why'); raise SystemExit(3)")


def test_cpu_is_that_of_children_too_and_of_no_earlier_job():
    burn = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    assert python(child).cpu > 0.5
    assert python("pass").cpu < 0.5


def test_largest_is_one_process_and_together_is_all():
    child = f"import time; {HOLD}; time.sleep(1)"
    two = f"import subprocess, sys; {HOLD}; subprocess.run([sys.executable, '-c', {child!r}])"
    together = MemorySum()
    job = python(two, together)
    assert 512 < job.largest < 1024 < together.peak


def test_a_process_that_has_ended_used_nothing():
    assert cpu_of(2**22 + 1) == 0
    assert cpu_of(os.getpid()) > 0
