"""JSON becomes frozen types, or the field that is wrong is named."""

import json
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model import observation
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import DecodeError, decode


@dataclass(frozen=True, kw_only=True)
class Inner:
    number: int
    share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Outer:
    names: tuple[str, ...]
    inner: Mapping[str, Inner | None]
    ready: bool = False


def test_values_are_built_all_the_way_down():
    found = decode(Outer, {"names": ["a"], "inner": {"x": {"number": 1, "share": 2}, "y": None}, "more": 1}, "m1")
    assert found == Outer(names=("a",), inner={"x": Inner(number=1, share=2.0), "y": None})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], r"^m1: found list, expected a mapping"),
        ({"names": []}, r"^m1\.inner is missing"),
        ({"names": "abc", "inner": {}}, r"^m1\.names: found str, expected a list"),
        ({"names": [1], "inner": {}}, r"^m1\.names: found int, expected str"),
        ({"names": [], "inner": {"x": {"number": "1"}}}, r"^m1\.inner\.x\.number: found str, expected int"),
        ({"names": [], "inner": {"x": {"number": True}}}, r"^m1\.inner\.x\.number: found bool, expected int"),
        ({"names": [], "inner": {}, "ready": "false"}, r"^m1\.ready: found str, expected bool"),
    ],
)
def test_wrong_field_is_named(value, message):
    with pytest.raises(DecodeError, match=message):
        decode(Outer, value, "m1")


def test_host_whose_answer_has_another_shape_is_named():
    host = sites.converged_site()["w1"]
    host["observation"]["system"]["cpus"] = "two"
    with pytest.raises(DecodeError, match=r"w1\.system\.cpus: found str, expected int"):
        observation.read("w1", host)


def test_host_that_could_not_be_reached_has_nothing_to_read():
    answer = {"desired": {"swarm": {"ansible_host": "10.0.0.2"}}, "unreachable": "no route"}
    found = observation.read("w1", answer)
    assert found.observation == observation.Unreachable("no route")
    assert found.desired.member.ansible_host == "10.0.0.2"


def test_observation_cannot_be_changed():
    found = observation.read("m1", sites.converged_site()["m1"])
    with pytest.raises(FrozenInstanceError):
        found.observation.login = "x"


def test_answer_leaves_out_what_only_managers_tell():
    worker = observation.read_observed("w1", sites.converged_site()["w1"]["observation"])
    assert not {"nodes", "stacks", "logs"} & worker.as_dict().keys()


@pytest.mark.parametrize("name", ["m1", "w1"])
def test_answer_of_a_host_is_read_as_it_was_made(name):
    made = observation.read_observed(name, sites.converged_site()[name]["observation"])
    assert observation.read_observed(name, json.loads(json.dumps(made.as_dict()))) == made
