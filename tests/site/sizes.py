"""Sizes of services beside what a test does to their hosts."""

import contextlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from bench import stack
from tests.support.fleet import quote
from tests.support.runs import REPOSITORY

# Seconds between two questions, and those that a manager has to answer: one that is away is passed over.
PAUSE = 3
PATIENCE = 20


@contextlib.contextmanager
def full_size(fleet):
    """Ask managers all the time how many tasks run of each service that starts a new task first.

    None may have less than its size. The others, such as one with a volume, stop once, as the plan says.
    """
    least, asked, ended = {}, [], threading.Event()

    def ask():
        while not ended.wait(PAUSE):
            found = _running(fleet)
            asked.append(bool(found))
            for name, running in found.items():
                if running < least.get(name, running + 1):
                    least[name] = running
                    print(f"{datetime.now(UTC):%H:%M:%S} {running} tasks of {name} run, no fewer did before")

    with ThreadPoolExecutor(max_workers=1) as pool:
        asking = pool.submit(ask)
        try:
            yield
        finally:
            ended.set()
    asking.result()  # an error of its own fails the test, too
    print(f"least running, of {sum(asked)} answers to {len(asked)} questions: {least}")
    sizes = {name: size for name, size in stack.sizes(len(fleet.addresses)).items() if _starts_first(name)}
    assert sizes
    assert {name: least[name] for name in sizes if least[name] < sizes[name]} == {}


def _starts_first(name):
    return stack.SERVICES[name].get("deploy", {}).get("update_config", {}).get("order") == "start-first"


def _running(fleet):
    """Return the running tasks by service, as the first manager tells that answers."""
    ask = f"sudo sh -c {quote("docker service ls --format '{{.Name}} {{.Replicas}}'")}"
    for manager in fleet.managers:
        command = [sys.executable, "-m", "fleet", "ssh", "--name", fleet.name, manager, ask]
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
            rows = [line.split() for line in done.stdout.splitlines()]
            if done.returncode == 0 and rows:
                return {row[0].removeprefix(f"{stack.NAME}_"): int(row[1].split("/")[0]) for row in rows}
    return {}
