"""What a host answers is taken for its state only where it can be that; a host may be stolen."""

import json

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model import observation


def test_state_is_read():
    assert observation.parse('{"system": {"time": 1}, "packages": {}}') == {"system": {"time": 1}, "packages": {}}


@pytest.mark.parametrize("answer", ["", "{"])
def test_what_is_no_json_is_an_error(answer):
    with pytest.raises(ValueError, match="line 1 column"):
        observation.parse(answer)


@pytest.mark.parametrize("answer", ["[]", "5", "{}", '{"system": 5}', "[" * 100000, {}, 5, None])
def test_another_shape_is_an_error(answer):
    with pytest.raises(ValueError, match="another shape than expected"):
        observation.parse(answer)


def test_answer_has_a_limit(monkeypatch):
    answer = json.dumps({"system": {}})
    monkeypatch.setattr(observation, "LARGEST", len(answer))
    observation.parse(answer)
    with pytest.raises(ValueError, match=f"{len(answer) + 1} bytes"):
        observation.parse(f"{answer} ")
