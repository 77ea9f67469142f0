"""Another app beside the shipped one, with the settings that docs/your-app.md shows."""

import re

import pytest

from tests.support.runs import REPOSITORY

APP = REPOSITORY / "tests/site/own_app"
GUIDE = REPOSITORY / "docs/your-app.md"
PORT = 4001  # in its stack file


@pytest.fixture
def settings(fleet, tmp_path):
    """Write the guide's settings to a file, for the app of this folder; remove the app as the guide says."""
    guide = GUIDE.read_text()
    path = tmp_path / "shop.yml"
    path.write_text(block(guide, "image_app_dir:").replace("/home/me/shop", str(APP)))
    yield path
    for command in block(guide, "docker stack rm").splitlines():
        fleet.on("manager-1", command)


def block(guide, start):
    """Take the indented block of a guide that begins with a text."""
    return re.sub("^    ", "", re.search(rf"(^    {start}.*\n(    .*\n)*)", guide, re.MULTILINE)[1], flags=re.MULTILINE)


@pytest.mark.long
def test_own_app_goes_beside_the_shipped_one_and_leaves_it_alone(fleet, settings):
    fleet.play("-e", f"@{settings}").succeeded()
    fleet.assert_serving(shop_web=2, shop_orders=1)
    assert fleet.pages(port=PORT) == [f"Open all day: order {number}" for number in (1, 2, 3)]
    assert all("Hello World!" in page for page in fleet.pages())

    fleet.play("-e", f"@{settings}").unchanged()
    fleet.play().unchanged()
