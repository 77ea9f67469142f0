"""Tell when a page is served by all of its replicas: `python -m bench.serving URL REPLICAS` in the hosts' network.

Asks until as many different replicas have counted a visit, and prints the moment of `time.monotonic` at which the last
of them did. The routing mesh leads visitors to healthy replicas alone.
"""

import re
import sys
import time
import urllib.request

TIMEOUT = 5  # seconds of one request
PAUSE = 0.2  # seconds between requests
# Without Redis the page names its replica, but no number of visits.
REPLICA = re.compile(r"<b>Hostname:</b> ([0-9a-f]{12})\b.*<b>Visits:</b> \d", re.DOTALL)


def replica_of(page: str) -> str | None:
    """Return the replica that a page names; None if it names none, or has not counted the visit."""
    match = REPLICA.search(page)
    return match[1] if match else None


def wait_for(url: str, count: int) -> float:
    """Ask until so many different replicas have counted a visit.

    :return: the moment of the last one's answer
    """
    replicas: set[str] = set()
    # The hosts are asked themselves, whatever proxy this machine uses.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(url, timeout=TIMEOUT) as answer:
                replica = replica_of(answer.read().decode())
        except OSError:
            replica = None
        if replica:
            replicas.add(replica)
        if len(replicas) >= count:
            return time.monotonic()
        time.sleep(PAUSE)


if __name__ == "__main__":
    print(wait_for(sys.argv[1], int(sys.argv[2])))
