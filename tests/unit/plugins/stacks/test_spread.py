"""How tasks come to nodes that have fewer."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import spread


def service_on(sizes, order="start-first", constraints=(), **node):
    """A service with so many tasks on each node, and the nodes, the last of them changed."""
    nodes = [sites.node(number, "worker") for number in range(1, len(sizes) + 1)]
    nodes[-1].update(node)
    tasks = [
        sites.task(slot, node=f"node-{number}")
        for slot, number in enumerate((number for number, size in enumerate(sizes, 1) for _ in range(size)), 1)
    ]
    service = sites.service(sum(sizes), tasks=tasks)
    service["spec"]["UpdateConfig"] = {"Order": order}
    service["spec"]["TaskTemplate"]["Placement"] = {"Constraints": list(constraints)}
    return sites.services(web=service), sites.nodes(*nodes)


@pytest.mark.parametrize(
    ("sizes", "moves", "to_empty"),
    [
        ([3, 2, 0], 1, 1),
        ([5, 0, 0], 3, 3),
        ([5, 0], 2, 2),
        ([2, 2, 1], 0, 0),
        ([4, 1, 1], 2, 0),
        ([4, 2, 0], 2, 2),
        ([6, 1, 0], 3, 3),
        ([1, 0, 0], 0, 0),
        ([1, 1, 0], 0, 0),
        ([0, 0], 0, 0),
    ],
)
def test_as_few_tasks_move_as_make_it_even(sizes, moves, to_empty):
    services, nodes = service_on(sizes)
    assert spread.surplus(services["web"], nodes) == moves
    assert spread.surplus(services["web"], nodes, only_to_empty=True) == to_empty


@pytest.mark.parametrize("node", [{"availability": "drain"}, {"availability": "pause"}, {"state": "down"}])
def test_node_that_takes_no_tasks_gets_none(node):
    services, nodes = service_on([3, 2, 0], **node)
    assert spread.surplus(services["web"], nodes) == 0
    assert spread.empty_nodes(services["web"], nodes) == []


def test_tasks_go_only_where_the_constraints_let_them():
    services, nodes = service_on([3, 0], constraints=["node.labels.flotilla.volume.hello_redis-data == true"])
    assert spread.surplus(services["web"], nodes) == 0
    services, nodes = service_on([3, 0, 0], constraints=["node.id != node-3"])
    assert spread.surplus(services["web"], nodes) == 1


def test_service_that_cannot_move_without_a_gap_is_left_alone():
    services, _nodes = service_on([3, 0], order="stop-first")
    assert [*spread.movable(services)] == []
    assert [name for name, _service in spread.movable(service_on([3, 0])[0])] == ["web"]


def test_empty_nodes_are_those_that_another_one_could_give_to():
    services, nodes = service_on([3, 2, 0])
    assert [node.id for node in spread.empty_nodes(services["web"], nodes)] == ["node-3"]
    services, nodes = service_on([1, 0, 0])
    assert spread.empty_nodes(services["web"], nodes) == []


@pytest.mark.parametrize(
    "template",
    [
        {"Placement": {"Constraints": ["engine.labels.disk == ssd"]}},
        {"Placement": {"Constraints": ["node.platform.os == linux"]}},
        {"Placement": {"Preferences": [{"Spread": {"SpreadDescriptor": "node.labels.zone"}}]}},
        {"Placement": {"MaxReplicas": 2}},
        {"Resources": {"Reservations": {"MemoryBytes": 1}}},
    ],
    ids=str,
)
def test_service_that_swarm_alone_can_place_is_not_taken_for_free(template):
    """Its tasks might come back to where they were, and again in each run."""
    services, nodes = service_on([3, 2, 0])
    assert spread.is_free(services["web"])
    wishing = sites.service(5, tasks=[sites.task(slot) for slot in range(1, 6)])
    wishing["spec"]["TaskTemplate"] |= template
    service = sites.services(web=wishing)["web"]
    assert not spread.is_free(service)
    assert spread.empty_nodes(service, nodes) == []
