"""Action of ``flotilla.swarm.status``: how the site is, as lines for the terminal or as JSON."""

from __future__ import annotations

import json

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.role_variables import add_roles
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_seen
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.status import describe, lines, silence_lines


class ActionModule(ActionBase):
    """Take the word of a manager that can speak for the swarm."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Return ``status`` and ``lines``, or fail when no manager can tell."""
        result = super().run(tmp, task_vars)
        args = self._task.args
        hostvars = task_vars["hostvars"]
        observed = {name: _seen(name, hostvars[name].get(args["observed"]) or {}) for name in args["hosts"]}
        answering = [seen for seen in observed.values() if seen and seen.nodes is not None]
        if not answering:
            raise AnsibleActionFail("\n".join(silence_lines(observed)))
        names = {
            (seen and seen.swarm.address) or hostvars[name].get("ansible_host", name): name
            for name, seen in observed.items()
        }
        nodes, stack = answering[0].nodes, answering[0].stack
        called, ports = (self._template(name, task_vars) for name in ("stack_name", "__stack_ports"))
        status = describe(names, nodes, stack, observed, called, int(ports[0]) if ports else 0)
        text = [json.dumps(status)] if args["format"] == "json" else lines(status, names, nodes, stack)
        return dict(result, changed=False, status=status, lines=text)

    def _template(self, name, task_vars):
        """Return a variable's value, with the variables of all roles."""
        variables = add_roles(self._loader, task_vars)
        return self._templar.copy_with_new_env(available_variables=variables).template(variables[name])


def _seen(name, answer):
    return read_seen(name, answer["seen"]) if "seen" in answer else None
