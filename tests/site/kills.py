"""Runs that are killed in one task after another, each going on where the one before ended."""

import signal


def kill_in_each(fleet, tasks, folder, seconds, *words, playbook="site.yml"):
    """Begin a run for each task and kill it there, up to three seconds after the task began.

    :param tasks: parts of the tasks' names, in the order in which a run comes to them
    :param folder: where what the runs printed is kept, each in a file named by its task
    :param seconds: ``random.Random``, whose seed the test prints
    """
    for task in tasks:
        with fleet.begin(folder / f"{task}.log", *words, playbook=playbook) as killed:
            killed.wait_for(task, 1200)
            killed.interrupt(seconds.uniform(0, 3), signal.SIGKILL)


def assert_put_back(fleet):
    """See that nothing is left of what such runs marked: constraints of services and availability of nodes."""
    spec = "{{.Spec.TaskTemplate.Placement.Constraints}}"
    assert "node.id!=" not in fleet.on(fleet.manager, f"docker service inspect --format '{spec}' hello_web")
    listed = fleet.on(fleet.manager, "docker node ls --format '{{.Status}} {{.Availability}}'")
    assert {*listed.splitlines()} == {"Ready Active"}
