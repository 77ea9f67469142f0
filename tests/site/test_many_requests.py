"""One request in a thousand that fails is found only among many."""

import time

import pytest
from test_updates import greet
from visits import load

from bench.load import KINDS

# As many as five replicas of a tenth of a CPU answer while one of them is replaced.
RATE = 32
REQUESTS = 100_000


@pytest.mark.long
def test_none_of_a_hundred_thousand_requests_of_four_kinds_of_clients_is_lost_while_releases_follow_each_other(fleet):
    # Its first ones take a moment.
    end = time.monotonic() + REQUESTS / RATE + 30
    releases = 0
    with load(fleet, *(word for kind in KINDS for word in ("--kind", kind)), rate=RATE) as sent:
        while time.monotonic() < end:
            releases += 1
            greet(fleet, f"Moby {releases}")
    print(f"{releases} releases")
    assert sent["sent"] >= REQUESTS
    greet(fleet, "World")
