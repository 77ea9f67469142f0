"""Space in the registry: what no release needs goes, and all that anything names stays."""

import re

import pytest
from test_releases import deploy, edition, status

CLEAN = "playbooks/clean_registry.yml"
STORAGE = "/var/lib/docker-registry/docker/registry/v2"
FREED = re.compile(r"free ([\d.]+) MB of ([\d.]+) MB in the registry")


def size(fleet):
    """Bytes of all that the registry keeps."""
    listing = fleet.on(fleet.manager, f"find {STORAGE}/blobs -name data -printf '%s\\n'")
    return sum(map(int, listing.split()))


def digests(fleet):
    """Digests of the app's images in the registry."""
    folder = f"{STORAGE}/repositories/hello-web/_manifests/revisions/sha256"
    links = fleet.on(fleet.manager, f"cd {folder} && echo */link").split()
    return {f"sha256:{link.removesuffix('/link')}" for link in links}


def app_digests(releases):
    return {image.rpartition("@")[2] for each in releases for image in each["images"] if "/hello-web@" in image}


def forget_images(fleet, keep):
    """Let nodes lose the images of the app that run nowhere, by all of their names, so that they must pull them."""
    listing = "docker image ls --no-trunc --format '{{.ID}} {{.Repository}}@{{.Digest}}'"
    for host in fleet.addresses:
        listed = map(str.split, fleet.on(host, listing).splitlines())
        gone = {ident for ident, name in listed if "/hello-web@" in name and name not in keep}
        fleet.on(host, f"docker image rm --force {' '.join(gone)}", check=False)


@pytest.mark.long
def test_what_no_release_needs_is_freed_and_each_kept_release_is_gone_back_to(fleet, tmp_path):
    # What other tests left.
    fleet.play(playbook=CLEAN).succeeded()
    started = size(fleet)
    # That of the inventory is kept whatever runs, as the next run would deploy it.
    (present,) = app_digests(status(fleet)["releases"][:1])
    deploy(fleet, *edition(tmp_path, 1))
    (first,) = app_digests(status(fleet)["releases"][:1])
    for number in range(2, 11):
        deploy(fleet, *edition(tmp_path, number))
    full, kept = size(fleet), status(fleet)["releases"]
    assert len(app_digests(kept)) == len(kept) == 5
    assert first in digests(fleet) - app_digests(kept)

    # A service of somebody else names one of those that would go.
    registry = f"{fleet.addresses[fleet.manager]}:5000"
    fleet.on(fleet.manager, f"docker service create --detach --replicas 0 --name other {registry}/hello-web@{first}")
    checked = fleet.play("--check", playbook=CLEAN)
    assert size(fleet) == full
    cleaned = fleet.play(playbook=CLEAN).succeeded()
    after = size(fleet)
    assert FREED.search(checked.output)[0] == FREED.search(cleaned.output)[0] == freed(full, after)
    print(f"\n{started} bytes, {full} after ten releases, {after} after the collection: {cleaned.changes}")
    assert first in digests(fleet)
    assert app_digests(kept) <= digests(fleet)
    fleet.play(playbook=CLEAN).unchanged()

    fleet.on(fleet.manager, "docker service rm other")
    cleaned = fleet.play(playbook=CLEAN).succeeded()
    assert FREED.search(cleaned.output)[0] == freed(after, size(fleet))
    assert digests(fleet) == {present, *app_digests(kept)}

    # The oldest first: each way back is a release of its own, and the oldest is not kept then.
    for release in reversed(kept[1:]):
        forget_images(fleet, keep=set(status(fleet)["releases"][0]["images"]))
        deploy(fleet, "-e", f"stack_release={release['number']}", playbook="rollback")
        assert app_digests(status(fleet)["releases"][:1]) == app_digests([release])

    # Made again, as it was: layers that went come back with it.
    deploy(fleet, *edition(tmp_path, 1))
    fleet.play().succeeded()


def freed(before, after):
    return f"free {(before - after) / 1e6:.1f} MB of {before / 1e6:.1f} MB in the registry"
