"""Knock at the cluster's ports of a host, as whoever runs this; alone, so that hosts can run its text.

`python knock.py ADDRESS [PORT ...]` prints what came back, by TCP port. PACKETS go to each port of gossip and overlay
networks, and as ESP, of which nothing comes back: the host's own count of packets tells what became of them.
"""

import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

PACKETS = 500
# ESP, RFC 4303.
ESP = 50


def answer(family, place, port):
    """Tell whether a TCP port is open, closed or silent."""
    with socket.socket(family, socket.SOCK_STREAM) as knocking:
        knocking.settimeout(2)
        try:
            knocking.connect((place[0], port, *place[2:]))
        except ConnectionRefusedError:
            return "closed"
        except OSError:
            return "silent"
    return "open"


def flood(family, place):
    """Write no faster than a slow host takes it in."""
    with socket.socket(family, socket.SOCK_DGRAM) as udp, socket.socket(family, socket.SOCK_RAW, ESP) as esp:
        for _ in range(PACKETS):
            for port in (7946, 4789):
                udp.sendto(b"x" * 32, (place[0], port, *place[2:]))
            esp.sendto(b"x" * 32, (place[0], 0, *place[2:]))
            time.sleep(0.001)


if __name__ == "__main__":
    address, *ports = sys.argv[1:]
    family, _kind, _protocol, _name, place = socket.getaddrinfo(address, 0, type=socket.SOCK_STREAM)[0]
    # Who keeps silent takes its time, at all ports at once.
    with ThreadPoolExecutor() as knocking:
        answers = dict(zip(ports, knocking.map(lambda port: answer(family, place, int(port)), ports), strict=True))
    flood(family, place)
    print(json.dumps(answers))
