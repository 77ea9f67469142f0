"""Images of registries that are not the site's: what cannot be pulled is told before anything changes."""

import base64
import json

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.module_utils import observe_registry
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import EngineError
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.network import Refusal
from sites import make_plan

from tests.support.problems import told

LOGIN = {"auths": {"ghcr.io": {"auth": base64.b64encode(b"me:secret").decode()}}}


class Engine:
    """An engine that can pull some images."""

    def __init__(self, *images):
        self.images, self.asked, self.loaded = images, [], []

    def image_digest(self, reference, credentials):
        self.asked.append((reference, credentials))
        if reference not in self.images:
            raise EngineError(404, "manifest unknown")
        return "sha256:1"

    def has_image(self, reference):
        return reference in self.loaded


def test_what_the_swarm_does_not_have_is_asked_for_with_the_login_for_its_registry(monkeypatch):
    monkeypatch.setattr(observe_registry.host, "read_text", lambda _path: json.dumps(LOGIN))
    engine = Engine("ghcr.io/x/y:1")
    others = ["ghcr.io/x/y:1", "quay.io/z:2", "quay.io/there:1", "quay.io/pinned:1"]
    there = ["quay.io/there:1", "quay.io/pinned:1@sha256:2"]
    refused = [*observe_registry._refused_images(engine, others, there)]
    assert refused == [Refusal("pull", "quay.io/z:2", "manifest unknown")]
    engine.loaded = ["quay.io/z:2"]
    assert [*observe_registry._refused_images(engine, ["quay.io/z:2"], [])] == []
    assert engine.asked[:2] == [("ghcr.io/x/y:1", {"username": "me", "password": "secret"}), ("quay.io/z:2", None)]


def test_registry_that_does_not_answer_is_waited_for_once(monkeypatch):
    class Silent(Engine):
        def image_digest(self, reference, credentials):
            self.asked.append(reference)
            raise EngineError(0, "no answer from /var/run/docker.sock: timed out")

    monkeypatch.setattr(observe_registry.host, "read_text", lambda _path: None)
    engine = Silent()
    refused = [*observe_registry._refused_images(engine, ["quay.io/a:1", "quay.io/b:1", "ghcr.io/c:1"], [])]
    assert [(each.image, each.message) for each in refused] == [
        (image, observe_registry.SILENCE) for image in ("quay.io/a:1", "quay.io/b:1", "ghcr.io/c:1")
    ]
    assert engine.asked == ["quay.io/a:1", "ghcr.io/c:1"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (observe_registry.SILENCE, "registry-silent"),
        ("manifest unknown: manifest unknown", "registry-denied"),
        ("errors: denied: requested access to the resource is denied", "registry-denied"),
        ("Get https://quay.io/v2/: dial tcp: lookup quay.io: no such host", "registry-name-unknown"),
        ("toomanyrequests: rate exceeded", "registry-limited"),
    ],
)
def test_what_cannot_be_pulled_forbids_the_run(message, code):
    found = sites.converged_site()
    found["m1"]["observation"]["refused_images"] = [{"purpose": "pull", "image": "quay.io/z:2", "message": message}]
    # A worker is not asked.
    found["w1"]["observation"]["refused_images"] = [{"purpose": "pull", "image": "x/y", "message": "no"}]
    assert told(make_plan(sites.site(), found)["problems"]) == [f"{code}: quay.io/z:2, m1"]
