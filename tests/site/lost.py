"""What engines and the page's tasks did when a request failed, for who reads the test's output."""

from datetime import timedelta

from bench import stack

# An old task drains, finishes and is gone within 30 s of its order to stop.
BEFORE, AFTER = timedelta(seconds=40), timedelta(seconds=10)


def around(fleet, moment):
    """Return the logs around a moment: engines' and kernels', and those of the page's tasks on all nodes.

    :param moment: aware; a host that does not answer tells nothing
    """
    first, last = moment - BEFORE, moment + AFTER
    since, until = (f"@{each.timestamp():.0f}" for each in (first, last))
    journal = f"journalctl --utc --output short-iso --no-pager --quiet --since {since} --until {until}"
    told = [f"Around {moment:%H:%M:%S} UTC:"]
    for host in fleet.addresses:
        lines = fleet.on(host, f"{journal} _TRANSPORT=kernel + _SYSTEMD_UNIT=docker.service", check=False)
        told += [f"  {host}: {line}" for line in lines.splitlines()]
    logs = f"docker service logs --timestamps --since {first:%Y-%m-%dT%H:%M:%SZ} {stack.NAME}_{stack.WEB} 2>&1"
    lines = sorted(fleet.on(fleet.manager, f"timeout 60 {logs}", check=False).splitlines())
    return "\n".join([*told, *(f"  {line}" for line in lines if line < f"{last:%Y-%m-%dT%H:%M:%S}")])
