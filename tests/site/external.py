"""An external registry for a fleet: Debian's docker-registry behind a front with TLS and two accounts."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.wait import wait_until

BACKEND = 5444
CONFIG = """\
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: FOLDER/images}}
http: {addr: "127.0.0.1:PORT"}
"""


def make_authority(folder, name):
    """Make the key and certificate of a CA; return the certificate's path."""
    words = ["-x509", "-days", "30", "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key"]
    openssl("req", *words, "-out", folder / f"{name}.crt", "-addext", "keyUsage=keyCertSign")
    return folder / f"{name}.crt"


def make_certificate(folder, authority, *names):
    """Make server.key and server.crt for names such as ``IP:192.0.2.1``, signed by an authority."""
    words = ["-x509", "-days", "30", "-subj", "/CN=server", "-addext", f"subjectAltName={','.join(names)}"]
    signed = ["-CA", folder / f"{authority}.crt", "-CAkey", folder / f"{authority}.key"]
    openssl("req", *words, *signed, "-keyout", folder / "server.key", "-out", folder / "server.crt")


def openssl(verb, *words):
    command = ["openssl", verb, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *words]
    subprocess.run(command, check=True, capture_output=True)


class ExternalRegistry:
    """Runs in the fleet's network, at the gateway's address: no host of the fleet serves it.

    :ivar url: ``host:port``
    :ivar folder: where certificates, accounts and the log of requests lie
    """

    port, config, front = 5443, CONFIG, "registry_front.py"

    def __init__(self, fleet, folder):
        self.fleet, self.folder = fleet, Path(folder)
        self.address = fleet.addresses[fleet.manager].rsplit(".", 1)[0] + ".1"
        self.url = f"{self.address}:{self.port}"
        self.processes = []

    def start(self):
        authority = make_authority(self.folder, "authority")
        make_authority(self.folder, "stranger")
        make_certificate(self.folder, authority.stem, *self.names)
        self.set_up()
        # Unpacked and not installed: Debian would start it as a service of this machine.
        subprocess.run(["apt-get", "download", "-q", "docker-registry"], cwd=self.folder, check=True)
        (package,) = self.folder.glob("docker-registry_*.deb")
        subprocess.run(["dpkg-deb", "--extract", package, self.folder / "root"], check=True)
        config = self.config.replace("FOLDER", str(self.folder)).replace("PORT", str(BACKEND))
        (self.folder / "config.yml").write_text(config)
        self._run(self.folder / "root/usr/bin/docker-registry", "serve", self.folder / "config.yml")
        front = Path(__file__).with_name(self.front)
        self._run(sys.executable, front, self.address, str(self.port), str(BACKEND), self.folder)
        for port in (self.port, BACKEND):
            self._wait(port)

    @property
    def names(self):
        """What its certificate is for."""
        return [f"IP:{self.address}"]

    def set_up(self):
        """Make what its front reads."""
        self.set_accounts(pusher="may-push-0123456789", puller="may-pull-0123456789")

    def _run(self, *words):
        inside = [sys.executable, "-m", "fleet", "exec", "--name", self.fleet.name, "--", *words]
        with (self.folder / "processes.log").open("a") as log:
            self.processes.append(subprocess.Popen(inside, stdout=log, stderr=log))

    def _wait(self, port):
        address = "127.0.0.1" if port == BACKEND else self.address
        probe = ["curl", "-sk", "-o", "/dev/null", f"http{'s' * (port != BACKEND)}://{address}:{port}/v2/"]

        def answers():
            assert all(process.poll() is None for process in self.processes), self.folder / "processes.log"
            return self.fleet.command("exec", "--", *probe, "-w", "%{http_code}", check=False).strip() in ("200", "401")

        wait_until(answers, 60, pause=0.1)

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()

    def set_accounts(self, **passwords):
        """Set all accounts: names and passwords; ``puller`` may not push."""
        self.passwords = passwords
        (self.folder / "accounts.json").write_text(json.dumps(passwords))

    def ca(self, name="authority"):
        """PEM text of the CA that signed its certificate, or of a ``stranger``."""
        return (self.folder / f"{name}.crt").read_text()

    def requests(self):
        """Everything that was asked: lists of account, peer, method, path and status."""
        log = self.folder / "requests.log"
        return [line.split() for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def settings(self):
        """The variables with which a site uses it."""
        return {
            "registry_url": self.url,
            "registry_username": "pusher",
            "registry_password": self.passwords["pusher"],
            "registry_pull_username": "puller",
            "registry_pull_password": self.passwords["puller"],
            "registry_ca_certificate": self.ca(),
        }
