"""The engine's client: log frames and stored logins."""

import base64
import json

from ansible_collections.flotilla.swarm.plugins.module_utils import engine


def test_log_frames_are_joined_to_lines():
    frames = b"".join(
        bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text
        for stream, text in [(1, b"one\ntw"), (1, b"o\n"), (2, b"three\n")]
    )
    assert engine.demultiplex(frames) == ["one", "two", "three"]


def test_plain_log_is_kept():
    assert engine.demultiplex(b"one\ntwo\n") == ["one", "two"]


def test_empty_log():
    assert engine.demultiplex(b"") == []


def test_stored_login_is_found():
    auth = base64.b64encode(b"me:pass:word").decode()
    config = json.dumps({"auths": {"reg:5000": {"auth": auth}}})
    assert engine.stored_credentials(config, "reg:5000") == {"username": "me", "password": "pass:word"}


def test_broken_or_other_logins_are_none():
    for config in ("", "{", "[]", "{}", '{"auths": {"other": {}}}', '{"auths": {"reg:5000": {"auth": "!"}}}'):
        assert engine.stored_credentials(config, "reg:5000") is None


def test_missing_engine_is_an_error_with_the_path(tmp_path):
    try:
        engine.Engine(str(tmp_path / "no.sock")).get("/info")
    except engine.EngineError as error:
        assert error.status == 0
        assert "no.sock" in error.message
    else:
        raise AssertionError("no error")
