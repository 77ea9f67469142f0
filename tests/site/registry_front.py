"""A front with TLS and accounts for a registry that has neither: one account may push and pull, the other only pull.

Run as: registry_front.py ADDRESS PORT BACKEND_PORT FOLDER. The folder holds server.crt, server.key and accounts.json
(name to password, read again for each request; the name "puller" may not push), and gets requests.log with a line per
answer: account, peer, method, path, status.
"""

import base64
import http.client
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ADDRESS, PORT, BACKEND, FOLDER = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length"}
PIECE = 1 << 16


class Front(BaseHTTPRequestHandler):
    """Let a request through if its account may do this."""

    protocol_version = "HTTP/1.1"
    dropped = HOP_BY_HOP | {"authorization"}

    def answer(self):
        account = self.account()
        if not account:
            self.refuse(401, "UNAUTHORIZED")
        elif account == "puller" and self.command not in ("GET", "HEAD"):
            self.refuse(403, "DENIED")
        else:
            self.forward()

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = answer

    def account(self):
        """Return the name of the account that the request proves, or ""."""
        try:
            word = self.headers.get("Authorization", "").removeprefix("Basic ")
            name, password = base64.b64decode(word).decode().split(":", 1)
        except ValueError:
            return ""
        return name if json.loads((FOLDER / "accounts.json").read_text()).get(name) == password else ""

    def refuse(self, status, code):
        body = json.dumps({"errors": [{"code": code, "message": "not for this account"}]}).encode()
        self.close_connection = True
        self.send_response(status)
        self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def forward(self):
        backend = http.client.HTTPConnection("127.0.0.1", BACKEND, timeout=60)
        # An engine names each media type that it takes as a header of its own.
        names = set(self.headers) - {name for name in self.headers if name.lower() in self.dropped}
        headers = {name: ", ".join(self.headers.get_all(name)) for name in names}
        length = self.headers.get("Content-Length")
        chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        if length:
            headers["Content-Length"] = length
        body = self.chunks() if chunked else self.pieces(int(length)) if length else None
        headers["X-Forwarded-Proto"] = "https"
        backend.request(self.command, self.path, body, headers, encode_chunked=chunked)
        answer = backend.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if answer.getheader("Content-Length"):
            self.send_header("Content-Length", answer.getheader("Content-Length"))
        else:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        while piece := answer.read(PIECE):
            self.wfile.write(piece)
        backend.close()

    def pieces(self, left):
        while left:
            piece = self.rfile.read(min(left, PIECE))
            left -= len(piece)
            yield piece

    def chunks(self):
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield from self.pieces(size)
            self.rfile.readline()
        self.rfile.readline()

    def log_request(self, code="-", size="-"):
        with (FOLDER / "requests.log").open("a") as log:
            line = [self.account() or "-", self.client_address[0], self.command, self.path, str(int(code))]
            log.write(" ".join(line) + "\n")

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """Shakes hands in the request's own thread, so that a silent peer holds up nobody."""

    def get_request(self):
        connection, peer = super().get_request()
        return CONTEXT.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), peer

    def handle_error(self, request, client_address):
        """Stay quiet about peers that do not trust us: some tests want that."""


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(FOLDER / "server.crt", FOLDER / "server.key")
if __name__ == "__main__":
    Server((ADDRESS, PORT), Front).serve_forever()
