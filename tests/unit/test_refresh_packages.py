"""A host that cannot fetch its lists of packages: a real run of these phases on this machine."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]
# Its sudo fails before apt is asked for anything.
HOST = {
    "ansible_connection": "local",
    "ansible_become_user": "nobody",
    "ansible_become_exe": "/bin/false",
    "ansible_python_interpreter": sys.executable,
}
SITE = {"all": {"children": {"swarm": {"hosts": {"a": HOST}}}}}
PLANNED = {"flotilla_phases": {"unreachable": []}, "cacheable": True}


def test_host_without_new_lists_stays_in_the_run_and_is_named_at_its_end(tmp_path):
    plan = {"ansible.builtin.set_fact": {"flotilla_plan": {"hosts": {"a": {}}}}}
    asked = {"ansible.builtin.include_vars": str(REPOSITORY / "roles/preflight/vars/main.yml")}
    told = {"ansible.builtin.debug": {"msg": "still there, asked for '{{ __preflight_question.upgrades }}'"}}
    plays = [
        {"ansible.builtin.import_playbook": str(REPOSITORY / "playbooks/phases/refresh_packages.yml")},
        {"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.set_fact": PLANNED}]},
        {"hosts": "a", "gather_facts": False, "tasks": [plan, asked, told]},
        {"ansible.builtin.import_playbook": str(REPOSITORY / "playbooks/phases/unreachable.yml")},
    ]
    (tmp_path / "plays.yml").write_text(yaml.safe_dump(plays))
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(SITE))
    run = subprocess.run(
        [
            *(Path(sys.executable).with_name("ansible-playbook"), "-i", tmp_path / "hosts.yml", tmp_path / "plays.yml"),
            *("-e", '{"preflight_intent": "upgrade", "__preflight_is_member": true}'),
        ],
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if "ANSIBLE" not in name},
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 2, run.stdout
    assert "still there, asked for ''" in run.stdout
    assert "a: its lists of packages could not be fetched, so it was not upgraded:" in run.stdout + run.stderr
