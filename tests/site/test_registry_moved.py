"""Three managers: the registry moves by an edit of the inventory."""

import pytest
from members import MANAGERS, begin_with, converge

from bench import stack


@pytest.mark.long
def test_registry_moves_to_another_host_and_back(managers):
    begin_with(managers, MANAGERS, [])
    for name in ("manager-3", "manager-2"):
        managers.edit_hosts(registry={"hosts": {name: None}})
        converge(managers)
        assert managers.image_of(stack.WEB).startswith(f"{managers.addresses[name]}:5000/")
