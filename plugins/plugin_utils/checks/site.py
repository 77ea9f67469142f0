"""Check the settings of the whole site against each other, before any host is asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from ..lock import lease
from ..model.problem import Code, Problem, Rule
from ..model.site import Site
from ..stacks.file import VOLUME_PREFIX, parse

# What Swarm takes at the start of a service's name. A dot would also let one stack's records pass for another's.
STACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# Ports of the hosts that stay what they are, see docs/surroundings.md.
RESERVED = {22: "that of ssh", 2377: "the swarm's", 7946: "the swarm's", 4789: "the swarm's"}
LAST_PORT = 65535
REGISTRY_FILE = "inventory/group_vars/all/"


def registry_is_given(site: Site) -> Iterator[Problem]:
    """A site has a registry of its own or an external one."""
    if not site.registry.url.text:
        yield Problem(
            code=Code.SETTING_MISSING,
            where="registry_url",
            found="no address, and no host in group registry",
            expected="one of both",
            fix=f"Set registry_url in {REGISTRY_FILE}, or put a host into group registry",
        )


def registry_url_is_valid(site: Site) -> Iterator[Problem]:
    """The address is one that Docker takes for a registry's."""
    url = site.registry.url
    expected = url.fault(served=bool(site.registry.host))
    if expected:
        example = "docker.io/jane" if url.is_hub else "reg:5000"
        fix = f"Set registry_url in {REGISTRY_FILE}, for example to {example}"
        yield _invalid("registry_url", url.text, expected, fix)


def push_port_is_another(site: Site) -> Iterator[Problem]:
    """The registry that flotilla serves takes images at a port of its own."""
    port = site.registry.push_port
    if site.registry.host and (not 0 < port <= LAST_PORT or port in (*RESERVED, site.registry.url.port)):
        expected = f"a port from 1 to {LAST_PORT} that hosts do not need themselves, and not that of registry_url"
        yield _invalid("registry_push_port", port, expected, f"Set another one in {REGISTRY_FILE}, such as 5001")


def external_registry_has_passwords(site: Site) -> Iterator[Problem]:
    """An external registry has an account that pushes, and perhaps another one that pulls."""
    registry = site.registry
    if registry.host:
        return
    if not registry.push.has_password:
        yield Problem(
            code=Code.SETTING_MISSING,
            where="registry_password",
            found="no password",
            expected=f"that of account {registry.push.name} at {registry.url.text}",
            fix=f"Set registry_password in {REGISTRY_FILE}, encrypted with ansible-vault",
        )
    if registry.pull.has_password == registry.is_shared:
        yield Problem(
            code=Code.SETTING_CONFLICT,
            where="registry_pull_username, registry_pull_password",
            found="one of them without the other, or the name of registry_username",
            expected="both or none, and another account than registry_username",
            fix=f"Set both or remove both in {REGISTRY_FILE}",
        )


def registry_ca_is_a_certificate(site: Site) -> Iterator[Problem]:
    """The CA is given as text."""
    ca = site.registry.ca
    if not site.registry.host and ca and "-----BEGIN CERTIFICATE-----" not in ca:
        expected = "the PEM text of a certificate: -----BEGIN CERTIFICATE-----..."
        fix = "Read a file with \"{{ lookup('ansible.builtin.file', 'ca.pem') }}\""
        yield _invalid("registry_ca_certificate", "a text without a certificate", expected, fix)


def hub_is_trusted_by_the_system(site: Site) -> Iterator[Problem]:
    """An engine reads no CA of a folder for Docker Hub, and never does without a trusted certificate there."""
    registry = site.registry
    for setting, given in (("registry_ca_certificate", bool(registry.ca)), ("registry_insecure", registry.insecure)):
        if registry.url.is_hub and given:
            yield Problem(
                code=Code.SETTING_CONFLICT,
                where=setting,
                found=f"a value beside registry_url {registry.url.text}",
                expected="none: engines use the host's own trust store for Docker Hub",
                fix="Remove it; if a proxy shows a certificate of its own, add its CA to the trust store of the hosts",
            )


def builders_are_members(site: Site) -> Iterator[Problem]:
    """Images are made on a member, whose engine pushes them."""
    for name in site.builders:
        if name not in site.members:
            yield _invalid("image_builder", name, "a host of group swarm", "Name a manager or a worker, or remove it")


def stack_files_are_understood(site: Site) -> Iterator[Problem]:
    """What the files of a stack say, Swarm can do."""
    for stack in site.stacks:
        yield from (site.titled(stack.name, problem) for problem in stack.problems)


def ports_are_free_to_publish(site: Site) -> Iterator[Problem]:
    """No port is published that the hosts themselves need."""
    registry = site.registry
    own = dict.fromkeys((registry.url.port or 0, registry.push_port), "the registry's") if registry.host else {}
    holders = {**RESERVED, **own}
    for stack in site.stacks:
        for service in parse(stack.text).services.values():
            for port in service.published():
                what = holders.get(port, "" if 0 < port <= LAST_PORT else "no port")
                if what:
                    problem = Problem(
                        code=Code.PORT_RESERVED,
                        where=f".files: services.{service.name}.ports",
                        found=f"{port}, which is {what}",
                        expected=f"a port from 1 to {LAST_PORT} that hosts do not need themselves",
                        fix="Publish another port",
                    )
                    yield site.titled(stack.name, problem)


def visited_port_is_published(site: Site) -> Iterator[Problem]:
    """The page that a run visits is one that the stack has."""
    for stack in site.stacks:
        visited = [port for service in parse(stack.text).services.values() for port in service.visited()]
        if stack.port and stack.port not in visited:
            expected = f"a port that it publishes on every node by TCP: {', '.join(map(str, visited)) or 'none'}"
            problem = _invalid(".port", stack.port, expected, "Correct it, or remove it: the first is the default")
            yield site.titled(stack.name, problem)


def images_are_known(site: Site) -> Iterator[Problem]:
    """An image that names no registry is made here, or copied from Docker Hub."""
    known = {image.name for image in site.images}
    for stack in site.stacks:
        for name, place in stack.images.items():
            if name not in known:
                problem = Problem(
                    code=Code.IMAGE_UNKNOWN,
                    where=f".files: {place}",
                    found=name,
                    expected="an image that has a recipe in image_distro_recipes, or a name with its registry",
                    fix="Add a recipe, or let images come from Docker Hub or a mirror of it (image_base: hub)",
                )
                yield site.titled(stack.name, problem)


def images_have_names_of_their_own(site: Site) -> Iterator[Problem]:
    """What stacks build has a repository of its own each."""
    for variable, times in Counter(image.variable for image in site.images).items():
        if times > 1:
            names = " and ".join(image.name for image in site.images if image.variable == variable)
            yield _invalid("stacks", f"several images {names}", "other names", "Rename a stack or a service")


def batch_size_is_valid(site: Site) -> Iterator[Problem]:
    """At least one host is changed at a time, and no more than all workers."""
    if not site.batch.is_valid:
        expected = "a number such as 3, or a share of the workers such as 10%"
        yield _invalid("docker_batch_size", site.batch.text, expected, "Correct it, or remove it: 1 is the default")


def stack_name_is_valid(site: Site) -> Iterator[Problem]:
    """A stack's name begins the names of its services, secrets and configs."""
    for stack in site.stacks:
        if not STACK_NAME.fullmatch(stack.name):
            expected = "letters, digits, - and _, a letter or digit first"
            yield _invalid("stacks", repr(stack.name), expected, "Use, for example, my-shop")


def chosen_stacks_are_there(site: Site) -> Iterator[Problem]:
    """A run is about stacks of the inventory; one that removes some is about others."""
    names = [stack.name for stack in site.stacks]
    for name in site.chosen:
        if name not in names:
            yield _invalid("stack", name, f"one of: {', '.join(names)}", "Correct the name")


def order_of_stacks_is_one(site: Site) -> Iterator[Problem]:
    """A stack comes after others of the inventory, and not after itself."""
    names = {stack.name for stack in site.stacks}
    for stack in site.stacks:
        for name in stack.after:
            if name not in names:
                expected = f"one of: {', '.join(sorted(names - {stack.name})) or 'none'}"
                yield site.titled(stack.name, _invalid(".after", name, expected, "Correct the name, or remove it"))
    try:
        TopologicalSorter({stack.name: stack.after for stack in site.stacks}).prepare()
    except CycleError as error:
        circle = " after ".join(reversed(error.args[1]))
        yield _invalid("stacks", circle, "an order with a first one", "Remove one of these entries of after")


def dumps_are_of_volumes(site: Site) -> Iterator[Problem]:
    """A dump is of a volume that holds a service on one node."""
    for stack in site.stacks:
        file = parse(stack.text)
        for key in stack.dumps if file.services else ():
            if f"{VOLUME_PREFIX}{file.volume_name(stack.name, key)}" not in file.volume_labels:
                expected = "a volume of the stack's files that holds a service on one node"
                problem = _invalid(".backup", key, expected, "Correct the name, or remove it")
                yield site.titled(stack.name, problem)


def stack_timeout_is_within_the_lease(site: Site) -> Iterator[Problem]:
    """A deploy that takes longer than the lock's lease could lose the lock."""
    most = lease.LEASE - lease.MARGIN
    for stack in site.stacks:
        if stack.timeout > most:
            problem = Problem(
                code=Code.SETTING_TOO_LARGE,
                where=".timeout",
                found=str(stack.timeout),
                expected=f"at most {most} (the lock expires {lease.LEASE} s after its last renewal)",
                fix=f"Set it to {most} or less",
            )
            yield site.titled(stack.name, problem)


def environment_is_text(site: Site) -> Iterator[Problem]:
    """A value stands in the file as it was written: of true and 3.10, YAML keeps something else."""
    for stack in site.stacks:
        for name, value in stack.environment.items():
            # A missing value is told of all mappings alike.
            if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
                found = str(value).lower() if isinstance(value, bool | float) else "a list or a mapping"
                problem = _invalid(f".environment.{name}", found, "a text", "Put the value in quotes")
                yield site.titled(stack.name, problem)


def environment_is_used(site: Site) -> Iterator[Problem]:
    """A name that the stack file does not have is mostly a misspelt one."""
    for stack in site.stacks:
        for name in stack.unused:
            problem = Problem(
                code=Code.SETTING_UNUSED,
                where=f".environment.{name}",
                found="a name that none of the stack's files has",
                expected="the name of a variable there, as in ${NAME}",
                fix="Correct it, or remove it",
            )
            yield site.titled(stack.name, problem)


def _invalid(setting: str, found: object, expected: str, fix: str) -> Problem:
    return Problem(code=Code.SETTING_INVALID, where=setting, found=str(found), expected=expected, fix=fix)


RULES = (
    Rule(registry_is_given),
    Rule(push_port_is_another),
    Rule(registry_url_is_valid, after=frozenset({Code.SETTING_MISSING})),
    Rule(external_registry_has_passwords, after=frozenset({Code.SETTING_MISSING})),
    Rule(registry_ca_is_a_certificate),
    Rule(hub_is_trusted_by_the_system),
    Rule(builders_are_members),
    Rule(stack_files_are_understood),
    Rule(images_have_names_of_their_own),
    Rule(batch_size_is_valid),
    Rule(stack_name_is_valid),
    Rule(chosen_stacks_are_there),
    Rule(order_of_stacks_is_one),
    Rule(stack_timeout_is_within_the_lease),
    Rule(dumps_are_of_volumes),
)
# Of a rollback, which needs no more of the registry than its name; images, engines and other stacks stay as they are.
ROLLBACK_RULES = (
    Rule(registry_is_given),
    Rule(registry_url_is_valid, after=frozenset({Code.SETTING_MISSING})),
    Rule(chosen_stacks_are_there),
)
ROLLED_BACK_RULES = (
    Rule(stack_name_is_valid),
    Rule(stack_timeout_is_within_the_lease),
)
# Of a stack that is made of the inventory: a rollback brings back what was made of an earlier one.
DEFINITION_RULES = (
    Rule(environment_is_text),
    Rule(environment_is_used, after=frozenset({Code.STACK_FILE_INVALID})),
    Rule(images_are_known),
    Rule(ports_are_free_to_publish),
    Rule(visited_port_is_published, after=frozenset({Code.STACK_FILE_INVALID})),
)
