#!/usr/bin/python
"""Pack a folder of this host, or unpack a tar file into one, without following a link."""

from __future__ import annotations

DOCUMENTATION = r"""
module: archive
short_description: Pack a folder, or unpack a tar file into one, without following a link
description:
  - Packs files, folders and the links that stay inside the folder; everything else is left out and named.
  - Unpacks nothing else either, replaces what has the same names, and ends at a member that would leave the folder.
options:
  state:
    description: Whether C(file) is made of C(folder), or the other way round.
    type: str
    required: true
    choices: [packed, unpacked]
  folder:
    description: The folder; one to unpack into is made where it is missing, and is then readable by its owner alone.
    type: str
    required: true
  file:
    description: The tar file; one that is made must not be there yet, and belongs to the owner of its own folder.
    type: str
    required: true
  owner:
    description: User whom all that is unpacked will belong to; empty for whom the file names, by number.
    type: str
    default: ""
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Pack a volume
  flotilla.swarm.archive:
    state: packed
    folder: /var/lib/docker/volumes/hello_redis-data/_data
    file: /var/tmp/work/hello_redis-data.tar
"""

RETURN = r"""
left_out:
  description: Names of what was not packed, each with the reason.
  type: list
  elements: str
  returned: when it was packed
"""

import os
import tarfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import archive


def pack(folder: str, file: str) -> dict[str, object]:
    """Pack, and let who has the file's folder read the file."""
    left_out = archive.pack(folder, file)
    owner = os.stat(os.path.dirname(file))
    os.chown(file, owner.st_uid, owner.st_gid)
    return {"left_out": left_out}


def unpack(folder: str, file: str, owner: str) -> dict[str, object]:
    """Unpack."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    archive.unpack(file, folder, owner)
    return {}


def main() -> None:
    """Do one of both."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["packed", "unpacked"]},
            "folder": {"type": "str", "required": True},
            "file": {"type": "str", "required": True},
            "owner": {"type": "str", "default": ""},
        },
    )
    given = module.params
    try:
        if given["state"] == "packed":
            result = pack(given["folder"], given["file"])
        else:
            result = unpack(given["folder"], given["file"], given["owner"])
    except archive.ArchiveError as error:
        module.fail_json(msg=f"{given['file']} has a member that may not be there: {error}")
    except (OSError, KeyError, tarfile.TarError) as error:
        module.fail_json(msg=f"{given['folder']} and {given['file']}: {error}")
    module.exit_json(changed=True, **result)


if __name__ == "__main__":
    main()
