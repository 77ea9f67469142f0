#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: sealed
short_description: Bring a host's file into an encrypted one on the control node, or the other way round
description:
  - Its content passes through memory in pieces, so that no disk of the control node has it in plain text.
  - Runs on the host as the user who logs in, whatever C(become) says, so that binary data passes unchanged.
options:
  state:
    description: Whether the encrypted file is made of the host's, or the other way round.
    type: str
    required: true
    choices: [saved, loaded]
  path:
    description: The file on the host, which the user who logs in may read or write.
    type: str
    required: true
  sealed:
    description: The encrypted file on the control node.
    type: str
    required: true
  key:
    description: File with the key on the control node, as C(age-keygen) writes it.
    type: str
    required: true
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Fetch the archive of a volume
  flotilla.swarm.sealed:
    state: saved
    path: /var/tmp/work/hello_redis-data.tar
    sealed: /home/me/backups/2026-11-24T15-00-00Z/data-hello_redis-data.tar.age
    key: /home/me/backup.key
"""

RETURN = r"""#"""
