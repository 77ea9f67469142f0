"""Full Linux hosts on this machine, for the demo and the tests.

Each host is a User-Mode Linux guest: an ordinary process with its own kernel, systemd, sshd and
disk. The hosts of a fleet live on a bridge in a network namespace of their own, so nothing of the
machine's own network changes. `python -m fleet --help` shows the commands.

What is where:

- cli            the commands and their options
- fleet          what the commands do: a fleet, from `up` to `down`
- prerequisites  what this machine must have, with the command that fixes it
- state          what is kept of a fleet between commands
- image          the base disk image that all hosts share; base/ holds its files
- host           one guest: its disk, keys, boot, power button
- golden         disks of a fleet from which others are booted
- boot           waiting until hosts answer
- network        namespace, bridge and taps
- forward        a TCP forwarder, its own little program
- cache          the package cache through which hosts reach the mirror
- inventory      the Ansible inventory and the ssh options
- process        starting, finding and ending processes
- settings       folders, names and locks
"""
