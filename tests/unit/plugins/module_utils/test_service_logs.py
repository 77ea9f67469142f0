"""The engine's lines of a service's log."""

from ansible_collections.flotilla.swarm.plugins.module_utils import service_logs

DETAILS = "com.docker.swarm.node.id={},com.docker.swarm.service.id=s,com.docker.swarm.task.id={}"


class Engine:
    """An engine with the lines of each service."""

    def __init__(self, **lines):
        self.lines = lines

    def get(self, path):
        nodes = [{"ID": "n1", "Description": {"Hostname": "one"}}]
        return nodes if path == "/nodes" else [{"ID": "t1", "Slot": 3}, {"ID": "t2"}]

    def get_service_logs(self, service, _since, _lines):
        return self.lines[service]


def line(second, task, text, node="n1"):
    return f"2026-01-02T03:04:0{second}.123456789Z {DETAILS.format(node, task)} {text}"


def test_lines_of_all_services_are_in_the_order_of_their_times():
    engine = Engine(web=[line(1, "t1", "GET / 200"), line(5, "t1", "bye")], agent=[line(3, "t2", "got a=b,c=d")])
    found = service_logs.read(engine, ["web", "agent"], 0, 10)
    assert [(each.task, each.node, each.text) for each in found] == [
        ("web.3", "one", "GET / 200"),
        ("agent.one", "one", "got a=b,c=d"),
        ("web.3", "one", "bye"),
    ]


def test_task_and_node_that_are_gone_are_said_to_be():
    (found,) = service_logs.read(Engine(web=[line(1, "t9", "", node="n9")]), ["web"], 0, 10)
    assert (found.task, found.node, found.text) == ("web.a node that is gone", "a node that is gone", "")
