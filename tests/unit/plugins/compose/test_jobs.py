"""Services whose tasks are to end."""

import pytest

from tests.support.problems import told


@pytest.mark.parametrize("mode", ["replicated-job", "global-job"])
def test_swarms_own_jobs_are_refused(service, mode):
    _, translated = service({"deploy": {"mode": mode}})
    assert told(translated.problems) == ["field-refused: .files: services.web.deploy.mode"]
    (problem,) = translated.problems
    assert 'restart: "no"' in problem.fix


@pytest.mark.parametrize("mode", ["replicated", "global"])
def test_service_of_each_other_mode_may_be_a_job(service, mode):
    made, translated = service({"restart": "no", "deploy": {"mode": mode}})
    assert made["deploy"] == {"mode": mode, "restart_policy": {"condition": "none"}}
    assert translated.problems == ()
