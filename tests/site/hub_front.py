"""A front that is to engines what Docker Hub is: a server of tokens, and a registry that believes them.

Run as registry_front.py, whose folder also holds token.key and token.crt, which tokens are signed with, and hub.json:
``accounts`` (name to password), ``rights`` (by account ``NAMESPACE: [pull, push]``, beside those to its own),
``private`` (namespaces) and ``limit``: ``path`` (a pattern of ``METHOD /path``), ``peer`` and ``wait`` (seconds, 0 to
tell none). The log has the host that was asked before the path. The registry itself checks the tokens.
"""

import base64
import json
import re
import time
import urllib.parse
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from registry_front import ADDRESS, FOLDER, HOP_BY_HOP, PORT, Front, Server

AUTH, SERVICE = "auth.docker.io", "registry.docker.io"
SCOPE = re.compile(r"repository:(?P<repository>[^:]+):(?P<actions>.+)")
LIMIT = "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading"


class HubFront(Front):
    """Give tokens, and pass on what comes with one."""

    dropped = HOP_BY_HOP

    def answer(self):
        self.settings = json.loads((FOLDER / "hub.json").read_text())
        if limit := self.is_limited():
            self.refuse(429, "TOOMANYREQUESTS", LIMIT, {"Retry-After": str(limit["wait"])} if limit["wait"] else {})
        elif self.headers["Host"] == AUTH and self.path.startswith("/token?"):
            self.give_token()
        elif self.path.startswith("/v2/"):
            self.forward()
        else:
            self.refuse(404, "NOT_FOUND", "page not found")

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = answer

    def is_limited(self):
        limit = self.settings.get("limit")
        ours = limit and limit.get("peer", self.client_address[0]) == self.client_address[0]
        return limit if ours and re.match(limit["path"], f"{self.command} {self.path}") else None

    def give_token(self):
        name, password = self.basic()
        if name and self.settings["accounts"].get(name) != password:
            self.give(401, {"details": "incorrect username or password"})
            return
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        asked = filter(None, map(SCOPE.fullmatch, query.get("scope", ())))
        access = [
            {"type": "repository", "name": one["repository"], "actions": self.granted(name, **one.groupdict())}
            for one in asked
        ]
        token = make_token(name, [one for one in access if one["actions"]])
        self.give(200, {"token": token, "access_token": token, "expires_in": 300})

    def granted(self, account, repository, actions):
        """Tell what an account may do: with its own all, with what others made public pull, and what it was given."""
        namespace = repository.split("/")[0]
        there = (FOLDER / "images/docker/registry/v2/repositories" / repository).is_dir()
        public = ["pull"] if there and namespace not in self.settings["private"] else []
        rights = self.settings["rights"].get(account, {}).get(namespace, public)
        allowed = ["pull", "push"] if account == namespace else rights
        return [action for action in actions.split(",") if action in allowed]

    def basic(self):
        """Return name and password of the request, both empty without any."""
        word = self.headers.get("Authorization", "").removeprefix("Basic ")
        name, _, password = base64.b64decode(word).decode().partition(":")
        return name, password

    def account(self):
        kind, _, word = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            return self.basic()[0]
        return decoded(word.split(".")[1])["sub"] if kind == "Bearer" else ""

    def refuse(self, status, code, message, headers=None):
        self.give(status, {"errors": [{"code": code, "message": message}]}, headers)

    def give(self, status, content, headers=None):
        body = json.dumps(content).encode()
        self.close_connection = True
        self.send_response(status)
        given = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
        for name, value in {**given, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_request(self, code="-", size="-"):
        with (FOLDER / "requests.log").open("a") as log:
            where = f"{self.headers['Host']}{self.path.split('?')[0]}"
            line = [self.account() or "-", self.client_address[0], self.command, where, str(int(code))]
            log.write(" ".join(line) + "\n")


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def make_token(account, access):
    """Sign what an account may do, as https://distribution.github.io/distribution/spec/auth/jwt/ says."""
    key = serialization.load_pem_private_key((FOLDER / "token.key").read_bytes(), None)
    lines = (FOLDER / "token.crt").read_text().splitlines()
    now = int(time.time())
    times = {"iat": now, "nbf": now - 60, "exp": now + 300, "jti": uuid.uuid4().hex}
    claims = {"iss": AUTH, "aud": SERVICE, "sub": account, "access": access, **times}
    header = {"typ": "JWT", "alg": "ES256", "x5c": ["".join(lines[1:-1])]}
    payload = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    r, s = utils.decode_dss_signature(key.sign(payload.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{payload}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def encoded(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


if __name__ == "__main__":
    Server((ADDRESS, PORT), HubFront).serve_forever()
