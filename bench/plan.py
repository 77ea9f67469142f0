"""Print the CPU seconds of a plan for a converged site of 300 hosts with two stacks: ``python -m bench.plan``.

It needs no host: the observations are simulated, made of those of the unit tests.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HOSTS = 300
# Releases that the record of each stack keeps.
RELEASES = 5


def converged(sites: Any, hosts: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a site with this many hosts, and what was observed of them.

    :param sites: module ``sites`` of the unit tests
    """
    found = sites.converged_site_of_two()  # codespell:ignore converged
    names = [*found, *(f"w{number}" for number in range(3, hosts))]
    manager = found["m1"]["observation"]
    for number, name in enumerate(names[3:], 4):
        address = f"10.0.{number // 250}.{number % 250 + 4}"
        observed = sites.converged(address, f"node-{number}")  # codespell:ignore converged
        observed["pages"]["shop"] = ""
        found[name] = {"desired": sites.desired(address), "observation": observed}
        manager["nodes"].append(sites.node(number, "worker", address=address, hostname=address))
    for stack in manager["stacks"].values():
        file = stack["record"]["file"]
        earlier = [file.replace(":80", f":{80 + number}") for number in range(1, RELEASES)]
        stack["releases"] = [sites.release(number, text) for number, text in enumerate([*earlier, file], 1)]
    site = {**sites.site_of_two(workers=names[1:]), "subnet_size": 22}
    return site, found


def cpu_seconds(function: Callable[[], object]) -> float:
    """Return the CPU seconds that a call takes."""
    begin = time.process_time()
    function()
    return time.process_time() - begin


def main() -> None:
    """Plan, and print what that took."""
    parser = argparse.ArgumentParser(prog="python -m bench.plan", description=__doc__)
    parser.add_argument("--hosts", type=int, default=HOSTS, help="at least 3 (default: %(default)s)")
    hosts = parser.parse_args().hosts
    sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests/unit/plugins")]
    sites = importlib.import_module("sites")
    site, found = converged(sites, hosts)
    planner = sites.planner
    intent, read, observed = sites.Intent(site["intent"]), sites.read_site(site), {}
    reading = cpu_seconds(lambda: observed.update(sites.read_hosts(found)))
    plans = []
    planning = cpu_seconds(lambda: plans.append(planner.make_plan(read, observed, intent)))
    (plan,) = plans
    if plan.problems or plan.has_changes:
        raise SystemExit(f"not converged: {[str(problem) for problem in plan.problems]}")
    print(f"{len(observed)} hosts, {len(read.stacks)} stacks: read {reading:.2f} s, plan {planning:.2f} s of CPU")


if __name__ == "__main__":
    main()
