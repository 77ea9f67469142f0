"""What a reset says at its end."""

import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.reset import reset_lines


def reset(found, done=("m1", "w1", "w2"), **options):
    """What a reset of hosts with a volume on w1 says at its end."""
    found["w1"]["observation"]["volumes"] = {"hello": {"hello_redis": True}}
    observed = {name: read_observed(name, host["observation"]) for name, host in found.items()}
    kept = {"data": False, "images": False, "registry_host": "m1", "registry_url": "reg:5000"}
    return reset_lines(observed, list(done), ["hello"], **{**kept, **options})


def test_end_of_a_reset_says_what_went_and_what_stayed():
    assert reset(sites.converged_site()) == [
        "Removed: stack hello, with its services, secrets, configs and releases",
        "Removed: the swarm, which m1, w1, w2 left",
        "Kept: the stack's data, volume hello_redis on w1 (-e reset_data=true removes it)",
        "Kept: the hosts' images (-e reset_images=true removes those that no container uses)",
        "Not touched: Docker, the registry on m1 with its images, and the logins to it",
        "site.yml sets the site up again.",
    ]


def test_end_of_a_reset_of_everything_says_so():
    lines = reset(sites.converged_site(), data=True, images=True, registry_host="")
    assert lines[2:5] == [
        "Removed: the stack's data, volume hello_redis on w1",
        "Removed: images that no container uses, on m1, w1, w2",
        "Not touched: Docker, the registry at reg:5000, and the logins to it",
    ]


def test_end_of_a_reset_claims_nothing_of_hosts_that_failed():
    lines = reset(sites.converged_site(), done=["m1", "w2"], data=True, images=True)
    assert [lines[1], lines[2], lines[-1]] == [
        "Removed: the swarm, which m1, w2 left",
        "Removed: images that no container uses, on m1, w2",
        "Not done on w1; see the error above, correct it and run again",
    ]


def test_end_of_a_reset_of_bare_hosts_says_that_nothing_was_there():
    bare = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    lines = reset(bare, data=True, images=True)
    assert lines[:2] == ["No host was in a swarm", "Removed: the stack's data, volume hello_redis on w1"]
    assert lines[2].startswith("Not touched")
