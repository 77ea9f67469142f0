"""Each role alone, by its scenario of molecule: checked, converged twice, and verified from outside."""

import pytest
from golden_disks import ROLES

from tests.support.runs import BIN, ENVIRONMENT, run

pytestmark = pytest.mark.long


# In the order in which one leaves the state that the next begins on.
@pytest.mark.parametrize("role", ROLES)
def test_role_does_its_work_alone(role):
    run(BIN / "molecule", "test", "--scenario-name", role, environment={**ENVIRONMENT, "NO_COLOR": "1"}).succeeded()
