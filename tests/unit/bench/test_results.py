"""The tables tell what was measured, and no more."""

import re

from bench.results import Results, table


def verdicts(results):
    """The targets that the tables tell of, with their verdicts."""
    rows = re.findall(r"^\| (\S.* / .*?) +\| at .*\| (\S.*?) +\|$", results.text(), re.MULTILINE)
    return dict(rows)


def measured(**figures):
    results = Results()
    for what, values in figures.items():
        for value in values:
            results.add(what.replace("_", " "), value)
    return results


def test_each_target_stands_beside_its_figure():
    results = measured(
        raw_probe=[1, 2],
        observe=[2, 4],
        flotilla_again=[3, 7],
        conventional_again=[27, 63],
        flotilla_serving=[201],
        raw_serving=[200],
    )
    assert verdicts(results) == {
        "observe / raw probe": "met",
        "flotilla again / raw probe": "**not met**",
        "conventional again / flotilla again": "met",
        "flotilla serving / raw serving": "**not met**",
    }


def test_what_was_not_measured_has_no_verdict():
    assert list(verdicts(measured(raw_probe=[1], observe=[1]))) == ["observe / raw probe"]


def test_units_are_kept_apart():
    results = Results()
    results.add("again", 2)
    results.add("again", 30.4, "MiB")
    assert re.search(r"\| again +\| s +\| +2.00 \|", results.text())
    assert re.search(r"\| again +\| MiB +\| +30 \|", results.text())


def test_steps_are_told_with_the_slowest_tasks_first():
    results = Results()
    results.steps["flotilla"] = [{"start": 0.01, "Deploy": 50}]
    results.tasks["flotilla"] = [{f"task {number}": number for number in range(20)}]
    text = results.text()
    assert "| Deploy |" in text
    assert "start" not in text
    assert re.findall(r"task (\d+)", text) == [str(number) for number in range(19, 7, -1)]


def test_it_is_told_where_the_time_goes():
    results = measured(raw_probe=[1, 2], Ansible_alone=[2, 3], observe=[4, 6])
    results.observed.append({"Observe": 3.0})
    results.steps["flotilla"] = [{"Create the swarm": 9.0}]
    results.steps["raw"] = [{"swarm": 9.5}]
    text = results.text()
    assert re.search(r"\| Ansible alone / raw probe +\| +1.75 \|", text)
    assert re.search(r"\| observe / Ansible alone +\| +2.00 \|", text)
    assert re.search(r"\| Observe +\| +3.0 \|", text)
    assert re.search(r"\| swarm +\| +9.0 \| +9.5 \| +-0.5 \|", text)


def test_a_table_sets_numbers_to_the_right():
    assert table(["What", "n"], [["a", "1"], ["b", "2000"]]).splitlines() == [
        "| What |    n |",
        "| ---- | ---: |",
        "| a    |    1 |",
        "| b    | 2000 |",
    ]
