"""Which lines of logs are new."""

from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.log_lines import Shown


def line(second, task="web.1", node="w1"):
    return {"time": f"2026-01-01T00:00:{second:02}.000000000Z", "task": task, "node": node, "text": "x"}


def test_what_was_shown_is_not_shown_again():
    shown = Shown()
    assert shown.latest == ""
    assert [*shown.add([line(1), line(2)])] == [line(1), line(2)]
    assert [*shown.add([line(1), line(2), line(3)])] == [line(3)]
    assert shown.latest == line(3)["time"]


def test_a_node_whose_clock_is_late_is_shown_as_well():
    shown = Shown()
    assert [*shown.add([line(9)])] == [line(9)]
    late = line(5, "web.2", "w2")
    assert [*shown.add([late, line(9)])] == [late]
    assert [*shown.add([late, line(6, "web.2", "w2"), line(9)])] == [line(6, "web.2", "w2")]
    assert shown.latest == line(9)["time"]


def test_a_task_that_moved_to_such_a_node_is_shown():
    shown = Shown()
    assert [*shown.add([line(9)])] == [line(9)]
    assert [*shown.add([line(5, node="w2"), line(9)])] == [line(5, node="w2")]
