"""Measure: `python -m bench --help`."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import steps
from .contenders import (
    CONVENTIONAL,
    FLOTILLA,
    RAW,
    ChangedError,
    Contender,
    Sampler,
    ansible_alone,
    converge_bare,
    observe,
    probe,
    run_again,
)
from .hosts import Hosts, fleet
from .job import BenchError, Job, MemorySum
from .results import HEAD, Results, surroundings

RESULTS = Path(__file__).with_name("RESULTS.md")
CONTENDERS = {each.name: each for each in (FLOTILLA, RAW, CONVENTIONAL)}
HOSTS = 3
# Second runs in which a baseline may change something before it is given up.
FORGIVEN = 3


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="times that each begins with bare hosts (default: 2)")
    parser.add_argument(
        "--repeats", type=int, default=3, help="runs where nothing is left to do, after each (default: 3)"
    )
    parser.add_argument("--name", default="bench", help="fleet to boot and to remove (default: %(default)s)")
    parser.add_argument("--no-warm-up", action="store_true", help="take it that packages and wheels are cached")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), help="measure but these")
    parser.add_argument(
        "--fleet", metavar="NAME", help="measure observations and second runs on this fleet, which serves already"
    )
    return parser.parse_args(arguments)


def order(names: Sequence[str], number: int) -> list[Contender]:
    """Return who comes when in a round: every second one backwards, so that none always finds the machine the same."""
    return [CONTENDERS[name] for name in (names if number % 2 == 0 else reversed(names))]


def unchanged_run(contender: Contender, hosts: Hosts, results: Results, sample: Sampler | None = None) -> Job:
    """Run a contender where nothing is left to do; a baseline that changes something is told of, and runs again."""
    for _ in range(FORGIVEN):
        try:
            return run_again(contender, hosts, sample)
        except ChangedError as error:
            if contender is FLOTILLA:
                raise
            results.add(f"{contender.name} again, not measured because it changed", error.tasks, "tasks")
            hosts.close_connections()
    return run_again(contender, hosts, sample)


def measure_again(contender: Contender, hosts: Hosts, repeats: int, results: Results) -> None:
    """Measure runs where nothing is left to do, in turn with the raw probe and, for flotilla, the observation."""
    name = f"{contender.name} again"
    together = MemorySum()
    unchanged_run(contender, hosts, results, together)
    results.add(f"{name}, memory together", together.peak, "MiB")
    for _ in range(repeats):
        hosts.close_connections()
        results.add("raw probe" if contender is FLOTILLA else f"raw probe beside {contender.name}", probe(hosts))
        if contender is FLOTILLA:
            results.add("Ansible alone", ansible_alone(hosts))
            hosts.close_connections()
            job = observe(hosts)
            results.add("observe", job.seconds)
            results.observed.append(steps.steps(job.lines, steps.TASKS, job.seconds))
            hosts.close_connections()
        job = unchanged_run(contender, hosts, results)
        results.add(name, job.seconds)
        results.add(f"{name}, CPU", job.cpu + hosts.close_connections())
        results.add(f"{name}, memory of the largest process", job.largest, "MiB")


def measure_bare(contender: Contender, hosts: Hosts, results: Results) -> None:
    """Measure how long bare hosts take to serve."""
    job, serving = converge_bare(contender, hosts)
    results.add(f"{contender.name} serving", serving)
    results.add(f"{contender.name} serving, and the command has ended", job.seconds)
    results.steps[contender.name].append(steps.steps(job.lines, contender.step, job.seconds))
    if contender is not RAW:
        results.tasks[contender.name].append(steps.steps(job.lines, steps.TASKS, job.seconds))


def bare_hosts(name: str, work: Path) -> Hosts:
    """Boot fresh hosts in the place of those that there may be."""
    fleet("down", "--name", name)
    fleet("up", "--name", name, str(HOSTS))
    return Hosts.find(name, work)


def measure_all(chosen: argparse.Namespace, work: Path) -> tuple[Results, str]:
    """Measure everything on hosts of our own, which are removed whatever happens.

    :return: the results, and a table of what they were measured with
    """
    results = Results()
    try:
        if not chosen.no_warm_up:
            print("Warming up: site.yml fills the caches of packages and wheels", flush=True)
            converge_bare(FLOTILLA, bare_hosts(chosen.name, work))
        for number in range(chosen.rounds):
            for contender in order(chosen.only, number):
                hosts = bare_hosts(chosen.name, work)
                measure_bare(contender, hosts, results)
                if contender is not RAW:
                    measure_again(contender, hosts, chosen.repeats, results)
        return results, surroundings(hosts)
    finally:
        fleet("down", "--name", chosen.name)


def main() -> int:
    """Measure, print the tables, and write them to RESULTS.md if nothing was left out."""
    chosen = options()
    try:
        with tempfile.TemporaryDirectory() as folder:
            if chosen.fleet:
                results = Results()
                hosts = Hosts.find(chosen.fleet, Path(folder))
                measure_again(FLOTILLA, hosts, chosen.repeats, results)
                print(f"\n{results.text()}\n\n{surroundings(hosts)}")
                return 0
            results, with_what = measure_all(chosen, Path(folder))
    except (BenchError, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    text = f"{results.text()}\n\n## Measured with\n\n{with_what}\n"
    print(f"\n{text}")
    if set(chosen.only) == set(CONTENDERS):
        RESULTS.write_text(f"{HEAD}\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
