"""What is kept in Redis, and what never leaves the app."""

import contextlib
import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest
import redis
from conftest import PASSWORD, wait_until
from hello.store import KEEP_SECONDS


def test_replicas_leave_some_time_after_their_last_visit(run_web, redis_server):
    run_web(NODE_NAME="n1").text()
    with redis_server.client() as client:
        (field,) = client.hgetall("spread")
        assert 0 < client.httl("spread", field)[0] <= KEEP_SECONDS
        assert client.ttl("visits") == -1


@pytest.mark.parametrize(
    "spoil",
    [
        {"no-node": "1"},
        {"n1/none": "many"},
        {b"n1/\xff": "1"},
        {"n1/one": "-5"},
    ],
    ids=["name", "number", "bytes", "negative"],
)
def test_what_is_no_share_of_a_replica_stops_no_page(run_web, redis_server, spoil):
    """A replica that was taken over may count in any field."""
    with redis_server.client() as client:
        client.hset("spread", mapping=spoil)
    web = run_web(NODE_NAME="n1", REPLICA="one")
    assert "<b>Visits:</b> 1" in web.text()
    assert "<b>Visits:</b> 2" in web.text()


def test_counter_survives_redis(run_web, redis_server):
    web = run_web()
    web.text()
    redis_server.stop()
    redis_server.start()
    web.text()
    with redis_server.client() as client:
        assert client.get("visits") == "2"


def test_no_connection_of_before_a_restart_loses_a_visit(run_web, redis_server):
    web = run_web()
    with ThreadPoolExecutor(4) as visitors:
        list(visitors.map(lambda _: web.text(), range(20)))
        redis_server.stop()
        redis_server.start()
        list(visitors.map(lambda _: web.text(), range(20)))
    with redis_server.client() as client:
        assert client.get("visits") == "40"


def test_visit_whose_answer_is_lost_is_not_counted_again(run_web, redis_server):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        Thread(target=lose_answers, args=[proxy, redis_server.port], daemon=True).start()
        page = run_web(REDIS_PORT=str(proxy.getsockname()[1])).text()
        assert "counter disabled" in page
        with redis_server.client() as client:
            assert client.get("visits") == "1"


def test_changed_password_is_read_at_the_next_connect(run_web, redis_server):
    redis_server.password_file.write_text("not yet")
    web = run_web()
    assert "Redis refuses the password" in web.text()
    redis_server.password_file.write_text(PASSWORD)
    wait_until(lambda: "counter disabled" not in web.text())


def test_missing_password_file_means_no_password(run_web, redis_server):
    web = run_web(REDIS_PASSWORD_FILE="/nonexistent")
    assert "Redis refuses the password" in web.text()
    redis_server.stop()
    redis_server.start_without_users()
    wait_until(lambda: "counter disabled" not in web.text())


def test_password_that_cannot_be_read_is_read_later(run_web, redis_server):
    redis_server.password_file.unlink()
    redis_server.password_file.mkdir()
    web = run_web()
    assert "Redis does not answer" in web.text()
    redis_server.password_file.rmdir()
    redis_server.password_file.write_text(PASSWORD)
    wait_until(lambda: "Redis does not answer" not in web.text())
    assert web.text("/readyz") == "ok\n"
    assert "Is a directory" in web.log.read_text()


@pytest.mark.parametrize("password", [" ends and begins with a space ", "ends in a return\r", "\t"])
def test_only_newlines_at_the_end_are_no_part_of_the_password(run_web, redis_server, password):
    redis_server.stop()
    redis_server.password_file.write_text(f"{password}\n", newline="")
    redis_server.start()
    assert run_web().text("/readyz") == "ok\n"


@pytest.mark.parametrize(
    ("user", "command"),
    [
        ("app", "GET visits"),
        ("app", "INCRBY others 1"),
        ("app", "KEYS *"),
        ("app", "FLUSHALL"),
        ("app", "CONFIG GET maxclients"),
        ("operator", "FLUSHALL"),
        ("operator", "CONFIG SET appendonly no"),
        ("operator", "ACL SETUSER app +@all"),
        ("operator", "EVAL return 0"),
        ("operator", "REPLICAOF 127.0.0.1 1"),
        ("operator", "SHUTDOWN"),
    ],
)
def test_nobody_may_run_more_commands_than_needed(redis_server, user, command):
    with redis_server.client(user) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())


def test_without_a_login_nothing_is_answered(redis_server):
    with redis.Redis(port=redis_server.port) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_operator_copies_the_data_and_sees_how_redis_does(run_web, redis_server, tmp_path):
    run_web().text()
    environment = {**os.environ, "REDISCLI_AUTH": (tmp_path / "operator").read_text().strip()}
    ask = ["redis-cli", "-p", str(redis_server.port), "--user", "operator"]
    for words in (["--rdb", str(tmp_path / "copy.rdb")], ["info"], ["config", "get", "maxclients"], ["client", "list"]):
        done = subprocess.run([*ask, *words], env=environment, capture_output=True, text=True, check=True)
        assert "NOPERM" not in done.stdout
    assert (tmp_path / "copy.rdb").read_bytes().startswith(b"REDIS")


def test_more_connections_than_the_limit_are_refused_and_those_of_before_go_on(run_web, redis_server):
    web = run_web()
    web.text()
    address = ("127.0.0.1", redis_server.port)
    with contextlib.ExitStack() as strangers:
        made = [strangers.enter_context(socket.create_connection(address)) for _ in range(1000)]
        made[-1].settimeout(10)
        assert b"max number of clients reached" in made[-1].recv(100)
        assert "counter disabled" not in web.text()


def test_password_shows_nowhere(run_web, redis_server):
    web = run_web()
    pages = web.text() + web.text("/readyz") + str(web.get().headers)
    redis_server.stop()
    redis_server.start()
    redis_server.password_file.write_text(f"{PASSWORD}-wrong")
    pages += web.text() + web.text("/readyz")
    assert "Redis refuses the password" in pages
    assert PASSWORD not in pages
    assert PASSWORD not in web.log.read_text()
    process = Path("/proc", str(web.process.pid))
    assert PASSWORD not in (process / "environ").read_text()
    assert PASSWORD not in (process / "cmdline").read_text()


def lose_answers(proxy: socket.socket, port: int) -> None:
    """Pass logins on to Redis, and visits too; but end the connection before the answer to a visit."""
    with contextlib.suppress(OSError):
        while True:
            client, _ = proxy.accept()
            with client, socket.create_connection(("127.0.0.1", port)) as server:
                while request := client.recv(65536):
                    server.sendall(request)
                    reply = server.recv(65536)
                    if b"EXEC" in request:
                        break
                    client.sendall(reply)
