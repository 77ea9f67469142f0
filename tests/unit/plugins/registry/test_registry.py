"""Registries: what a user says about one, what its answers mean, and what follows for the plan."""

import hashlib
import http.server
import ssl
import subprocess
import threading
import time

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.module_utils import registry as client
from ansible_collections.flotilla.swarm.plugins.module_utils import registry_client
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.network import Resolution
from ansible_collections.flotilla.swarm.plugins.plugin_utils.registry import answers as registry
from sites import acts, make_plan, phases

from tests.support.problems import told

CERTIFICATE = "/etc/docker/registry/server.crt"
PASSWORD = "/etc/flotilla/registry_password"
GOOD = {"username": "me", "password": "right:word"}


def external(url="reg.example.com", shared=False, **changes):
    """A site with a registry elsewhere."""
    return {
        **sites.site(),
        "registry_host": "",
        "registry_url": url,
        "registry": {
            "push_port": 5001,
            "accounts": {"push": "pusher", "pull": "pusher" if shared else "puller"},
            "passwords": {"push": True, "pull": not shared},
            "ca": "",
            **changes,
        },
    }


# The words of Docker 26.1.5, and of Python 3.13 where there is no engine yet.
ANSWERS = [
    ("credentials", "login attempt to https://10.77.0.1:5443/v2/ failed with status: 401 Unauthorized"),
    ("credentials", 'Get "https://reg/v2/": unauthorized: incorrect username or password'),
    ("credentials", "401 Unauthorized from https://10.77.0.1:5443/v2/"),
    ("refused", 'Get "https://10.77.0.1:1/v2/": dial tcp 10.77.0.1:1: connect: connection refused'),
    ("refused", "[Errno 111] Connection refused"),
    (
        "name-unknown",
        'Get "https://no.example/v2/": dial tcp: lookup no.example on 10.0.0.53:53: no such host',
    ),
    (
        "name-unknown",
        "dial tcp: lookup no.example on [::1]:53: read udp [::1]:4->[::1]:53: read: connection refused",
    ),
    ("name-unknown", "[Errno -2] Name or service not known"),
    ("name-unknown", "[Errno -3] Temporary failure in name resolution"),
    ("untrusted", "tls: failed to verify certificate: x509: certificate signed by unknown authority"),
    ("untrusted", "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer"),
    ("other-name", "tls: failed to verify certificate: x509: certificate is valid for 10.0.0.1, not 10.0.0.2"),
    ("other-name", "certificate verify failed: Hostname mismatch, certificate is not valid for 'reg'."),
    ("without-tls", "http: server gave HTTP response to HTTPS client"),
    ("without-tls", "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1029)"),
    (
        "silent",
        "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting)",
    ),
    ("silent", "[Errno 113] No route to host"),
    ("login", "503 Service Unavailable from https://reg/v2/"),
]


@pytest.mark.parametrize(("kind", "message"), ANSWERS)
def test_answers_are_understood(kind, message):
    assert registry.classify(message) == f"registry-{kind}"


def converged_with(accounts):
    """A converged site whose hosts got these answers."""
    found = sites.converged_site()
    for name, answers in accounts.items():
        found[name]["observation"]["accounts"] = answers
    return found


def test_accepted_accounts_are_no_problem():
    found = converged_with({"m1": {"pull": "", "push": ""}, "w1": {"pull": ""}, "w2": {"pull": ""}})
    plan = make_plan(external("reg:5000"), found)
    assert plan["problems"] == []
    assert not plan["changes"]


@pytest.mark.parametrize(("kind", "message"), ANSWERS)
def test_one_problem_for_all_hosts_that_forbids_the_run(kind, message):
    found = converged_with({"m1": {"pull": message}, "w1": {"pull": message}, "w2": {"pull": message}})
    (problem,) = make_plan(external("reg:5000", shared=True), found)["problems"]
    (head,) = told([problem])
    assert head.startswith(f"registry-{kind}: registry_") and head.endswith(", m1, w1, w2")
    assert message in problem.found
    assert "in inventory/group_vars/all/" in problem.fix


def test_each_refused_account_is_named_with_its_variables():
    message = "401 Unauthorized"
    found = converged_with({"m1": {"pull": message, "push": message}, "w1": {"pull": message}, "w2": {"pull": ""}})
    assert told(make_plan(external("reg:5000"), found)["problems"]) == [
        "registry-credentials: registry_pull_username and registry_pull_password, m1, w1",
        "registry-credentials: registry_username and registry_password, m1",
    ]


def test_one_account_for_everything_is_named_with_the_variables_that_set_it():
    found = converged_with({"m1": {"pull": "401 Unauthorized"}})
    problems = make_plan(external("reg:5000", shared=True), found)["problems"]
    assert told(problems) == ["registry-credentials: registry_username and registry_password, m1"]


def test_unreachable_registry_is_told_once_for_both_accounts():
    message = "connection refused"
    found = converged_with({"m1": {"pull": message, "push": message}, "w1": {"pull": message}})
    assert told(make_plan(external("reg:5000"), found)["problems"]) == ["registry-refused: registry_url, m1, w1"]


def test_host_that_does_not_answer_says_nothing_of_the_registry():
    message = "connection refused"
    found = converged_with({"m1": {"pull": message}, "w1": {"pull": message}})
    found["w2"] = {"desired": {"swarm": {"ansible_host": "10.0.0.3"}}, "unreachable": "no route to host"}
    problems = make_plan(external("reg:5000", shared=True), found)["problems"]
    assert told(problems) == ["registry-refused: registry_url, m1, w1"]


def converged_with_password(text):
    """A converged site whose registry's host has this password in its file, ``None`` for no file."""
    found = sites.converged_site()
    ca = {"/etc/flotilla/ca.crt": {"text": None, "mode": "0644"}}
    found["m1"]["desired"]["registry_server"] = {"files": {**ca, PASSWORD: {"text": None, "mode": "0600"}}}
    found["m1"]["observation"]["files"][PASSWORD] = text and sites.file_of(text, "0600")
    return found


def test_other_desired_login_reaches_hosts_and_services():
    found = converged_with({})
    for host in found.values():
        host["observation"]["login"] = "another login is stored"
    found["m1"]["observation"]["login_fingerprint"] = "of the desired one"
    plan = make_plan(external("reg:5000"), found)
    assert acts(plan, "w1") == ["log in to reg:5000 (another login is stored)"]
    assert acts(plan, "m1")[-1] == "give its services the new login of the registry"
    assert "observe_registry" in phases(plan, "m1") and "deploy" not in phases(plan, "m1")
    for host in found.values():
        host["observation"]["login"] = ""
    plan = make_plan(external("reg:5000"), found)
    assert acts(plan, "m1") == ["give its services the new login of the registry"]
    assert "deploy" in phases(plan, "m1")


def test_services_get_a_login_that_an_interrupted_run_stored():
    found = sites.converged_site()
    found["m1"]["observation"]["login_fingerprint"] = "newer than the record"
    plan = make_plan(sites.site(), found)
    assert acts(plan, "m1") == ["give its services the new login of the registry"]


def test_services_get_the_login_of_a_run_that_was_killed_before_the_manager_had_it():
    found = sites.converged_site()
    found["m1"]["observation"]["login"] = "401 Unauthorized from https://reg:5000/v2/"
    assert acts(make_plan(sites.site(), found), "m1")[-1] == "give its services the new login of the registry"


def test_login_that_hosts_do_not_have_yet_is_left_to_the_whole_run():
    found = converged_with_password(None)
    found["m1"]["observation"]["login_fingerprint"] = "newer than the record"
    plan = make_plan({**sites.site(), "intent": "deploy"}, found)
    assert "give its services the new login of the registry" not in acts(plan, "m1")


def test_registry_that_is_not_there_yet_has_no_password_that_is_renewed():
    found = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    found["m1"]["desired"]["registry_server"] = {"packages": [], "files": {PASSWORD: {"text": None, "mode": "0600"}}}
    found["m1"]["observation"]["files"][PASSWORD] = None
    planned = acts(make_plan(sites.site(), found), "m1")
    assert f"make {PASSWORD}" in planned
    assert "give the account its password" not in planned


@pytest.mark.parametrize("loss", ["deleted", "changed"])
def test_rotated_password_of_our_own_registry_reaches_hosts_and_services(loss):
    found = converged_with_password(None if loss == "deleted" else "new")
    if loss == "changed":
        found["m1"]["observation"]["server_account"] = "401 Unauthorized from https://reg:5000/v2/"
    plan = make_plan(sites.site(), found)
    assert acts(plan, "w1") == ["log in to reg:5000 (its password is new)"]
    assert acts(plan, "m1")[-3:] == [
        "give the account its password",
        "log in to reg:5000 (its password is new)",
        "give its services the new login of the registry",
    ]
    assert {"serve_registry", "log_in", "deploy"} <= set(phases(plan, "m1"))


def led(address="", certificate="", error="", converged=False, **changes):
    """A site whose worker w2 is led to an address by the name in ``registry_url``."""
    if converged:
        found = sites.converged_site()
        found["m1"]["observation"]["files"][CERTIFICATE] = sites.file_of("ours")
    else:
        found = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    addresses = [address] if address else []
    found["w2"]["observation"]["registry_resolution"] = {
        "addresses": addresses,
        "error": error,
        "certificate": certificate,
    }
    found["w2"]["observation"].update(changes)
    return found


def problems_of(found, **site):
    return told(make_plan({**sites.site(), **site}, found)["problems"])


MISDIRECTED = "registry-misdirected: registry_url reg:5000"


def test_address_of_our_registry_that_leads_elsewhere_is_named_before_it_serves():
    assert problems_of(led("198.51.100.7")) == [f"{MISDIRECTED}, w2"]


def test_unknown_name_of_our_registry_is_one_problem_of_all_hosts():
    found = led(error="Name or service not known")
    for host in found.values():
        host["observation"]["registry_resolution"] = found["w2"]["observation"]["registry_resolution"]
        host["observation"]["reach"] = {"reg:5000": "Name or service not known"}
    assert problems_of(found) == [f"{MISDIRECTED}, m1, w1, w2"]


def test_name_of_our_registry_may_lead_its_own_host_to_itself():
    found = led("10.0.0.1")
    found["m1"]["observation"]["registry_resolution"]["addresses"] = ["127.0.1.1"]
    assert problems_of(found) == []
    assert problems_of(led("127.0.1.1")) == [f"{MISDIRECTED}, w2"]


def test_registry_that_serves_may_be_behind_another_address():
    ours = sites.file_of("ours")["sha256"]
    assert problems_of(led("198.51.100.7", converged=True)) == []
    assert problems_of(led("198.51.100.7", ours, converged=True, credentials=False, login="no engine")) == []
    other = led("198.51.100.7", "another", converged=True, credentials=False, login="no engine")
    assert problems_of(other) == [f"{MISDIRECTED}, w2"]


def test_login_to_another_registry_of_that_name_does_not_count():
    found = led("198.51.100.7", converged=True)
    found["m1"]["observation"]["files"][CERTIFICATE] = None
    assert problems_of(found) == [f"{MISDIRECTED}, w2"]


def test_nothing_is_said_of_the_way_through_a_proxy_or_to_a_registry_elsewhere():
    assert problems_of(led(registry_resolution=None)) == []
    assert make_plan(external("reg:5000"), led("198.51.100.7"))["problems"] == []


@pytest.mark.parametrize("word", ["Hostname mismatch, certificate is not valid for 'reg'", ""])
def test_our_registry_gets_a_certificate_for_its_new_name(word):
    found = sites.converged_site()
    found["m1"]["observation"]["server_account"] = word and f"[SSL] certificate verify failed: {word}. (_ssl.c:1033)"
    plan = make_plan(sites.site(), found)
    assert acts(plan, "m1") == ["make a certificate for reg"] * bool(word)
    assert ("serve_registry" in phases(plan, "m1")) is bool(word)


class Registry(http.server.BaseHTTPRequestHandler):
    """Asks for a login in one of the two ways of the registry API."""

    def do_GET(self):
        right = self.headers.get("Authorization", "") == f"Basic {client.encode(GOOD)}"
        if self.path.startswith("/v2/") and self.server.challenge == "Bearer":
            self.answer(401, f'Bearer realm="https://localhost:{self.server.server_port}/token",service="reg"')
        elif right and (self.path == "/v2/" or self.path.startswith("/token?service=reg&account=me")):
            self.answer(200)
        else:
            self.answer(401, 'Basic realm="reg"')

    def answer(self, status, challenge=""):
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=x"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    for name, more in (("server", names), ("other", [])):
        files = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"]
        subprocess.run(["openssl", "req", "-x509", *words, *more, *files], check=True, capture_output=True)
    return folder


@pytest.fixture(params=["Basic", "Bearer"])
def served(request, certificate):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.challenge = request.param
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "server.crt", certificate / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def ca(certificate, name="server"):
    return (certificate / f"{name}.crt").read_text()


def test_probe_accepts_the_right_login(served, certificate):
    assert registry_client.probe(served, GOOD, ca(certificate)) == ""


def test_probe_tells_a_wrong_password(served, certificate):
    answer = registry_client.probe(served, {**GOOD, "password": "wrong"}, ca(certificate))
    assert registry.classify(answer) == "registry-credentials"
    assert "wrong" not in answer


def test_probe_tells_a_wrong_ca_and_a_wrong_name(served, certificate):
    assert registry.classify(registry_client.probe(served, GOOD, ca(certificate, "other"))) == "registry-untrusted"
    assert registry.classify(registry_client.probe(served, GOOD)) == "registry-untrusted"
    by_address = served.replace("localhost", "127.0.0.1")
    assert registry.classify(registry_client.probe(by_address, GOOD, ca(certificate))) == "registry-other-name"


def test_probe_goes_without_trust_only_when_told(served):
    assert registry_client.probe(served, GOOD, insecure=True) == ""


def test_probe_goes_by_the_proxy_that_the_engine_will_have(served, certificate):
    nowhere = {"https-proxy": "http://me:secret@127.0.0.1:1"}
    answer = registry_client.probe(served, GOOD, ca(certificate), proxies=nowhere)
    assert registry.classify(answer) == "registry-refused"
    assert answer.endswith("(through the engine's proxy)")
    assert "secret" not in answer
    assert (
        registry_client.probe(served, GOOD, ca(certificate), proxies={**nowhere, "no-proxy": "10.0.0.1,localhost"})
        == ""
    )


def test_probe_tells_a_refused_connection_and_an_unknown_name():
    assert registry.classify(registry_client.probe("127.0.0.1:1", GOOD)) == "registry-refused"
    assert registry.classify(registry_client.probe("no.invalid", GOOD)) == "registry-name-unknown"


def test_probe_tells_a_registry_without_tls_and_uses_it_when_told():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        server.challenge = "Basic"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        assert registry.classify(registry_client.probe(address, GOOD)) == "registry-without-tls"
        assert registry_client.probe(address, GOOD, insecure=True) == ""
        server.shutdown()


def test_way_is_where_the_name_leads_and_who_answers_there(served, certificate):
    digest = hashlib.sha256(ca(certificate).encode()).hexdigest()
    assert client.resolve(served) == Resolution(addresses=("127.0.0.1",), certificate=digest)
    assert client.resolve(served, answers=False).certificate == ""
    assert client.resolve("127.0.0.1:1") == Resolution(addresses=("127.0.0.1",))


@pytest.mark.parametrize("name", ["no.invalid", "a..b", f"{'a' * 64}.example"])
def test_way_tells_an_unknown_name(name):
    found = client.resolve(f"{name}:5000")
    assert found.addresses == ()
    assert found.error


def test_way_is_that_of_the_proxy_where_the_engine_has_one():
    assert client.resolve("no.invalid:5000", {"https-proxy": "http://127.0.0.1:1"}) is None
    assert client.resolve("127.0.0.1:1", {"http-proxy": "http://127.0.0.1:1"}).addresses == ("127.0.0.1",)


def test_login_travels_in_one_word():
    assert client.decode(client.encode(GOOD)) == GOOD


def test_fingerprint_tells_a_login_and_does_not_hold_it():
    one, other = (client.fingerprint("key", "reg:5000", {**GOOD, "password": word}) for word in ("a", "b"))
    assert one == client.fingerprint("key", "reg:5000", {**GOOD, "password": "a"})
    others = [client.fingerprint(key, server, GOOD) for key, server in (("key", "reg:5001"), ("other", "reg:5000"))]
    assert len({one, other, *others}) == 4


def test_end_of_a_trusted_certificate_is_told(served, certificate):
    begin, end = registry_client.certificate_days(served, ca(certificate))
    assert begin < time.time() < end
    assert end - begin == 2 * 86400
    assert registry_client.certificate_days(served) == ()
    assert registry_client.certificate_days("127.0.0.1:9") == ()
    assert registry_client.certificate_days(served, ca(certificate), {"https-proxy": "http://127.0.0.1:9"}) == ()
