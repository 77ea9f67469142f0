"""Docker Hub as the registry: its names, its logins, and what its tokens and answers tell."""

import base64
import http.server
import json
import ssl
import threading

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.filter.registry import registry_failure
from ansible_collections.flotilla.swarm.plugins.module_utils import engine, observe_registry, registry, registry_client
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.network import Refusal
from ansible_collections.flotilla.swarm.plugins.plugin_utils.images.names import list_images
from ansible_collections.flotilla.swarm.plugins.plugin_utils.registry.refusals import describe
from ansible_collections.flotilla.swarm.plugins.plugin_utils.registry.url import RegistryUrl
from sites import make_plan
from test_registry import ca, certificate, external  # noqa: F401  # a fixture

from tests.support.problems import told

JANE = {"username": "jane", "password": "right"}
LIMIT = "toomanyrequests: You have reached your pull rate limit."


def test_images_are_named_as_engines_name_them():
    url = RegistryUrl.parse("docker.io/jane")
    assert (url.server, url.images, url.is_hub, url.fault(served=False)) == ("docker.io", "jane", True, "")
    stacks = [{"builds": [], "images": {"redis:8": "redis.image"}}]
    (image,) = list_images("docker.io/jane", stacks, "3.13", {"prefix": "docker.io"})
    assert image.repository == "jane/hub-redis"


@pytest.mark.parametrize(
    "url",
    [
        *("docker.io", "docker.io/", "docker.io/jane/deeper", "docker.io:443/jane", "docker.io/Jane"),
        *("index.docker.io/jane", "registry-1.docker.io/jane", "hub.docker.com/jane"),
    ],
)
def test_other_forms_of_its_address_are_corrected(url):
    assert RegistryUrl.parse(url).fault(served=False).startswith("docker.io/NAME, ")


def test_login_has_the_name_that_docker_finds_it_by():
    config = {"auths": {"https://index.docker.io/v1/": {"auth": registry.encode(JANE)}}}
    assert engine.stored_credentials(json.dumps(config), "docker.io") == JANE
    assert engine.stored_credentials(json.dumps({"auths": {"docker.io": {"auth": "x"}}}), "docker.io") is None


@pytest.mark.parametrize(
    ("image", "server"),
    [
        ("redis:8", "docker.io"),
        ("jane/web@sha256:1", "docker.io"),
        ("reg:5000/x", "reg:5000"),
        ("ghcr.io/x/y:1", "ghcr.io"),
        ("localhost/x", "localhost"),
    ],
)
def test_image_leads_to_its_registry(image, server):
    assert registry.server_of(image) == server


class Hub(http.server.BaseHTTPRequestHandler):
    """Gives tokens that tell what they are good for: of its own all, of others' public images that they may pull."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        basic = f"Basic {registry.encode(JANE)}"
        if self.server.limit and self.path.startswith(self.server.limit):
            self.answer(429, {"Retry-After": "60"})
        elif self.path == "/v2/":
            realm = f"https://localhost:{self.server.server_port}/token"
            self.answer(401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="registry.docker.io"'})
        elif self.path.startswith("/token?"):
            right = self.headers.get("Authorization", basic) == basic
            self.answer(200 if right else 401, body=self.token())
        else:
            public = self.path == "/v2/library/redis/manifests/8"
            self.answer(200 if public and "manifest.list" in self.headers["Accept"] else 401)

    do_HEAD = do_GET

    def token(self):
        own = "jane%2F" in self.path
        access = [{"type": "repository", "name": "jane/web" if own else "x", "actions": ["pull", "push"] * own}]
        claims = {"access": access} if self.server.tells else {}
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return json.dumps({"token": f"h.{payload}.s"}).encode()

    def answer(self, status, headers=None, body=b""):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(certificate, monkeypatch):  # noqa: F811  # the fixture that is imported
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.limit, server.tells = "", True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "server.crt", certificate / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    trusted = registry_client._context(ca(certificate), insecure=False)
    monkeypatch.setattr(registry_client, "HUB_SERVER", f"localhost:{server.server_port}")
    monkeypatch.setattr(registry, "HUB_SERVER", f"localhost:{server.server_port}")
    monkeypatch.setattr(registry_client, "_context", lambda *_, **__: trusted)
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("hub")
def test_account_is_tried_where_engines_log_in():
    assert registry_client.probe("docker.io", JANE) == ""
    refusal = registry_client.probe("docker.io", {**JANE, "password": "wrong"})
    assert refusal.startswith("401 Unauthorized from ") and "/token" in refusal


def test_push_to_the_name_of_somebody_else_is_refused_where_tokens_tell_it(hub):
    assert registry_client.refuse_push("jane/web", JANE) == ""
    assert registry_client.refuse_push("other/web", JANE) == "account jane may not push there (it may: nothing)"
    hub.tells = False
    assert registry_client.refuse_push("other/web", JANE) == ""


@pytest.mark.usefixtures("hub")
def test_pull_of_what_is_not_there_is_refused():
    assert registry_client.refuse_pull("library/redis:8", None) == ""
    refusal = registry_client.refuse_pull("other/secret:1", JANE)
    assert refusal.startswith("401 Unauthorized from ")
    assert refusal.endswith("other/secret/manifests/1 (account jane)")


@pytest.mark.parametrize("path", ["/v2/", "/token"])
def test_limit_is_told_with_the_time_to_wait(hub, path):
    hub.limit = path
    for answer in (
        registry_client.probe("docker.io", JANE),
        registry_client.refuse_push("jane/web", JANE),
        registry_client.refuse_pull("library/redis:8", None),
    ):
        assert "429 Too Many Requests from " in answer and answer.endswith(", which asks to wait for 60 s")


def test_nobody_there_tells_nothing(monkeypatch):
    monkeypatch.setattr(registry_client, "HUB_SERVER", "localhost:1")
    assert registry_client.refuse_push("jane/web", JANE) == registry_client.refuse_pull("library/redis:8", None) == ""


def asked(*accounts, **changes):
    """What a builder is asked about Docker Hub."""
    words = {purpose: registry.encode({"username": purpose, "password": "p"}) for purpose in accounts}
    return {"registry": {"server": "docker.io", **changes}, "accounts": words}


def test_what_is_missing_is_asked_about_with_the_account_that_pushes(monkeypatch):
    calls = []
    monkeypatch.setattr(registry_client, "refuse_push", lambda *words: calls.append(("push", *words[:2])) or "no")
    monkeypatch.setattr(registry_client, "refuse_pull", lambda *words: calls.append(("pull", *words[:2])) or "")
    sources = {"jane/hub-redis:1": "docker.io/library/redis:8"}
    found = list(observe_registry._refused(["jane/hub-redis:1"], asked("pull", "push", sources=sources)))
    assert [(each.purpose, each.image, each.message) for each in found] == [
        ("pull", "docker.io/library/redis:8", ""),
        ("push", "jane/hub-redis", "no"),
        ("pull", "jane/hub-redis:1", ""),
    ]
    assert [(purpose, image, account["username"]) for purpose, image, account in calls] == [
        ("pull", "library/redis:8", "push"),
        ("push", "jane/hub-redis", "push"),
        ("pull", "jane/hub-redis:1", "push"),
        ("pull", "jane/hub-redis:1", "pull"),
    ]


def test_refusals_forbid_the_run_and_each_answer_is_told_once():
    found = sites.converged_site()
    found["m1"]["observation"]["refusals"] = [
        {"purpose": "push", "image": "other/web", "message": "account jane may not push there"},
        {"purpose": "push", "image": "other/redis", "message": "account jane may not push there"},
        {"purpose": "ask", "image": "other/web:1", "message": LIMIT},
    ]
    # The one who asks is the builder: what others say counts for nothing.
    found["w1"]["observation"]["refusals"] = [{"purpose": "push", "image": "x/y", "message": "no"}]
    problems = make_plan(external("docker.io/other"), found)["problems"]
    assert told(problems) == ["registry-denied: other/web, other/redis, m1", "registry-limited: other/web:1, m1"]


def test_limit_is_no_wrong_password():
    found = sites.converged_site()
    found["w1"]["observation"]["accounts"] = {"pull": LIMIT}
    problems = make_plan(external("docker.io/jane", shared=True), found)["problems"]
    assert told(problems) == ["registry-limited: registry_url, w1"]


def failed(message, *names):
    """The result of a task that failed, over some images."""
    text = f'500 Server Error for http+docker://localhost/x: Internal Server Error ("{message}")'
    each = [{"failed": True, "msg": f"Error pulling image {name} - {text}", "item": name} for name in names]
    return {"failed": True, "msg": "One or more items failed", "results": each}


@pytest.mark.parametrize(
    ("message", "head"),
    [
        (LIMIT, "registry-limited: jane/web, w1"),
        ("denied: requested access to the resource is denied", "registry-denied: jane/web, w1"),
        ("pull access denied for jane/web, repository does not exist", "registry-denied: jane/web, w1"),
        ("no space left on device", "w1: pull jane/web: no space left on device"),
    ],
)
def test_failure_in_the_midst_of_a_run_is_told_in_the_same_words(message, head):
    assert registry_failure(failed(message, "jane/web"), "pull", "w1").splitlines()[0] == head
    assert registry_failure({"failed": True, "msg": message}, "pull", "w1", "jane/web").splitlines()[0] == head


def test_failure_over_several_images_names_those():
    text = registry_failure(failed(LIMIT, "jane/web", "jane/redis"), "pull", "w1")
    assert text.splitlines()[0] == "registry-limited: jane/web, jane/redis, w1"
    assert text.count(LIMIT) == 1


def test_a_private_image_and_a_missing_one_are_one_problem():
    (problem,) = describe([Refusal("pull", "docker.io/x/y:1", "401 Unauthorized")], ["m1"])
    assert "private repository" in problem.fix
