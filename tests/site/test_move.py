"""A volume moves to another host and back while visits are counted, whatever is killed meanwhile."""

import re
import signal

import pytest
from test_data import counted, holder
from visits import visiting

from bench import stack

pytestmark = pytest.mark.long

VOLUME = f"{stack.NAME}_redis-data"
PLAYBOOK = "playbooks/move.yml"
# By what a killed run was at: a task of each step, whose name is printed with what it was the first to do. Each kill
# begins with what the one before it left. Labels change one node at a time: the last is between two of them.
STEPS = {
    "the note": "Note on the node where the volumes go]",
    "the stop": "Wait until they have stopped]",
    "the archive": "Fetch it]",
    "the copy": "Unpack it]",
    "the place": "Bring the new name to the disk]",
    "the pin": "Change labels of nodes]",
}
# On the way back, with the old copy there in the way.
STEPS_BACK = {
    "the room": "Remove volume | Remove the volume]",
    "the start": "Start services | Start them]",
    "the removal": "Remove copies | Remove the volumes]",
}


def asked(to, *words):
    return ("-e", f"volume={VOLUME}", "-e", f"to={to}", *words)


def other(fleet, *hosts):
    return next(name for name in reversed(fleet.addresses) if name not in hosts)


def has_data(fleet, host):
    return "appendonlydir" in fleet.on(host, f"ls /var/lib/docker/volumes/{VOLUME}/_data || :")


def notes(fleet):
    """The labels that moves have left, by node."""
    shown = fleet.on(
        fleet.manager, "docker node inspect -f '{{.Description.Hostname}} {{json .Spec.Labels}}' $(docker node ls -q)"
    )
    return {line.split()[0] for line in shown.splitlines() if "flotilla.mov" in line}


def stopped_at(fleet):
    """When Redis was changed last, which a stop is."""
    return fleet.inspect(fleet.manager, "redis", "{{.UpdatedAt}}")


def is_whole(fleet, to, counts):
    """The data is there, no visit that was shown is lost, and a run has nothing to do."""
    assert holder(fleet) == to
    assert counts == sorted(set(counts))
    fleet.assert_serving()
    fleet.play().unchanged()


def killed(fleet, log, text, to, *words):
    with fleet.begin(log, *asked(to, *words), playbook=PLAYBOOK) as run:
        run.wait_for(text)
        run.signal(signal.SIGKILL)


def test_data_and_count_go_along_while_visits_go_on_and_come_back(fleet):
    old = holder(fleet)
    new = other(fleet, old)
    told = fleet.play(*asked(new), "--check", playbook=PLAYBOOK).succeeded()
    assert f"copy {VOLUME} from {old} to {new}" in told.words
    assert (holder(fleet), has_data(fleet, new), notes(fleet)) == (old, False, set())
    with visiting(fleet) as visits:
        visits.await_counts(len(fleet.addresses))
        run = fleet.play(*asked(new), playbook=PLAYBOOK).succeeded()
        visits.await_counts(4 * len(fleet.addresses))
    assert visits.failed == []
    assert re.search(rf"{stack.NAME}_redis: stopped for \d+ s", run.words)
    print(re.findall(r"stopped for \d+ s", run.words))
    is_whole(fleet, new, visits.counts)
    assert has_data(fleet, old)
    fleet.play(*asked(new), playbook=PLAYBOOK).unchanged()

    refused = fleet.play(*asked(old), playbook=PLAYBOOK).refused(f"move-impossible: {old}")
    assert "remove_old=true" in refused.problems[f"move-impossible: {old}"]
    with visiting(fleet) as visits:
        fleet.play(*asked(old, "-e", "remove_old=true"), playbook=PLAYBOOK).succeeded()
        visits.await_counts(4 * len(fleet.addresses))
    assert not has_data(fleet, new)
    assert notes(fleet) == set()
    is_whole(fleet, old, visits.counts)


def test_move_that_is_killed_in_any_step_is_completed_by_the_same_command(fleet, tmp_path):
    old = holder(fleet)
    new = other(fleet, old)
    with visiting(fleet) as visits:
        visits.await_counts(len(fleet.addresses))
        stops = []
        for step, text in STEPS.items():
            killed(fleet, tmp_path / f"{step}.log", text, new)
            print(f"killed at {step}")
            stops.append(stopped_at(fleet))
        # Each goes on with a service that is stopped, and the time that is told begins with the first.
        assert len({*stops[2:]}) == 1
        run = fleet.play(*asked(new), playbook=PLAYBOOK).succeeded()
        counted(fleet)
        visits.await_counts(4 * len(fleet.addresses))
    print(re.findall(r"stopped for \d+ s", run.words))
    is_whole(fleet, new, visits.counts)
    with visiting(fleet) as visits:
        visits.await_counts(len(fleet.addresses))
        for step, text in STEPS_BACK.items():
            killed(fleet, tmp_path / f"{step}.log", text, old, "-e", "remove_old=true")
            print(f"killed at {step}")
        fleet.play(*asked(old, "-e", "remove_old=true"), playbook=PLAYBOOK).succeeded()
        counted(fleet)
        visits.await_counts(4 * len(fleet.addresses))
    assert not has_data(fleet, new)
    assert notes(fleet) == set()
    is_whole(fleet, old, visits.counts)


@pytest.mark.parametrize("text", ["Unpack it]", "Bring the new name to the disk]"])
def test_site_in_between_starts_it_where_the_data_counts_and_the_move_takes_what_came_since(fleet, tmp_path, text):
    old = holder(fleet)
    new = other(fleet, old)
    with visiting(fleet) as visits:
        visits.await_counts(len(fleet.addresses))
        killed(fleet, tmp_path / "killed.log", text, new)
        between = fleet.play().succeeded()
        assert f"a move of {VOLUME} to {new} was begun" in between.words
        assert holder(fleet) == old
        counted(fleet)
        visits.await_counts(4 * len(fleet.addresses))
        fleet.play(*asked(new, "-e", "remove_old=true"), playbook=PLAYBOOK).succeeded()
        visits.await_counts(4 * len(fleet.addresses))
    is_whole(fleet, new, visits.counts)


def test_site_goes_on_with_a_move_that_ended_between_two_nodes(fleet):
    """No node has the pin, and both have the data, as between the two changes of labels."""
    old = holder(fleet)
    new = other(fleet, old)
    before, _ = counted(fleet)
    fleet.play(*asked(new), playbook=PLAYBOOK).succeeded()
    node = f"$(docker node ls -q -f name={new})"
    old_id = fleet.on(fleet.manager, f"docker node ls -q -f name={old}").strip()
    fleet.scale("redis", 0)
    change = f"--label-rm flotilla.volume.{VOLUME} --label-add flotilla.moving.{VOLUME}={old_id}"
    fleet.on(fleet.manager, f"docker node update {change} {node}")
    fleet.play().succeeded()
    assert holder(fleet) == new
    assert counted(fleet)[0] > before
    fleet.play(*asked(new, "-e", "remove_old=true"), playbook=PLAYBOOK).succeeded()
    assert notes(fleet) == set()
    fleet.play().unchanged()


def test_move_that_fails_leaves_the_service_where_it_was(fleet):
    """Who has a file of the old copy's name in the way is told, and a container with the volume stops the move."""
    old = holder(fleet)
    new = other(fleet, old)
    image = fleet.image_of("redis")
    keep = f"docker run -d --name other-user --network none -v {VOLUME}:/data --entrypoint sleep {image} 600"
    fleet.on(old, keep)
    try:
        run = fleet.play(*asked(new), playbook=PLAYBOOK)
    finally:
        fleet.on(old, "docker rm --force other-user")
    assert run.code == 2
    assert f"The volumes stay on {old}" in run.words
    counted(fleet)
    assert holder(fleet) == old
    fleet.play().succeeded()
    fleet.play(*asked(old), playbook=PLAYBOOK).succeeded()
    assert notes(fleet) == set()
    fleet.play().unchanged()


def test_what_cannot_be_is_told_before_anything_is_changed(fleet):
    old = holder(fleet)
    new = other(fleet, old)
    fleet.play("-e", f"volume={VOLUME}", playbook=PLAYBOOK).refused("setting-missing: to")
    fleet.play(*asked("nowhere"), playbook=PLAYBOOK).refused("setting-invalid: to")
    fleet.play("-e", "volume=nothing", "-e", f"to={new}", playbook=PLAYBOOK).refused("setting-invalid: volume")
    fleet.on(new, f"docker volume create {VOLUME} && touch /var/lib/docker/volumes/{VOLUME}/_data/own")
    fleet.play(*asked(new, "-e", "remove_old=true"), playbook=PLAYBOOK).refused(f"move-impossible: {new}")
    fleet.on(new, f"docker volume rm {VOLUME}")
    node = f"$(docker node ls -q -f name={new})"
    fleet.on(fleet.manager, f"docker node update --availability drain {node}")
    fleet.play(*asked(new), playbook=PLAYBOOK).refused(f"move-impossible: {new}")
    fleet.on(fleet.manager, f"docker node update --availability active {node}")
    fleet.play().succeeded()
