"""When ``flotilla.swarm.converge`` ends."""

import json
from types import SimpleNamespace

import pytest
import sites
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.flotilla.swarm.plugins.action import converge
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_observed

OLD = dict(sites.task(3), current=False)
TWIN = dict(sites.task(2), id="twin")


@pytest.fixture
def follow(monkeypatch):
    """Follow a service of three, time passing by itself."""
    clock = SimpleNamespace(now=0.0)

    def sleep(seconds):
        clock.now += seconds

    monkeypatch.setattr(converge, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep))
    monkeypatch.setattr(ActionBase, "run", lambda *_given: {})

    def follow(*tasks, size=2, **arguments):
        service = sites.service(size, tasks=[sites.task(1), sites.task(2), *tasks])
        found = SimpleNamespace(stacks={"hello": SimpleNamespace(services=sites.services(web=service))}, nodes=())
        monkeypatch.setattr(converge.ActionModule, "_observe", lambda *_given: found)
        action = object.__new__(converge.ActionModule)
        action._task = SimpleNamespace(args={"stack": "hello", "timeout": 600, **arguments})
        return action.run()

    return follow


def test_a_gate_is_passed_by_a_service_at_its_size(follow):
    assert follow(steady=10)["stale"] == []


@pytest.mark.parametrize(("task", "size"), [(OLD, 2), (TWIN, 2), (TWIN, 3)])
def test_a_gate_is_not_passed_beside_tasks_that_an_update_left_behind(follow, task, size):
    with pytest.raises(AnsibleActionFail, match=r"left behind in web .* docker service update --force hello_web"):
        follow(task, size=size, steady=10)


def test_a_deploy_learns_of_such_tasks_and_ends_them(follow):
    assert follow(OLD)["stale"] == ["web"]


def test_stack_is_read_from_what_the_module_answers():
    observed = sites.converged_site()["m1"]["observation"]
    action = object.__new__(converge.ActionModule)
    action._task = SimpleNamespace(args={"stack": "hello"})
    action._execute_module = lambda *_given, **_more: {"observation": json.dumps(observed)}
    assert action._observe({}) == read_observed("m1", observed)
