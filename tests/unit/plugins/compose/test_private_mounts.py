"""Files of a project that are no configs: whoever reaches a manager can read those."""

import pytest

from tests.support.problems import told

KEY = f"-----BEGIN EC PRIVATE KEY-----\n{'MIIEpQIB' * 8}\n"


@pytest.fixture
def mounted(service, tmp_path):
    """Translate a service that mounts a file."""

    def make(name, text="x", mode=0o644):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
        return service({"volumes": [f"./{name}:/run/it:ro"]})

    return make


@pytest.mark.parametrize(
    ("name", "text", "mode"),
    [
        (".env", "PASSWORD=x", 0o644),
        ("site.pem", KEY, 0o644),
        ("acme.json", "{}", 0o600),
        ("acme.json", "", 0o600),
        ("token", "x", 0o400),
    ],
    ids=["by its name", "by a key in it", "by its mode", "empty", "read-only"],
)
def test_private_file_is_no_config(mounted, name, text, mode):
    made, translated = mounted(name, text, mode)
    (problem,) = translated.problems
    assert told([problem]) == ["field-refused: .files: services.web.volumes"]
    assert f"./{name}" in problem.found and "secrets" in problem.fix and "target: /run/it" in problem.fix
    assert (made.get("configs"), translated.content.get("configs")) == (None, None)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o755])
def test_file_that_others_may_read_is_a_config(mounted, mode):
    made, translated = mounted("site.conf", "x", mode)
    assert ([use["target"] for use in made["configs"]], translated.problems) == (["/run/it"], ())
