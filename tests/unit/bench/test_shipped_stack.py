"""The Compose files are read as Compose reads them, so that whoever changes it edits no test."""

from bench import stack


def test_sizes_follow_the_hosts_where_a_service_is_global(monkeypatch):
    services = {"web": {"deploy": {"replicas": 3}}, "one": {}, "agent": {"deploy": {"mode": "global"}}}
    monkeypatch.setattr(stack, "SERVICES", services)
    assert stack.sizes(4) == {"web": 3, "one": 1, "agent": 4}
