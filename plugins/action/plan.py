"""Action of ``flotilla.swarm.plan``: make the plan of the run on the control node, once."""

from __future__ import annotations

import getpass
import secrets
import socket
from pathlib import Path

import yaml
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.validation import check_type_int
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks import inventory as checks
from ansible_collections.flotilla.swarm.plugins.plugin_utils.lock import lease as lock
from ansible_collections.flotilla.swarm.plugins.plugin_utils.lock import process as this_run
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import plan_lines, problem_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.plan import make_plan
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.objects import read_configs
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.stack import StackFileError

ROOT = Path(__file__).parents[2]
# Arguments that playbooks pass to roles; everything else with a role's prefix was set by a user.
PASSED = ROOT / "playbooks" / "group_vars" / "all.yml"

OPEN_VAULT = "give this run the vault's password (--ask-vault-pass, --vault-password-file)"


class ActionModule(ActionBase):
    """Check the input, read the observations of all hosts, plan, and say what will be done."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Return the plan, or fail with one report of all problems."""
        result = super().run(tmp, task_vars)
        names = self._task.args["hosts"]
        hostvars = task_vars["hostvars"]
        observed = {name: hostvars[name].get(self._task.args["observed"]) or {} for name in names}
        for name, answer in observed.items():
            if answer.get("unreachable"):
                observed[name] = _absent(hostvars[name], answer)
        options = checks.load_specs(ROOT / "roles")
        # What an earlier look and plan of this run left is no setting either.
        passed = {*yaml.safe_load(PASSED.read_text()), self._task.args["observed"], *(self._task.register or ())}
        own = {name: checks.own_names(hostvars.raw_get(name), options) - passed for name in names}
        variables, unreadable = _read(hostvars, own)
        site, unread = self._read_site(task_vars)
        unread += [answer["unreadable"] for answer in observed.values() if "unreadable" in answer]
        fatal = [*unreadable, *checks.check_groups(task_vars["groups"])]
        # What is made of a user's variables and groups mostly cannot be read for what is told of those already.
        fatal = fatal or [_unreadable("the inventory", reason) for reason in dict.fromkeys(unread)]
        fatal += [
            *(checks.check_site(site) if site else []),
            *checks.check_limit(task_vars["groups"], names),
            *(
                f"{name} could not be looked at; see its error above"
                for name in names
                if not {"seen", "unreachable", "unreadable"} & observed[name].keys()
            ),
        ]
        if not fatal:
            try:
                site = dict(site, salt=secrets.token_hex(16), stack=self._stack(site["stack"], task_vars))
            except (OSError, StackFileError) as error:
                fatal.append(f"stack_file: {error}")
        # Without these nothing can be said of the hosts; all other problems are found in one go.
        plan = {"problems": fatal} if fatal else make_plan(site, observed)
        notes = []
        if not fatal and (plan["problems"] or plan["changes"]):
            # While another run is at work, whatever was seen may be half of its way.
            held, notes = self._judge_lock(observed)
            plan["problems"] = held or plan["problems"]
        problems = [*checks.check_variables(variables, options), *plan["problems"]]
        if problems:
            raise AnsibleActionFail("\n".join(problem_lines(problems)))
        for line in [*notes, *plan_lines(plan)]:
            Display().display(line)
        for text in plan["warnings"]:
            Display().warning(text)
        plan["stack"]["release"]["by"] = f"{getpass.getuser()}@{socket.gethostname()}"
        return dict(result, changed=False, **plan)

    def _read_site(self, task_vars):
        """Return the site, or ``{}``, and the reasons why it cannot be read."""
        try:
            return self._templar.template(task_vars[self._task.args["site"]]), []
        except AnsibleError as error:
            return {}, [str(error)]

    def _stack(self, stack, task_vars):
        """Complete the site's ``stack`` with what lies on the control node, and with the values of secrets.

        They are taken here, so that no task's arguments hold them.
        """
        values = self._templar.template(task_vars["stack_secrets"])
        return dict(
            stack,
            values={name: str(value or "") for name, value in values.items()},
            configs=read_configs(stack["text"], Path(stack["folder"])),
            # On the command line a list is written with commas.
            **{key: stack[key].split(",") if isinstance(stack[key], str) else stack[key] for key in ("rotate", "lost")},
            release=_number(stack["release"]),
        )

    def _judge_lock(self, observed):
        """Return the problems and the notes that locks make."""
        run, take = this_run.identify(this_run.playbook()), boolean(self._task.args.get("take_lock", False))
        locks = lock.choose([host["seen"] for host in observed.values() if "seen" in host])
        verdicts = [lock.judge(each, run, this_run.is_running, take) for each in locks]
        return [each.problem for each in verdicts if each.problem], [each.note for each in verdicts if each.note]


def _number(value):
    """Read a number as ``checks.check_variables`` does, which says what is wrong with one that is none."""
    try:
        return check_type_int(value)
    except TypeError:
        return 0


def _read(hostvars, own):
    """Read the variables that a user set: a vault may be locked, an expression may name what is not there.

    :param own: by inventory name, the names of its variables
    :return: by inventory name its variables, and list of problems
    """
    variables, problems = {}, {}
    for host, names in own.items():
        variables[host] = {}
        for name in sorted(names):
            try:
                variables[host][name] = hostvars[host][name]
            except AnsibleError as error:
                problems.setdefault(_unreadable(name, error), []).append(host)
    return variables, [f"{text} ({checks.name_hosts(hosts, own)})" for text, hosts in problems.items()]


def _unreadable(what, reason):
    reason = " ".join(str(reason).split()).rstrip(".")
    remedy = OPEN_VAULT if "vault secrets" in reason else "mend it in the inventory"
    return f"{what} cannot be read: {reason}; {remedy}"


def _absent(own, answer):
    """Describe a host that could not be reached by what the inventory says of it."""
    wanted = {
        "advertise_addr": own.get("swarm_advertise_addr", ""),
        "ansible_host": own.get("ansible_host", own["inventory_hostname"]),
    }
    return {"wanted": {"swarm": wanted}, "unreachable": answer.get("msg", "no reason given")}
