"""The page in a real browser: light and dark, on a phone and on a desk, without JavaScript."""

import re
from collections.abc import Callable, Iterator
from itertools import combinations

import pytest
from conftest import RedisServer, Web, wait_until
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium-headless-shell"
PHONE, DESK = 320, 1280

# What WCAG 2 asks of text, and of shapes that carry meaning.
TEXT_CONTRAST, SHAPE_CONTRAST = 4.5, 3

# Every visible text and bar: its name, its colour, what lies behind it, and where it is.
VISIBLE = """() => {
  const paper = node => node && (getComputedStyle(node).backgroundColor.startsWith("rgba")
    ? paper(node.parentElement) : getComputedStyle(node).backgroundColor)
  return [...document.querySelectorAll("h1, p, p *, figcaption, summary, th, td, svg text, svg rect")].map(node => {
    const style = getComputedStyle(node), box = node.getBoundingClientRect()
    return {
      name: `${node.tagName} ${node.textContent.trim()}`,
      shape: node.tagName === "rect",
      drawn: node instanceof SVGElement,
      ink: node instanceof SVGElement ? style.fill : style.color,
      paper: paper(node.parentElement),
      size: parseFloat(style.fontSize),
      left: box.left, right: box.right, top: box.top, bottom: box.bottom,
    }
  })
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium; its sandbox refuses to run as root."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def web(run_web: Callable[..., Web], redis_server: RedisServer) -> Web:
    """Run a replica beside others, whose names and counts are long."""
    shares = {
        "ip-172-31-255-255.eu-central-1.compute.internal/0c77ee41d8f3": 654321,
        "n1/3f9c1a7be204": 3,
        "n1/b81d5502c9aa": 5,
        "n2/e5d0938ab61c": 2,
    }
    with redis_server.client() as client:
        client.hset("spread", mapping=shares)
        client.set("visits", sum(shares.values()))
    return run_web(NODE_NAME="n2")


@pytest.fixture
def visit(browser: Browser, web: Web) -> Iterator[Callable[..., Page]]:
    """Open the page with a screen's width and a colour scheme; scripts do not run, as for a visitor without them.

    On a busy machine Redis may be too slow for a visit, which then goes without a count: the next one counts again.
    """
    contexts = []

    def visit(width: int, scheme: str) -> Page:
        viewport = {"width": width, "height": 800}
        context = browser.new_context(java_script_enabled=False, color_scheme=scheme, viewport=viewport)
        contexts.append(context)
        page = context.new_page()

        def is_counted() -> bool:
            page.goto(f"http://127.0.0.1:{web.port}/")
            return page.get_by_role("img").is_visible()

        wait_until(is_counted)
        return page

    yield visit
    for context in contexts:
        context.close()


def test_everything_can_be_read_without_scripts_and_by_a_screen_reader(visit, redis_server):
    page = visit(DESK, "light")
    assert page.get_by_role("heading", name="Hello World!", level=1).is_visible()
    with redis_server.client() as client:
        assert f"Visits: {client.get('visits')}" in page.get_by_role("main").inner_text()
    picture = page.get_by_role("img", name="How visits spread over replicas and nodes")
    expect(picture).to_have_accessible_description(re.compile("n1: 8 visits by 2 replicas."))
    page.get_by_text("The same as a table").click()
    assert page.get_by_role("row", name="n1 b81d5502c9aa 5").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_scheme_and_stand_out(visit, scheme):
    things = visit(DESK, scheme).evaluate(VISIBLE)
    assert {thing["shape"] for thing in things} == {True, False}
    for thing in things:
        assert (luminance(thing["paper"]) > 0.5) == (scheme == "light"), thing
        assert contrast(thing["ink"], thing["paper"]) >= (SHAPE_CONTRAST if thing["shape"] else TEXT_CONTRAST), thing


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_is_cut_off_too_small_or_on_top_of_something_else(visit, width):
    page = visit(width, "light")
    page.get_by_text("The same as a table").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    things = page.evaluate(VISIBLE)
    for thing in things:
        assert thing["left"] >= 0 and thing["right"] <= width, thing
        assert thing["shape"] or thing["size"] >= 12, thing
    for one, other in combinations([thing for thing in things if thing["drawn"]], 2):
        assert apart(one, other), (one, other)


def test_browser_asks_for_nothing_else_and_has_nothing_to_complain_about(visit):
    page = visit(DESK, "light")
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.reload()
    assert requests == [page.url]
    assert not complaints


def luminance(colour: str) -> float:
    """Compute the relative luminance of ``rgb(R, G, B)``, as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Compute the contrast of two colours, from 1 to 21."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def apart(one: dict, other: dict) -> bool:
    """Tell whether two boxes do not overlap."""
    across = one["right"] <= other["left"] or other["right"] <= one["left"]
    return across or one["bottom"] <= other["top"] or other["bottom"] <= one["top"]
