import pytest

from fleet import fleet, settings, state
from fleet.errors import FleetError


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "home", lambda: tmp_path)
    return tmp_path


def test_a_fleet_takes_the_lowest_free_number(home):
    for name, index in (("a", 0), ("b", 2)):
        folder = home / "fleets" / name
        folder.mkdir(parents=True)
        state.save(folder, state.State(index=index, image="0"))
    (home / "fleets" / "left-by-a-killed-command").mkdir()
    assert fleet.free_index() == 1


def test_state_is_read_as_it_was_written(tmp_path):
    kept = state.State(index=1, image="abc", hosts={"manager-1": 1536}, published=[4000])
    state.save(tmp_path, kept)
    assert state.load(tmp_path) == kept


def test_a_fleet_that_is_not_there_is_answered_with_up():
    with pytest.raises(FleetError, match="run: python -m fleet up 3 --name demo"):
        fleet.Fleet("demo").load()


def test_an_unknown_host_is_answered_with_the_known_ones():
    one = fleet.Fleet("demo")
    with pytest.raises(FleetError, match="expected one of manager-1"):
        one.host(state.State(index=0, image="0", hosts={"manager-1": 1536}), "worker-9")
