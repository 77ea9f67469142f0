import tarfile

from fleet import host


def test_seed_holds_the_hosts_keys_with_the_owners_that_sshd_wants(tmp_path):
    path = tmp_path / "seed.tar"
    host.write_seed(path, "private", "public", "authorized")
    with tarfile.open(path) as archive:
        files = {entry.name: (archive.extractfile(entry).read().decode(), entry.mode, entry.uname) for entry in archive}
    assert files == {
        "etc/ssh/ssh_host_ed25519_key": ("private", 0o600, "root"),
        "etc/ssh/ssh_host_ed25519_key.pub": ("public", 0o644, "root"),
        "home/admin/.ssh/authorized_keys": ("authorized", 0o600, "admin"),
    }
    assert path.stat().st_mode & 0o777 == 0o600
