"""Who has taken over the app in a container gains no rights there, and takes no more of its host than its limits."""

from bench import stack

LIMITS = "{{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}} {{.HostConfig.Memory}}"
# What a container says when it is asked; and what another one gets of it.
LISTEN = "from socket import *; create_server(('', 8080)).accept()[0].sendall(b'reached')"
ASK = "from socket import *; print(create_connection(('{}', 8080), 5).recv(9))"


def test_tasks_gain_no_rights_and_have_limits(fleet):
    tasks = [
        (host, task)
        for host in fleet.addresses
        for service in stack.sizes(len(fleet.addresses))
        for task in fleet.containers(host, service)
    ]
    assert len(tasks) == sum(stack.sizes(len(fleet.addresses)).values())
    for host, task in tasks:
        process = fleet.on(host, f"cat /proc/$(docker inspect --format '{{{{.State.Pid}}}}' {task})/status")
        rights = dict(line.split(":\t", 1) for line in process.splitlines())
        assert (rights["NoNewPrivs"], int(rights["CapEff"], 16)) == ("1", 0)
        assert all(int(limit) > 0 for limit in fleet.on(host, f"docker inspect --format '{LIMITS}' {task}").split())


def test_containers_of_ones_own_do_not_reach_each_other(fleet):
    image = fleet.image_of(stack.WEB)
    run = f'docker run --rm --entrypoint python3 {{}} {image} -c "{{}}"'
    (host, *_) = fleet.nodes_of(stack.WEB)
    container = fleet.on(host, run.format("--detach", LISTEN)).strip()
    address = fleet.on(host, f"docker inspect --format '{{{{.NetworkSettings.IPAddress}}}}' {container}").strip()
    try:
        assert "reached" not in fleet.on(host, run.format("", ASK.format(address)), check=False)
        # It does listen: its host reaches it.
        assert "reached" in fleet.on(host, f'python3 -c "{ASK.format(address)}"')
    finally:
        fleet.on(host, f"docker kill {container}", check=False)
