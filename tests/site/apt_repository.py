"""A small signed package repository, served inside a fleet's network as a vendor would serve his."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

SUITE, COMPONENT, ARCHITECTURE = "trixie", "stable", "amd64"
PORT = 8000


class AptRepository:
    """Packages under a vendor's names, signed by a key of his.

    :ivar folder: what is served
    :ivar key: armored text of the public key
    :ivar checksum: of its file
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir()
        self._index = []
        self._keyring = self.folder.parent / f"{self.folder.name}-keyring"
        self._keyring.mkdir(mode=0o700)
        self._gpg("--quick-generate-key", "Vendor <vendor@example>", "rsa2048", "sign", "never")
        self.key = self._gpg("--armor", "--export")
        self.checksum = f"sha256:{hashlib.sha256(self.key.encode()).hexdigest()}"

    def add(self, name, versions, depends="", wraps=""):
        """Build a package.

        :param depends: packages that it needs, as control files have it
        :param wraps: Debian's package whose files and scripts it has, and that it excludes
        """
        tree = self.folder.parent / name
        if wraps:
            run("apt-get", "download", wraps, cwd=self.folder.parent)
            (archive,) = self.folder.parent.glob(f"{wraps}_*.deb")
            run("dpkg-deb", "--raw-extract", archive, tree)
            depends, wraps = run("dpkg-deb", "--field", archive, "Depends").strip(), f"Conflicts: {wraps}\n"
        (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
        for version in versions:
            control = (
                f"Package: {name}\nVersion: {version}\nArchitecture: {ARCHITECTURE}\nDepends: {depends}\n{wraps}"
                f"Maintainer: Vendor <vendor@example>\nDescription: stands for {name}\n"
            )
            (tree / "DEBIAN" / "control").write_text(control)
            path = self.folder / f"{name}_{version.partition(':')[2] or version}.deb"
            run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, path)
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            self._index.append(f"{control}Filename: {path.name}\nSize: {len(content)}\nSHA256: {digest}\n")

    def publish(self):
        """Sign the index of the packages."""
        suite = self.folder / "dists" / SUITE
        listing = suite / COMPONENT / f"binary-{ARCHITECTURE}" / "Packages"
        listing.parent.mkdir(parents=True)
        listing.write_text("\n".join(self._index))
        content = listing.read_bytes()
        (self.folder / "Release").write_text(
            f"Suite: {SUITE}\nCodename: {SUITE}\nComponents: {COMPONENT}\nArchitectures: {ARCHITECTURE}\n"
            f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S UTC', time.gmtime())}\n"
            f"SHA256:\n {hashlib.sha256(content).hexdigest()} {len(content)} {listing.relative_to(suite)}\n"
        )
        self._gpg("--output", suite / "InRelease", "--clearsign", self.folder / "Release")

    def serve(self, fleet, address):
        """Start a web server in the fleet's network.

        :return: the process, for the caller to end
        """
        inside = [sys.executable, "-m", "fleet", "exec", "--name", fleet, "--"]
        return subprocess.Popen(
            [*inside, sys.executable, "-m", "http.server", "--bind", address, "--directory", self.folder, str(PORT)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self):
        """End gpg's agent."""
        run("gpgconf", "--homedir", self._keyring, "--kill", "all")

    def _gpg(self, *words):
        return run(
            "gpg", "--homedir", self._keyring, "--batch", "--passphrase", "", "--pinentry-mode", "loopback", *words
        )


def run(*command, cwd=None):
    """Run a command and return what it printed."""
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout
