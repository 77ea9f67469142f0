"""Stands in for any server: takes connections at each of the ports of its command line, and answers in HTTP.

Ports come first; whatever follows is what the real one would be told.
"""

import contextlib
import select
import signal
import socket
import sys

ANSWER = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nHere\n"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    listening = [socket.create_server(("", int(port))) for port in sys.argv[1].split(",")]
    while True:
        for server in select.select(listening, [], [])[0]:
            connection, _peer = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                connection.recv(4096)
                connection.sendall(ANSWER)


if __name__ == "__main__":
    main()
