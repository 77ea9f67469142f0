#!/bin/sh
# Turn a minimal Debian tree into the base image's. mmdebstrap calls this as a hook.
# Usage: UML_MODULES=FOLDER customize.sh ROOT
set -eu

root=$1
overlay=$(dirname "$0")/overlay

# The hosts name the archive as any Debian does; the tree was made from this machine's mirror.
rm -f "$root/etc/apt/sources.list"
cp -rT "$overlay" "$root"
chmod 440 "$root/etc/sudoers.d/admin"
mkdir -p "$root/usr/lib/modules"
cp -r "$UML_MODULES" "$root/usr/lib/modules/"

chroot "$root" useradd --create-home --shell /bin/bash admin
chroot "$root" install -d -o admin -g admin -m 700 /home/admin/.ssh

# The kernel has no nf_tables: Docker needs the older interface.
chroot "$root" update-alternatives --quiet --set iptables /usr/sbin/iptables-legacy
chroot "$root" update-alternatives --quiet --set ip6tables /usr/sbin/ip6tables-legacy

# Every host gets keys and a machine id of its own.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"

echo '/dev/ubda / ext4 defaults,noatime 0 0' >"$root/etc/fstab"
chroot "$root" systemctl --quiet enable fleet-host.service ssh.service
# What only costs time on a test host. Ctrl-Alt-Del is its power button.
chroot "$root" systemctl --quiet mask \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
    e2scrub_all.timer e2scrub_reap.service getty.target serial-getty@.service getty@.service
# Nothing is left to be brought up to date at the first boot.
touch "$root/etc/.updated" "$root/var/.updated"
ln -sf /usr/lib/systemd/system/poweroff.target "$root/etc/systemd/system/ctrl-alt-del.target"
