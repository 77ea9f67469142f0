"""The time of a step is that until the next one, whatever else was printed."""

from bench.steps import PLAYS, RAW, TASKS, medians, steps

PLAYBOOK = [
    (2.0, "PLAY [Observe every host and plan] *******"),
    (2.5, "TASK [preflight : Observe] ***"),
    (3.0, "ok: [manager-1] => PLAY [no play] ***"),
    (6.0, "PLAY [Form the swarm] ***"),
    (6.5, "TASK [swarm : Join] ***"),
    (7.0, "RUNNING HANDLER [docker : Load kernel modules] ***"),
    (8.0, "TASK [swarm : Join] ***"),
    (9.0, "PLAY RECAP *********"),
]


def test_plays():
    assert steps(PLAYBOOK, PLAYS, 10) == {
        "start": 2,
        "Observe every host and plan": 4,
        "Form the swarm": 3,
        "RECAP": 1,
    }


def test_tasks_of_one_name_are_added_up():
    found = steps(PLAYBOOK, TASKS, 10)
    assert found["swarm : Join"] == 1.5
    assert found["preflight : Observe"] == 3.5
    assert found["docker : Load kernel modules"] == 1
    assert sum(found.values()) == 10


def test_steps_of_the_script():
    assert steps([(0.1, "STEP packages"), (1, "STEPS"), (5.1, "STEP base images")], RAW, 6) == {
        "start": 0.1,
        "packages": 5,
        "base images": 6 - 5.1,
    }


def test_a_job_that_prints_nothing_is_one_step():
    assert steps([], PLAYS, 3) == {"start": 3}


def test_medians_count_a_missing_step_as_nothing():
    assert medians([{"a": 1, "b": 2}, {"a": 3}]) == {"a": 2, "b": 1}
