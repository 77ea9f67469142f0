#!/usr/bin/python
"""Write the files that a plan decided on."""

from __future__ import annotations

DOCUMENTATION = r"""
module: files
short_description: Write the files that a plan decided on, all at once
description:
  - Makes each file what the plan says, and its folder where that is missing.
  - Takes one run of a module however many they are, where a loop of M(ansible.builtin.copy) takes two for each.
  - What is in them is shown and logged by nobody; the plan shows what may be.
options:
  files:
    description: Text and octal mode of each file, by path, as in the example.
    type: dict
    required: true
  folder_mode:
    description: Mode of a folder that is made.
    type: str
    default: "0755"
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Write the engine's settings
  flotilla.swarm.files:
    files:
      /etc/docker/daemon.json: {text: "{}\n", mode: "0644"}
"""

RETURN = r"""
written:
  description: Paths of the files that were not as they should be.
  type: list
  elements: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import files


def main() -> None:
    """Write what differs."""
    module = AnsibleModule(
        argument_spec={
            # A host's journal has the arguments of each module, and a stack's environment is nobody's business.
            "files": {"type": "dict", "required": True, "no_log": True},
            "folder_mode": {"type": "str", "default": "0755"},
        },
        supports_check_mode=True,
    )
    folder_mode = int(module.params["folder_mode"], 8)
    written = []
    for path, file in module.params["files"].items():
        text, mode = file["text"], int(file["mode"], 8)
        try:
            if files.is_so(path, text, mode):
                continue
            written.append(path)
            if not module.check_mode:
                files.write(path, text, mode, folder_mode)
        except OSError as error:
            module.fail_json(msg=f"{path}: {error.strerror}")
    module.exit_json(changed=bool(written), written=written)


if __name__ == "__main__":
    main()
