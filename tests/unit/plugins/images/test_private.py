"""Private files are found before it gets into an image."""

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.images.private import private_files

HEAD = "-----BEGIN {}PRIVATE KEY-----"
KEY = f"{HEAD}\n{'MIIEpQIB' * 8}\n"


def found(folder, *secrets):
    return private_files(str(folder), "Dockerfile", [str(folder / secret) for secret in secrets])


@pytest.fixture
def app(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "main.py").write_text("print()\n")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [".env", ".env.local", ".env.production.local", ".netrc", ".pgpass", ".git-credentials", "site.p12", "site.pfx"],
)
def test_files_that_tools_keep_logins_and_keys_in(app, name):
    (app / name).write_text("")
    assert found(app) == [name]


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "ENCRYPTED ", "OPENSSH "])
def test_keys_whatever_their_file_is_called(app, kind):
    (app / "tls").mkdir()
    (app / "tls/site.txt").write_text(f"-----BEGIN CERTIFICATE-----\nMIIC\n{KEY.format(kind)}")
    assert found(app) == ["tls/site.txt"]


@pytest.mark.parametrize("name", [".env.example", ".env.production", "environment", "translation.key", "env"])
def test_examples_and_others_are_not_private(app, name):
    (app / name).write_text("-----BEGIN PUBLIC KEY-----")
    (app / "main.py").write_text(f"if line == '{HEAD.format('RSA ')}': pass  # " + "and then it goes on" * 9)
    assert found(app) == []


def test_secrets_are_private_whatever_they_are_called(app):
    (app / "password.txt").write_text("value")
    assert found(app, "password.txt", "elsewhere.txt") == ["password.txt"]


@pytest.mark.parametrize(("ignore", "left"), [(".env", ["test.key"]), ("!test.key", [".env"]), ("*\n!main.py", [])])
def test_what_is_kept_out_or_let_through_by_name_is_nobodys_mistake(app, ignore, left):
    (app / ".env").write_text("")
    (app / "test.key").write_text(KEY.format(""))
    (app / ".dockerignore").write_text(ignore)
    assert found(app) == left
