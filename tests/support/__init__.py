"""What the tests of all folders share."""

import pytest

# So that an assertion of theirs says as much as one in a test.
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in ("fleet", "problems", "runs", "wait")))
