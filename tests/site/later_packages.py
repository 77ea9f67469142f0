"""Packages of the distribution's own under a later version, in an archive of a host's own: what an update brings."""

# The archive is flat: its list lies beside the packages.
SCRIPT = r"""
set -e
mkdir -p {folder}
cd {folder}
apt-get download {packages}
for deb in *.deb; do
  dpkg-deb --raw-extract "$deb" tree
  sed --in-place 's/^Version: .*/&+later1/' tree/DEBIAN/control
  name="$(sed --quiet 's/^Package: //p' tree/DEBIAN/control).deb"
  dpkg-deb --root-owner-group -Znone --build tree "$name"
  {{ cat tree/DEBIAN/control
    echo "Filename: ./$name"
    echo "Size: $(stat --format %s "$name")"
    echo "SHA256: $(sha256sum "$name" | cut --delimiter ' ' --fields 1)"
    echo
  }} >> Packages
  rm -r tree "$deb"
done
echo 'deb [trusted=yes] {url} ./' > {source}
"""


def publish(fleet, host, packages, folder, source, url=""):
    """Make the archive on a host, and name it there as one of apt's sources.

    :param source: path of the source's file
    :param url: where the folder is served, by default from the disk
    """
    words = " ".join(packages)
    fleet.on(host, SCRIPT.format(packages=words, folder=folder, source=source, url=url or f"file:{folder}"))
