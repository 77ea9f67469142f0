"""Docker Hub for a fleet: its names lead to Debian's docker-registry, and to a server of tokens of the tests."""

import contextlib
import json

from external import CONFIG, ExternalRegistry, make_authority

from tests.support.wait import wait_until

NAMES = ("registry-1.docker.io", "auth.docker.io", "index.docker.io")
AUTHORITY = "/usr/local/share/ca-certificates/hub-of-the-tests.crt"
TOKENS = """\
auth:
  token:
    realm: https://auth.docker.io/token
    service: registry.docker.io
    issuer: auth.docker.io
    rootcertbundle: FOLDER/token.crt
"""


class DockerHub(ExternalRegistry):
    """Has accounts with a namespace each; others may pull what is public."""

    port, config, front = 443, CONFIG + TOKENS, "hub_front.py"

    def __init__(self, fleet, folder, *registries):
        """Lead more names there, of other public registries."""
        super().__init__(fleet, folder)
        self.hosts = (*NAMES, *registries)

    @classmethod
    @contextlib.contextmanager
    def of(cls, fleet, folder, *registries):
        """Let a fleet have it; afterwards it is gone, and nobody trusts it."""
        hub = cls(fleet, folder, *registries)
        try:
            hub.start()
            for host in fleet.addresses:
                hub.lead(host)
            fleet.await_serving()
            yield hub
        finally:
            for host in fleet.addresses:
                hub.leave(host)
            hub.stop()

    @property
    def names(self):
        return [f"DNS:{name}" for name in self.hosts]

    def set_up(self):
        make_authority(self.folder, "token")
        self.accounts = {"jane": "janes-0123456789", "reader": "reads-0123456789", "other": "others-0123456789"}
        self.set()

    def set(self, **settings):
        """Set rights, private namespaces and a limit, see ``hub_front.py``; those that are left out are none."""
        content = {"accounts": self.accounts, "rights": {}, "private": ["jane", "other"], "limit": None, **settings}
        path = self.folder / "hub.json"
        path.with_suffix(".new").write_text(json.dumps(content))
        path.with_suffix(".new").replace(path)

    def lead(self, host):
        """Let Docker Hub's names lead a host here, and let its system trust that."""
        entry = f"{self.address} {' '.join(self.hosts)}"
        self.fleet.on(host, f"echo '{entry}' >> /etc/hosts && echo '{self.ca()}' > {AUTHORITY}")
        self._trust_again(host)

    def leave(self, host):
        """Take that back."""
        self.fleet.on(host, f"sed -i '/{NAMES[0]}/d' /etc/hosts && rm -f {AUTHORITY}")
        self._trust_again(host)

    def _trust_again(self, host):
        """Let the engine read the system's trust store, which it does at its start alone."""
        self.fleet.on(host, "update-ca-certificates --fresh >/dev/null && systemctl restart docker")
        wait_until(lambda: "Ready" in self.fleet.on(self.fleet.manager, "docker node ls", check=False), 120)

    def settings(self, account="jane", **changes):
        """The variables with which a site uses it."""
        return {
            "registry_host": "",
            "registry_url": f"docker.io/{account}",
            "registry_username": account,
            "registry_password": self.accounts[account],
            **changes,
        }
