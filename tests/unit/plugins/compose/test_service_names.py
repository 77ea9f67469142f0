"""By which names services reach each other."""

import pytest


@pytest.mark.parametrize(
    ("fields", "networks"),
    [
        ({}, {"default": {"aliases": ["shop-web"]}}),
        (
            {"networks": {"front": {"aliases": ["page", "shop-web"]}, "proxy": None}},
            {"front": {"aliases": ["page", "shop-web"]}, "proxy": {"aliases": ["shop-web"]}},
        ),
        ({"container_name": "web"}, {"default": None}),
    ],
    ids=["of its own", "beside others", "that of the service"],
)
def test_name_of_a_container_is_an_alias_on_each_network(service, fields, networks):
    sections = {"front": None, "proxy": {"external": True}}
    made, translated = service({"container_name": "shop-web", **fields}, networks=sections)
    assert made["networks"] == networks
    assert (translated.warnings, translated.problems) == ((), ())


@pytest.mark.parametrize("network", [{"external": True, "name": "host"}, {"external": True, "name": "bridge"}])
def test_network_that_engines_bring_has_no_names(service, network):
    made, _ = service({"container_name": "shop-web", "networks": ["own"]}, networks={"own": network})
    assert made["networks"] == {"own": None}


def test_service_without_networks_of_its_own_has_no_other_name(service):
    made, _ = service({"container_name": "shop-web", "network_mode": "bridge"})
    assert "networks" not in made
