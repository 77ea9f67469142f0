"""Visit the page again and again until standard input ends: `visitor.py PORT ADDRESS...`.

Each visit is a line: address, seconds, and what it showed, which is the count, ``disabled`` for a page without one, or
``failed: REASON``.
"""

import re
import select
import sys
import time
import urllib.request

COUNT = re.compile(r"<b>Visits:</b> (\d+)")
# Whatever happens to the one who listens, this ends.
LONGEST = 1500


def visit(address, port):
    """Return what the page shows."""
    try:
        with urllib.request.urlopen(f"http://{address}:{port}/", timeout=15) as answer:
            found = COUNT.search(answer.read().decode())
    except OSError as error:
        return f"failed: {error}"
    return found[1] if found else "disabled"


def main(port, *addresses, pause=0.15):
    """Take one node after the other."""
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        for address in addresses:
            begin = time.monotonic()
            shown = visit(address, port)
            print(address, f"{time.monotonic() - begin:.2f}", shown, flush=True)
            if select.select([sys.stdin], [], [], pause)[0]:
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
