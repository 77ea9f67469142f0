"""The commands of `python -m fleet` and their options."""

import argparse
import os
import signal
import sys
from typing import NoReturn

from . import prerequisites
from .errors import FleetError
from .settings import DEMO

# A command clears up after each of these, also where a script that started it made it ignore them.
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXAMPLES = """\
examples:
  python -m fleet up 3 --publish 4000       three hosts; http://127.0.0.1:4000 leads to them
  python -m fleet status                    what runs, and where the inventory is
  python -m fleet ssh worker-1              a shell on a host
  python -m fleet exec -- curl -s http://10.77.0.11:4000/
  python -m fleet kill worker-1             a power cut
  python -m fleet down                      everything gone, but the base image and the packages
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m fleet",
        description="Full Linux hosts on this machine, for the demo and the tests.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default=DEMO, help="which fleet (default: %(default)s)")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str, of_a_fleet: bool = True) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[named] if of_a_fleet else [])

    add("prerequisites", "print the Debian packages that the fleet needs", of_a_fleet=False)
    add("build", "make the base image unless it is there", of_a_fleet=False)
    up = add("up", "boot a fleet, let it grow, or boot those of its hosts that are off")
    up.add_argument("count", type=int, nargs="?", metavar="N", help="hosts in all")
    up.add_argument("--from", dest="golden", metavar="GOLDEN", help="boot a new fleet from this golden disk instead")
    for option, default, metavar, text in (
        ("--managers", 1, "M", "managers among them"),
        ("--memory", 1536, "MIB", "memory of each new host"),
    ):
        up.add_argument(option, type=int, default=default, metavar=metavar, help=f"{text} (default: {default})")
    up.add_argument(
        "--publish",
        type=port_number,
        action="append",
        default=[],
        metavar="PORT",
        help="let 127.0.0.1:PORT lead to PORT of the hosts; may be given again",
    )
    down = add("down", "end a fleet and remove its disks, network and inventory")
    down.add_argument("--all", action="store_true", help="all fleets of this machine")
    add("status", "show the hosts and the path of the inventory")
    add("inventory", "print the path of the inventory")
    for name, text in (
        ("kill", "cut a host's power"),
        ("stop", "power a host off in order"),
        ("boot", "boot a host that is off"),
        ("freeze", "stop a host's time: it keeps its state and answers nothing"),
        ("thaw", "let a frozen host go on"),
        ("cut", "pull a host's network cable out"),
        ("plug", "plug a host's network cable in again"),
        ("wipe", "replace a host by a fresh one with the same name and address"),
    ):
        add(name, text).add_argument("host", metavar="HOST")
    for name, text in (
        ("snapshot", "keep the disks of all hosts under a label (stops and boots them)"),
        ("restore", "give all hosts the disks of a snapshot"),
    ):
        add(name, text).add_argument("label", metavar="LABEL")
    save = add("save", "keep a fleet's disks as a golden disk for `up --from` (stops and boots the hosts)")
    save.add_argument("golden", metavar="GOLDEN", help="KIND-HASH; of each kind the last one stays")
    ssh = add("ssh", "run a command, or a shell, on a host as its ordinary user; sudo works there")
    ssh.add_argument("host", metavar="HOST")
    ssh.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    inside = add("exec", "run a command of this machine inside the fleet's network")
    inside.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0 if done, 1 if not, 130 if interrupted."""
    options = parser().parse_args(arguments)
    if options.command == "up" and (options.count is None) == (options.golden is None):
        parser().error("up: expected either the number of hosts or --from GOLDEN, such as: python -m fleet up 3")
    for number in INTERRUPTIONS:
        signal.signal(number, interrupt)
    try:
        if options.command == "prerequisites":
            print(*prerequisites.packages())
        else:
            prerequisites.check_machine()
            run(options)
    except (FleetError, OSError) as error:
        print(f"fleet: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fleet: interrupted", file=sys.stderr)
        return 130
    return 0


def port_number(text: str) -> int:
    """Return a TCP port number from the command line.

    :raise argparse.ArgumentTypeError: it is none
    """
    if text.isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is no port: expected a number from 1 to 65535")


def interrupt(_number: int, _frame: object) -> None:
    """Interrupt the command, once: its clearing up is not interrupted again."""
    for number in INTERRUPTIONS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def run(options: argparse.Namespace) -> None:
    """Run a command on this machine, which has what it takes."""
    from . import disks, fleet, image, network, settings

    if options.command == "build":
        prerequisites.check_room(0, 0, 0, settings.home(), with_image=not image.exists())
        print(f"Base image: {image.folder_of(image.ensure())}")
        return
    if options.command == "down" and options.all:
        for each in fleet.all_fleets():
            with settings.locked(f"fleet-{each.name}"):
                each.down()
        return
    one = fleet.Fleet(options.name)
    match options.command:
        # These change nothing and may last long: they take no lock.
        case "status":
            print(one.table())
            return
        case "inventory":
            print(one.inventory)
            return
        case "ssh":
            become([*one.host(one.load(), options.host).ssh_command, *after_dashes(options.words)])
        case "exec":
            one.load()
            become([*network.inside(one.namespace), *after_dashes(options.words)])
    with settings.locked(f"fleet-{one.name}"):
        match options.command:
            case "up" if options.golden:
                one.up_from(options.golden, options.publish)
            case "up":
                one.up(options.count, options.managers, options.memory, options.publish)
            case "down":
                one.down()
            case "save":
                disks.keep_golden(one, options.golden)
            case "snapshot":
                disks.snapshot(one, options.label)
            case "restore":
                disks.restore(one, options.label)
            case "boot":
                one.boot(options.host)
            case "wipe":
                disks.wipe(one, options.host)
            case _:
                host = one.host(one.load(), options.host)
                match options.command:
                    case "kill":
                        host.cut_power()
                    case "stop":
                        host.shut_down()
                    case "freeze":
                        host.freeze()
                    case "thaw":
                        host.thaw()
                    case "cut":
                        network.pull_out(one.namespace, host.name)
                    case "plug":
                        network.plug_in(one.namespace, host.name)


def become(command: list[str]) -> NoReturn:
    """Run a command in place of this process, so that its exit code is passed on."""
    os.execvp(command[0], command)


def after_dashes(words: list[str]) -> list[str]:
    """Return the words of a command without the "--" that may come before it."""
    return words[1:] if words[:1] == ["--"] else words
