"""Volumes that a stack does not make: nothing says which node has them."""

import pytest

EXTERNAL = {"data": {"external": True}, "own": None}


def mounting(*constraints, **deploy):
    placed = {"placement": {"constraints": [*constraints]}} if constraints else {}
    return {"image": "a.example/x", "volumes": ["data:/data", "own:/own"], "deploy": {**placed, **deploy}}


@pytest.mark.parametrize(
    "service",
    [
        mounting("node.hostname == one"),
        mounting("node.platform.os == linux", "node.labels.disk==big"),
        mounting("node.id == abc"),
        mounting(mode="global"),
        {"image": "a.example/x"},
    ],
    ids=["name", "label", "ID", "global", "not mounted"],
)
def test_service_that_its_user_holds_is_not_told(project, service):
    assert project({"services": {"db": service}, "volumes": EXTERNAL}).warnings == ()


@pytest.mark.parametrize(
    "service",
    [mounting(), mounting("node.role == manager"), mounting("node.hostname != one")],
    ids=["anywhere", "any manager", "all but one"],
)
def test_service_that_may_start_without_the_volume_is_told(project, service):
    services = {"db": service, "held": mounting("node.hostname == one")}
    translated = project({"services": services, "volumes": EXTERNAL})
    ((where, text),) = translated.warnings
    assert (where, "db begins" in text, "held" in text) == ("volumes.data", True, False)
    assert translated.problems == ()
