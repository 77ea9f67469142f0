"""What is read of a host where the answer is not the usual one."""

from ansible_collections.flotilla.swarm.plugins.module_utils import host


def test_system_manager_that_does_not_answer_runs_nothing():
    seen = host.services(lambda _command: (1, "", "Failed to connect to bus"), ["docker", "docker-registry"])
    assert list(seen) == ["docker", "docker-registry"]
    assert all(state == {"active": False, "enabled": False, "started": 0} for state in seen.values())


def test_services_are_told_apart_by_their_place():
    blocks = ["Id=a.service\nActiveState=active\nUnitFileState=enabled\nActiveEnterTimestamp=@7\n", "Id=b.service\n"]
    seen = host.services(lambda _command: (0, "\n".join(blocks), ""), ["a", "b"])
    assert seen["a"] == {"active": True, "enabled": True, "started": 7}
    assert not seen["b"]["active"]
