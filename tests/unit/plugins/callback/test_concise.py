"""What a run prints with this repository's ansible.cfg: real runs of small playbooks on this machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sites
import yaml

REPOSITORY = Path(__file__).parents[4]
AWAY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
REPORT = {
    "name": "Report",
    "flotilla.swarm.report": {
        "about": "reset",
        "hosts": [],
        "observed": "unused",
        "stacks": ["hello"],
        "done": [],
        "registry_url": "reg:5000",
    },
}
STATUS = {
    "name": "Tell how the site is",
    "flotilla.swarm.report": {
        "about": "status",
        "hosts": ["a"],
        "observed": "found",
        "names": {node["address"]: node["hostname"] for node in sites.converged_site()["m1"]["observation"]["nodes"]},
    },
}
# The first and the last line of it.
REPORTED = ["No host was in a swarm", "site.yml sets the site up again."]


def task(name, command="true", **keywords):
    """A task that runs a command, and changes nothing unless it says so."""
    return {"name": name, "ansible.builtin.command": command, "changed_when": False, **keywords}


def play(*tasks, name="A play", hosts="a:b:c", **keywords):
    """A play of all three hosts."""
    return {"name": name, "hosts": hosts, "gather_facts": False, "tasks": [*tasks], **keywords}


@pytest.fixture
def begin(tmp_path):
    """Begin a run of plays."""

    def begin(*plays, words=(), callback="flotilla.swarm.concise", away=()):
        hosts = {name: AWAY if name in away else {"ansible_connection": "local"} for name in "abc"}
        interpreter = {"ansible_python_interpreter": sys.executable}
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": interpreter}}))
        (tmp_path / "plays.yml").write_text(yaml.safe_dump(plays))
        settings = {"ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        if callback != "flotilla.swarm.concise":
            settings["ANSIBLE_STDOUT_CALLBACK"] = callback
        return subprocess.Popen(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", tmp_path / "hosts.yml", "plays.yml", *words],
            cwd=tmp_path,
            env={**{name: value for name, value in os.environ.items() if "ANSIBLE" not in name}, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return begin


@pytest.fixture
def show(begin):
    """Run plays to their end, and return what that printed."""
    return lambda *plays, **options: begin(*plays, **options).communicate(timeout=120)[0]


def parts(output):
    """Return the lines before the recap and those behind it."""
    before, _, rest = output.partition("PLAY RECAP")
    behind = rest.split("\n", 1)[1]
    return [[line for line in part.splitlines() if line and " : ok=" not in line] for part in (before, behind)]


def test_run_that_changes_nothing_shows_its_recap_and_the_report(show):
    nobody = play(task("Change"), hosts="nobody", name="Empty")
    reading = play({"name": "Check", "ansible.builtin.assert": {"that": True}})
    before, behind = parts(show(nobody, reading, play(REPORT)))
    assert [line for line in before if "WARNING" not in line] == []
    assert [behind[0], behind[-1]] == REPORTED


def test_reports_of_a_run_stand_one_behind_the_other(show):
    eviction = {"about": "eviction", "host": "w3", "done": ["it is gone"], "yours": ["your vault"], "stays": ["keys"]}
    evicted = play({"name": "Tell", "flotilla.swarm.report": eviction})
    _, behind = parts(show(play(task("Read")), evicted, play(REPORT)))
    assert behind[:7] == [
        "w3 is cut off. Cut off and rotated:",
        "  - it is gone",
        "Only you can rotate:",
        "  - your vault",
        "Stays valid for a while:",
        "  - keys",
        REPORTED[0],
    ]


def test_change_is_a_line_with_its_hosts_beneath_its_play(show):
    output = show(
        play(
            task("Read"),
            task("docker | Install | Write a file", changed_when=True),
            task("Write items", "{{ item }}", loop=["true", "date"], changed_when="inventory_hostname != 'b'"),
            {"name": "Say", "ansible.builtin.debug": {"msg": "a hook's words"}, "when": "inventory_hostname == 'a'"},
        ),
        play(task("Change nothing")),
    )
    before, behind = parts(output)
    lines = [line.rstrip(" *") for line in before]
    assert lines[:3] == ["PLAY [A play]", "changed: all 3 hosts: Write a file", "changed: a, c: Write items"]
    assert "a hook's words" in lines[5]
    assert [line for line in lines if line.startswith("TASK")] == ["TASK [Say]"]
    assert behind == []


def test_delegated_change_names_both_hosts(show):
    elsewhere = {"delegate_to": "{{ other }}", "changed_when": True}
    skipped = task("Skip", "true", loop=["true"], when="false", **elsewhere)
    tasks = [task("Once", **elsewhere), task("For items", "{{ item }}", loop=["true", "date"], **elsewhere), skipped]
    before, _ = parts(show(play(*tasks, hosts="a", vars={"other": "b"})))
    assert before[1:] == ["changed: a (on b): Once", "changed: a (on b): For items"]


def test_error_is_shown_once_behind_the_recap(show):
    loud = "sh -c 'echo to stdout; echo to stderr >&2; exit 3'"
    rescued = {"block": [task("Rescued", "false")], "rescue": [task("Go on")]}
    output = show(
        play(
            rescued,
            task("Ignored", "false", ignore_errors=True),
            task("Say and fail", loud, when="inventory_hostname != 'a'"),
            task("Fail for an item", "{{ item }}", loop=["true", "false"]),
        )
    )
    before, behind = parts(output)
    assert before[1:] == [
        "failed: all 3 hosts: Rescued",
        "failed: b, c: Say and fail",
        "failed: a: Fail for an item",
    ]
    assert behind == [
        "failed: b, c: Say and fail",
        "  The command exited with a non-zero return code.",
        "  to stdout",
        "  to stderr",
        "failed: a: Fail for an item",
        "  false: The command exited with a non-zero return code.",
    ]


def test_words_of_an_own_error_stand_alone(show):
    def fail(text, **keywords):
        return {"name": "Stop", "ansible.builtin.fail": {"msg": text}, **keywords}

    problem = "1 problem, nothing was changed\n  1. host-memory: a"
    before, behind = parts(
        show(
            play(fail("its disk is full", when="inventory_hostname == 'a'")),
            play(fail("{{ inventory_hostname }} is down", when="inventory_hostname == 'b'")),
            play(fail(problem, run_once=True)),
        )
    )
    assert before == []
    assert behind == ["a: its disk is full", "b is down", *problem.splitlines()]


def test_value_of_a_secret_is_in_no_error(show):
    output = show(play(task("Use it", "sh -c 'echo hunter2; exit 1'", no_log=True)))
    assert "hunter2" not in output
    _before, behind = parts(output)
    assert behind[0] == "failed: all 3 hosts: Use it"
    assert "'no_log: true'" in behind[1]


def test_unreachable_host_is_named_once_and_explained_where_the_play_does_not(show):
    ignored = play({"name": "Observe", "ansible.builtin.ping": {}, "ignore_unreachable": True})
    before, behind = parts(show(ignored, ignored, play(task("Change")), away=["b"]))
    assert before[0] == "unreachable: b"
    assert [line.rstrip(" *") for line in before[1:]] == ["PLAY [A play]"]
    assert behind[0] == "unreachable: b: Change"
    assert "127.0.0.1" in behind[1]


def test_diff_is_shown_once_for_all_hosts_that_have_it(show, tmp_path):
    path = f"{tmp_path}/{{{{ 'other' if inventory_hostname == 'c' else 'same' }}}}"
    write = {"name": "Write", "ansible.builtin.copy": {"content": "new\n", "dest": path}}
    before, _behind = parts(show(play(write), words=["--check", "--diff"]))
    assert before.count("+new") == 2
    assert {"would change: a, b: Write", "would change: c: Write"} <= {*before}
    assert not (tmp_path / "same").exists()


def test_verbose_run_shows_every_task_and_the_report_last(show):
    nobody = play(task("Change"), hosts="nobody")
    before, behind = parts(show(nobody, play(task("Read"), REPORT), words=["-v"]))
    assert "skipping: no hosts matched" in before
    assert any(line.startswith("TASK [Read]") for line in before)
    assert any(line.startswith("ok: [a] => ") for line in before)
    assert [behind[0], behind[-1]] == REPORTED


def test_report_is_shown_once_without_this_callback(show):
    output = show(play(REPORT), callback="ansible.builtin.default")
    before, behind = parts(output)
    assert output.count(REPORTED[0]) == 1
    assert [line for line in before if line in REPORTED] == REPORTED
    assert behind == []


def test_interrupted_run_shows_the_errors_until_then(begin, tmp_path):
    reached = tmp_path / "reached"
    process = begin(
        play(
            task("Fail", "false", when="inventory_hostname == 'a'"),
            task("Wait", f"sh -c 'touch {reached}; exec sleep 60'"),
        )
    )
    end = time.monotonic() + 60
    while not reached.exists():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert "PLAY RECAP" not in output
    assert output.count("failed: a: Fail\n  The command exited with a non-zero return code.\n\n") == 1


@pytest.mark.parametrize(
    ("problems", "callback", "words", "code"),
    [
        ([], "flotilla.swarm.concise", (), 0),
        (["host-clock: w2"], "flotilla.swarm.concise", (), 1),
        (["host-clock: w2"], "flotilla.swarm.concise", ("-v",), 1),
        (["host-clock: w2"], "ansible.builtin.default", (), 2),
    ],
)
def test_status_with_problems_has_an_exit_code_of_its_own(begin, problems, callback, words, code):
    answer = {"observation": sites.converged_site()["m1"]["observation"]}
    found = {"name": "Find", "ansible.builtin.set_fact": {"found": answer}}
    status = {**STATUS, "flotilla.swarm.report": {**STATUS["flotilla.swarm.report"], "problems": problems}}
    run = begin(play(found, status, hosts="a"), callback=callback, words=words)
    output = run.communicate(timeout=120)[0]
    assert run.returncode == code
    assert ("Problem: host-clock: w2" in output) == bool(problems)


def test_status_that_cannot_be_told_ends_as_ansible_ends(begin):
    run = begin(play({**STATUS, "flotilla.swarm.report": {**STATUS["flotilla.swarm.report"], "hosts": []}}, hosts="a"))
    assert "No manager tells the state of the swarm any more" in run.communicate(timeout=120)[0]
    assert run.returncode == 2


SAYS = """\
#!/usr/bin/python
# WANT_JSON
import json
text = chr(27) + "]0;owned" + chr(7) + "{{ 7 * 7 }}"
print(json.dumps({"changed": True, "warnings": [text], "diff": [{"before": "", "after": text + chr(10)}], "msg": text}))
"""


def test_what_a_host_says_neither_steers_the_terminal_nor_is_a_template(show, tmp_path):
    (tmp_path / "library").mkdir()
    (tmp_path / "library/says.py").write_text(SAYS)
    spell = "printf '\\033]0;owned\\007{{ \"{{ 7 * 7 }}\" }}'; exit 1"
    output = show(
        play({"name": "Say it", "says": {}}, {"name": "Fail with it", "ansible.builtin.shell": spell}),
        words=("--diff",),
    )
    assert "\x1b" not in output
    assert "\x07" not in output
    assert "49" not in output
    assert output.count("\\x1b]0;owned\\x07{{ 7 * 7 }}") >= 3


def test_host_whose_answer_has_a_warning_is_observed(show):
    observe = {"name": "Observe", "flotilla.swarm.observe": {}, "vars": {"ansible_python_interpreter": "auto"}}
    output = show(play(observe, hosts="a"))
    assert "WARNING" in output
    assert "failed=0" in output
