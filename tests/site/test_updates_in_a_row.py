"""As test_updates.py, for longer: what fails rarely, fails here."""

import pytest
from test_updates import greet
from visits import load


@pytest.mark.long
def test_ten_updates_in_a_row_lose_no_request(fleet):
    with load(fleet):
        times = [greet(fleet, f"Moby {number}") for number in range(9)]
        greet(fleet, "World")
    print("updates:", *(f"{seconds:.0f} s" for seconds in times))
