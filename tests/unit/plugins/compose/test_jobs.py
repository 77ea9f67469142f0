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
    goes_on = {"failure_action": "continue"}
    policy = {"restart_policy": {"condition": "none"}, "update_config": goes_on, "rollback_config": goes_on}
    assert made["deploy"] == {"mode": mode, **policy}
    assert translated.problems == ()


def test_update_of_a_job_goes_on_unless_the_file_says_otherwise(service):
    deploy = {"restart_policy": {"condition": "none"}, "update_config": {"delay": "3s", "failure_action": "pause"}}
    made, _ = service({"deploy": deploy})
    assert made["deploy"]["update_config"] == {"delay": "3s", "failure_action": "pause"}
    assert made["deploy"]["rollback_config"] == {"failure_action": "continue"}
