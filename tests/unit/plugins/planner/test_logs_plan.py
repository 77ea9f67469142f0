"""What is shown of the services' logs."""

import pytest
import sites
from sites import make_plan, of_phase

from tests.support.problems import told


def plan(**asked):
    return make_plan({**sites.site_of_two(), "intent": "logs", **asked}, sites.converged_site_of_two())


def test_all_services_of_all_stacks_are_shown_by_one_manager():
    (shown,) = of_phase(plan(), "show_logs").values()
    assert sorted(shown["services"]) == ["hello_redis", "hello_web", "shop_stock", "shop_till"]
    assert (shown["seconds"], shown["lines"], shown["follow"]) == (0, 100, False)


def test_one_stack_one_service_and_a_time_are_chosen():
    found = plan(chosen=["shop"], logs={"service": "till", "since": "2h", "lines": "7", "follow": True})
    assert of_phase(found, "show_logs")["m1"] == {
        "services": ["shop_till"],
        "seconds": 7200,
        "lines": 7,
        "follow": True,
    }


@pytest.mark.parametrize(
    ("asked", "where"),
    [({"service": "tlil"}, "service"), ({"since": "yesterday"}, "since"), ({"lines": "all"}, "lines")],
)
def test_what_cannot_be_shown_is_named(asked, where):
    assert told(plan(logs=asked)["problems"]) == [f"setting-invalid: {where}"]
