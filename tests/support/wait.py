"""Tests wait for a state, with a limit, and never for a time."""

import time
from collections.abc import Callable


def wait_until[Answer](ask: Callable[[], Answer], seconds: float, pause: float = 1) -> Answer:
    """Ask again and again until the answer is true, and return it.

    :param seconds: after which the test fails, with the last answer
    :param pause: seconds between questions
    """
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"not within {seconds} s; the last answer was {answer!r}"
        time.sleep(pause)
    return answer
