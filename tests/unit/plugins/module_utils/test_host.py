"""What is read of a host where the answer is not the usual one."""

import contextlib
import hashlib
import http.server
import os
import shutil
import subprocess
import threading

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import host
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.host import Unit


def test_a_command_that_is_not_there_or_fails_prints_nothing():
    def is_not_there(_command):
        raise FileNotFoundError

    assert host.output(is_not_there, ["iptables-save"]) is None
    assert host.output(lambda _command: (1, "half", "refused"), ["iptables-save"]) is None
    assert host.output(lambda _command: (0, "", ""), ["iptables-save"]) == ""


@contextlib.contextmanager
def serving(*statuses):
    """Answer visits with these statuses, one after the other; gives the port."""
    left = list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(left.pop(0))
            self.end_headers()
            self.wfile.write(b"Redis refuses the password\nand more\n")

        def log_message(self, *_words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()
    assert not left


def test_page_must_answer_each_of_the_visits():
    with serving(200, 204, 200) as port:
        assert host.page("127.0.0.1", port, "/", visits=3) == ""
    with serving(200, 503) as port:
        assert host.page("127.0.0.1", port, "/", visits=3) == "visit 2 of 3: HTTP 503"
    with serving(404) as port:
        assert host.page("127.0.0.1", port, "/") == "HTTP 404"
    assert "refused" in host.page("127.0.0.1", port, "/", visits=3)


def test_service_without_pages_must_only_take_connections():
    with serving() as port:
        assert host.page("127.0.0.1", port, "", visits=3) == ""
    assert host.page("127.0.0.1", port, "").endswith("Connection refused")


def test_only_an_error_of_the_server_says_that_an_app_is_not_ready():
    with serving(200, 404) as port:
        assert [host.readiness("127.0.0.1", port, "/readyz") for _visit in range(2)] == ["", ""]
    with serving(503) as port:
        assert host.readiness("127.0.0.1", port, "/readyz") == "/readyz: HTTP 503: Redis refuses the password"
    assert "refused" in host.readiness("127.0.0.1", port, "/readyz")


def test_digest_of_a_secret_file_is_not_told(tmp_path):
    secret, certificate = str(tmp_path / "secret"), str(tmp_path / "certificate")
    for path, mode in ((secret, 0o600), (certificate, 0o644)):
        with open(path, "w") as stream:
            stream.write("short")
        os.chmod(path, mode)
    digest = hashlib.sha256(b"short").hexdigest()
    observed = host.files([secret, certificate], [])
    assert {path: file.sha256 for path, file in observed.items()} == {secret: "", certificate: digest}
    assert host.files([secret], [secret])[secret].sha256 == digest


def test_system_manager_that_does_not_answer_runs_nothing():
    observed = host.services(lambda _command: (1, "", "Failed to connect to bus"), ["docker", "docker-registry"])
    assert list(observed) == ["docker", "docker-registry"]
    assert all(
        state == Unit(active=False, failed=False, enabled=False, started=0, replaced=False)
        for state in observed.values()
    )


def test_program_that_was_replaced_while_it_runs_is_told(tmp_path):
    program = tmp_path / "engine"
    shutil.copy("/usr/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        block = f"Id=docker.service\nActiveState=active\nMainPID={process.pid}\n"
        observed = [host.services(lambda _command: (0, block, ""), ["docker"])["docker"].replaced]
        program.unlink()
        observed += [host.services(lambda _command: (0, block, ""), ["docker"])["docker"].replaced]
        process.kill()
    assert observed == [False, True]


def test_flags_of_a_process_are_told_without_what_may_be_a_login():
    command = ["/bin/sh", "-c", "echo; read line", "-H", "fd://", "--http-proxy=http://user:secret@proxy"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        # Before that the kernel may not tell them yet.
        process.stdout.readline()
        block = f"Id=docker.service\nActiveState=active\nMainPID={process.pid}\n"
        observed = host.services(lambda _command: (0, block, ""), ["docker"])["docker"].flags
        process.kill()
    assert observed == ("-c", "-H", "--http-proxy")


def test_services_are_told_apart_by_their_place():
    blocks = ["Id=a.service\nActiveState=active\nUnitFileState=enabled\nActiveEnterTimestamp=@7\n", "Id=b.service\n"]
    observed = host.services(lambda _command: (0, "\n".join(blocks), ""), ["a", "b"])
    assert observed["a"] == Unit(active=True, failed=False, enabled=True, started=7, replaced=False)
    assert not observed["b"].active


@pytest.mark.parametrize(
    ("state", "failed"),
    [
        ("ActiveState=failed\nSubState=failed", True),
        # Between two attempts of systemd's own.
        ("ActiveState=activating\nSubState=auto-restart", True),
        ("ActiveState=activating\nSubState=start", False),
        ("ActiveState=inactive\nSubState=dead", False),
    ],
)
def test_failed_starts_are_noticed(state, failed):
    observed = host.services(lambda _command: (0, f"Id=a.service\n{state}\n", ""), ["a"])["a"]
    assert (observed.active, observed.failed) == (False, failed)
