"""Fingerprints of keys that gpg itself made, and texts that must not pass as a key."""

import base64
import subprocess

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.openpgp import KeyFormatError, fingerprints


@pytest.fixture(scope="module")
def gpg(tmp_path_factory):
    """Run gpg with a keyring of its own that has an RSA key with a subkey, and an Ed25519 key."""
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)

    def run(*words):
        command = ["gpg", "--homedir", home, "--batch", "--passphrase", "", "--pinentry-mode", "loopback", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    run("--quick-generate-key", "One <one@example>", "rsa2048", "sign", "never")
    run("--quick-add-key", listed(run, "One")[0], "rsa2048", "encrypt", "never")
    run("--quick-generate-key", "Two <two@example>", "ed25519", "sign", "never")
    yield run
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)


def listed(run, name):
    """The fingerprints that gpg itself tells, the primary key's first."""
    rows = [line.split(":") for line in run("--with-colons", "--fingerprint", "--list-keys", name).splitlines()]
    return [row[9] for row in rows if row[0] == "fpr"]


@pytest.mark.parametrize("name", ["One", "Two"])
def test_fingerprint_is_the_one_that_gpg_tells(gpg, name):
    assert fingerprints(gpg("--armor", "--export", name)) == listed(gpg, name)[:1]


def test_every_key_of_a_block_is_seen(gpg):
    found = fingerprints(gpg("--armor", "--export"))
    assert found == [listed(gpg, "One")[0], listed(gpg, "Two")[0]]


def test_texts_with_anything_else_are_refused(gpg):
    one, two = gpg("--armor", "--export", "One"), gpg("--armor", "--export", "Two")
    lines = one.splitlines()
    broken = "\n".join([*lines[:4], *lines[5:]])
    secret = gpg("--armor", "--export-secret-keys", "One")
    for text in ("", "no key", "<html>404</html>", one + two, f"{one}\nmore", broken, secret, one[:400]):
        with pytest.raises(KeyFormatError):
            fingerprints(text)


@pytest.mark.parametrize(
    "packet", [b"\xca\x03PGP", b"\x9b", b"\xc6\xe1", b"\x05\x01", b"\x99\xff\xff\x04", b"\x98\x01\x06"]
)
def test_packets_that_no_public_key_has_are_refused(packet):
    body = base64.b64encode(packet).decode()
    text = f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{body}\n-----END PGP PUBLIC KEY BLOCK-----\n"
    with pytest.raises(KeyFormatError):
        fingerprints(text)
