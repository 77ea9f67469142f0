"""The stack file is read as Docker reads it, so that whoever changes it edits no test."""

import pytest

from bench import stack


@pytest.mark.parametrize(
    ("port", "published"),
    [
        ("4000:80", 4000),
        ("127.0.0.1:4000:80/tcp", 4000),
        ({"target": 80, "published": "4000"}, 4000),
        ("80", None),
        (80, None),
        ({"target": 80}, None),
    ],
)
def test_published_port_in_each_form(port, published):
    assert stack.published(port) == published


def test_sizes_follow_the_hosts_where_a_service_is_global(monkeypatch):
    services = {"web": {"deploy": {"replicas": 3}}, "one": {}, "agent": {"deploy": {"mode": "global"}}}
    monkeypatch.setattr(stack, "SERVICES", services)
    assert stack.sizes(4) == {"web": 3, "one": 1, "agent": 4}
