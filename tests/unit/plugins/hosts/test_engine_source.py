"""Where an engine comes from, at which version, and what may not be changed, from observations alone."""

import subprocess
from dataclasses import replace

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.host import File
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts import engine_source
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model import desired
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import plan_lines
from sites import acts, make_plan, of_phase

from tests.support.problems import told

VENDOR = {"docker-ce": "5:28.5.1-1~debian.13~trixie", "docker-ce-cli": "5:28.5.1-1~debian.13~trixie"}


def engine_settings(**changes):
    pattern = f"*{changes.get('version')}[-+~]*?"
    settings = {**sites.desired("10.0.0.1")["docker_engine"], "pattern": pattern, **changes}
    return decode(desired.Engine, settings, "engine")


def observed(packages=None, **changes):
    """A host with these packages, and an engine if there are any."""
    found = {**sites.bare("10.0.0.1"), "engine": {"version": "28.5.1"} if packages else None, **changes}
    found["packages"].update(packages or {})
    return read_observed("m1", found)


def converged_at(version):
    """A host that ``docker_version`` was brought to."""
    files = {sites.PIN: decode(File, sites.file_of(f"{sites.PIN}\n"), "file")}
    packages = {"docker.io": f"{version}+dfsg1-9", "docker-cli": f"{version}+dfsg1-9+b1"}
    return replace(observed(packages, held=["docker.io", "docker-cli"]), files=files)


def problems(settings, observed):
    return told(list(engine_source.problems("m1", settings, observed)))


def texts(engine):
    return [change.text for change in engine.changes]


def test_bare_host_gets_the_source_that_is_engine_settings():
    distro = engine_source.decide(engine_settings(), observed())
    assert texts(distro) == ["install docker.io, docker-cli"]
    assert (distro.files, distro.builder) == ({}, ("docker-buildx",))
    vendor = engine_source.decide(engine_settings(source="vendor"), observed())
    assert texts(vendor) == [
        f"write {sites.KEY}",
        f"write {sites.REPOSITORY}",
        "install docker-ce, docker-ce-cli, containerd.io",
    ]
    assert (vendor.requests, vendor.builder) == (vendor.packages, ("docker-buildx-plugin",))


@pytest.mark.parametrize(
    ("source", "packages", "builder"),
    [
        ("distro", {**VENDOR, "containerd.io": "2.1.1-1"}, "docker-buildx-plugin"),
        ("vendor", {"docker.io": "26.1.5+dfsg1-9", "docker-cli": "26.1.5+dfsg1-9"}, "docker-buildx"),
    ],
)
def test_engine_of_the_other_source_is_kept_and_named(source, packages, builder):
    engine = engine_source.decide(engine_settings(source=source), observed(packages))
    assert (engine.changes, engine.files, engine.builder) == ((), {}, (builder,))
    for part in (f"{next(iter(packages))} {next(iter(packages.values()))}", f"docker_source is {source}"):
        assert part in engine.note


def test_engine_of_no_package_is_kept_and_named():
    engine = engine_source.decide(engine_settings(version="28.5.1"), observed(engine={"version": "27.0.0"}))
    assert (engine.changes, engine.packages) == ((), ())
    assert "engine 27.0.0, which is of no package" in engine.note


@pytest.mark.parametrize("name", ["docker.io", "docker-ce"])
def test_half_installed_engine_is_installed_and_no_stranger(name):
    found = observed(unfinished=[name], engine={"version": "27.0.0"})
    engine = engine_source.decide(engine_settings(source="vendor" if name == "docker-ce" else "distro"), found)
    assert any(text.startswith(f"install {name}, ") for text in texts(engine))
    assert not engine.note


def test_version_is_asked_for_pinned_and_held():
    engine = engine_source.decide(engine_settings(source="vendor", version="28.5.1"), observed())
    assert engine.requests == ("docker-ce=*28.5.1[-+~]*?", "docker-ce-cli=*28.5.1[-+~]*?", "containerd.io")
    assert texts(engine)[-2:] == [
        "install docker-ce, docker-ce-cli, containerd.io",
        "hold docker-ce, docker-ce-cli at 28.5.1",
    ]
    assert sites.PIN in engine.files and not engine.change


def test_desired_version_has_nothing_to_do():
    engine = engine_source.decide(engine_settings(version="26.1.5"), converged_at("26.1.5"))
    assert (engine.changes, engine.hold, engine.change) == ((), (), False)


@pytest.mark.parametrize("version", ["26.1.4", "26.1.50", "27.0.0"])
def test_other_version_is_changed(version):
    engine = engine_source.decide(engine_settings(version="26.1.5"), converged_at(version))
    assert texts(engine) == [
        f"bring docker.io from {version}+dfsg1-9 to 26.1.5 (docker_version)",
        f"bring docker-cli from {version}+dfsg1-9+b1 to 26.1.5 (docker_version)",
        "hold docker.io, docker-cli at 26.1.5",
    ]
    assert engine.change


def test_lost_hold_is_noticed():
    found = replace(converged_at("26.1.5"), held=("docker.io",))
    engine = engine_source.decide(engine_settings(version="26.1.5"), found)
    assert (texts(engine), engine.hold) == (["hold docker-cli at 26.1.5"], ("docker-cli",))


def test_version_that_is_not_set_any_more_is_released():
    engine = engine_source.decide(engine_settings(), converged_at("26.1.5"))
    assert texts(engine) == [f"remove {sites.PIN}, release docker.io, docker-cli"]
    assert engine.unhold == ("docker.io", "docker-cli")


def test_hold_by_hand_stays():
    found = replace(converged_at("26.1.5"), files={sites.PIN: None})
    engine = engine_source.decide(engine_settings(), found)
    assert (engine.changes, engine.unhold) == ((), ())


def test_host_without_engine_gets_none():
    assert engine_source.decide(None, observed()) == engine_source.Engine()
    assert problems(None, observed()) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"source": "vendor"}, "setting-missing: docker_vendor_key, m1"),
        ({"source": "vendor", "key": "<html>"}, "key-untrusted: docker_vendor_key, m1"),
        ({"version": "28.5"}, "setting-invalid: docker_version, m1"),
        ({"version": "24.0.7"}, "setting-invalid: docker_version, m1"),
        ({"version": "28.5.1*"}, "setting-invalid: docker_version, m1"),
    ],
)
def test_bad_variables_are_named(changes, problem):
    assert problems(engine_settings(**changes), observed()) == [problem]


def test_key_must_be_the_whole_file_and_nothing_more(tmp_path):
    file = tmp_path / "docker.asc"
    file.write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n")
    checksum = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout.split()[0]
    vendor = engine_settings(source="vendor", key=file.read_text(), checksum=f"sha256:{checksum}")
    assert problems(vendor, observed()) == []
    # As lookups and block scalars of YAML give it.
    assert problems(replace(vendor, key=file.read_text().strip()), observed()) == []
    assert problems(replace(vendor, key=file.read_text() * 2), observed()) == ["key-untrusted: docker_vendor_key, m1"]


def test_suite_of_another_release_is_refused():
    found = observed(system={**sites.bare("10.0.0.1")["system"], "distribution": "ubuntu 24.04"})
    vendor = engine_settings(source="vendor", key=sites.KEY)
    assert problems(vendor, found) == ["setting-conflict: docker_vendor_suite, m1"]
    assert problems(replace(vendor, suite="our-own"), found) == []


def test_version_that_only_the_other_source_has_is_refused():
    found = converged_at("26.1.5")
    vendor = engine_settings(source="vendor", version="28.5.1")
    assert problems(vendor, found)[-1] == "engine-version: docker_version, m1"


def test_problem_of_all_hosts_is_told_once_and_forbids_the_run():
    hosts = sites.converged_site()
    for host in hosts.values():
        host["desired"]["docker_engine"]["version"] = "28"
    assert told(make_plan(sites.site(), hosts)["problems"]) == ["setting-invalid: docker_version, m1, w1, w2"]


def test_plan_tells_kept_engines_and_unproven_systems():
    hosts = sites.converged_site()
    hosts["w1"]["desired"]["docker_engine"].update(source="vendor", key=sites.KEY)
    hosts["w2"]["observation"]["system"]["distribution"] = "ubuntu 24.04"
    lines = plan_lines(sites.plan(sites.site(), hosts))
    assert lines[0] == "Plan: nothing to do, everything is as the inventory says."
    assert lines[1].startswith("Note: w1: keeps its engine docker.io 26.1.5+dfsg1-9, though docker_source is vendor")
    assert lines[2].startswith("Note: w2: its system ubuntu 24.04 is not proven")


def test_builder_gets_what_goes_with_its_engine():
    hosts = sites.converged_site()
    hosts["m1"]["desired"]["image"] = {"packages": ["mmdebstrap"]}
    hosts["m1"]["observation"]["packages"].update({"mmdebstrap": "1", **VENDOR, "containerd.io": "2"})
    plan = make_plan(sites.site(), hosts)
    assert acts(plan, "m1") == ["install docker-buildx-plugin"]
    assert [*of_phase(plan, "build_images")["m1"]["packages"]] == ["docker-buildx-plugin"]
