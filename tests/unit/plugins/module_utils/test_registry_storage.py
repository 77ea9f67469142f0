"""What a registry keeps, read from its folder."""

import json

from ansible_collections.flotilla.swarm.plugins.module_utils.registry_storage import read

BASE = "docker/registry/v2"


def digest(letter):
    return letter * 64


def put_blob(root, letter, text):
    path = root / BASE / "blobs/sha256" / (letter * 2) / digest(letter) / "data"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def put_manifest(root, repository, letter, layers, tag=""):
    """Put an image into a repository, as the registry does."""
    put_blob(root, letter, json.dumps({"layers": [{"digest": f"sha256:{digest(layer)}"} for layer in layers]}))
    own = root / BASE / "repositories" / repository / "_manifests"
    for folder in (f"revisions/sha256/{digest(letter)}", *([f"tags/{tag}/current"] if tag else [])):
        (own / folder).mkdir(parents=True)
        (own / folder / "link").write_text(f"sha256:{digest(letter)}")


def test_manifests_are_told_with_their_tags_and_what_they_need(tmp_path):
    put_blob(tmp_path, "0", "layer")
    put_manifest(tmp_path, "hello", "a", "0", tag="1")
    put_manifest(tmp_path, "hello/more", "b", "01")
    # What the registry leaves of an image that was deleted.
    (tmp_path / BASE / "repositories/hello/_manifests/revisions/sha256" / digest("c")).mkdir()
    found = read(str(tmp_path))
    assert [(each.repository, each.digest[-1], each.tags) for each in found.manifests] == [
        ("hello", "a", ("1",)),
        ("hello/more", "b", ()),
    ]
    assert [[need[-1] for need in each.needs] for each in found.manifests] == [["a", "0"], ["b", "0", "1"]]
    assert found.blobs[f"sha256:{digest('0')}"] == len("layer")
    assert {name[-1] for name in found.blobs} == {"0", "a", "b"}


def test_registry_without_images_has_none(tmp_path):
    assert (read(str(tmp_path)).manifests, read(str(tmp_path)).blobs) == ((), {})
