"""What visitors see."""

import re
import socket
import time
from base64 import b64encode
from hashlib import sha256
from signal import SIGSTOP
from xml.etree import ElementTree

from conftest import APP, Web, client_of, wait_until

UNAVAILABLE = "cannot connect to Redis, counter disabled"
SVG = "{http://www.w3.org/2000/svg}"


def test_page_greets_names_its_replica_and_counts(run_web):
    web = run_web(NODE_NAME="manager-1")
    pages = [web.text() for _ in range(3)]
    assert "<h1>Hello World!</h1>" in pages[0]
    assert f"<b>Hostname:</b> {socket.gethostname()}" in pages[0]
    assert "<b>Node:</b> manager-1" in pages[0]
    assert [visits(page) for page in pages] == [1, 2, 3]


def test_name_is_escaped(run_web):
    page = run_web(NAME='<script>"&').text()
    assert "Hello &lt;script&gt;&#34;&amp;!" in page
    assert "<script" not in page


def test_node_is_left_out_where_it_is_unknown(run_web):
    assert "Node:</b>" not in run_web().text()


def test_headers_keep_the_page_private_and_closed(run_web):
    headers = run_web().get().headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_page_answers_without_redis_and_counts_on_when_it_is_back(run_web, redis_server):
    web = run_web()
    first = counted(web)

    redis_server.stop()
    assert_disabled_in_time(web)

    redis_server.start()
    assert counted(web) > first


def test_page_answers_while_redis_hangs(run_web, redis_server):
    web = run_web()
    web.text()
    redis_server.process.send_signal(SIGSTOP)
    assert_disabled_in_time(web)


def test_page_answers_while_redis_cannot_be_reached(run_web):
    # A full queue of connections: Linux drops the packets of all others, as on the way to a host that is away.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        assert_disabled_in_time(run_web(REDIS_PORT=str(full.getsockname()[1])))


def test_page_answers_while_the_name_server_does_not(run_web, tmp_path):
    with socket.socket(type=socket.SOCK_DGRAM) as name_server:
        name_server.bind(("127.0.0.77", 53))
        settings = tmp_path / "resolv.conf"
        settings.write_text("nameserver 127.0.0.77\nsearch one.test two.test\noptions ndots:2\n")
        use = 'mount --bind "$0" /etc/resolv.conf && unset REDIS_HOST && exec "$@"'
        options = re.search('RES_OPTIONS="(.*)"', (APP / "Dockerfile").read_text())[1]
        assert_disabled_in_time(run_web("unshare", "--mount", "sh", "-c", use, str(settings), RES_OPTIONS=options))
        assert name_server.recv(512, socket.MSG_DONTWAIT)


def assert_disabled_in_time(web: Web) -> None:
    """Expect the page to keep its promise of 2 s, on a first visit and on the next ones."""
    for _ in range(3):
        start = time.monotonic()
        assert UNAVAILABLE in web.text()
        assert time.monotonic() - start < 2


def test_picture_shows_every_replica_with_its_node_and_visits(redis_server):
    for node, replica, times in [("n1", "one", 1), ("n1", "two", 2), ("n2", "three", 4)]:
        client = client_of(redis_server, NODE=node, REPLICA=replica)
        for _ in range(times):
            page = client.get("/").text

    texts = [text.text for text in svg_of(page).iter(f"{SVG}text")]
    assert texts == ["n1", "3", "one", "1", "two", "2", "n2", "4", "three", "4"]
    widths = [float(bar.get("width").removesuffix("%")) for bar in svg_of(page).iter(f"{SVG}rect")]
    assert widths == [11.5, 23, 46]


def test_picture_marks_the_replica_that_answered(redis_server):
    client_of(redis_server, NODE="n1", REPLICA="one").get("/")
    page = client_of(redis_server, NODE="n1", REPLICA="two").get("/").text
    marked = [group for group in svg_of(page).iter(f"{SVG}g") if group.get("class") == "here"]
    assert [group[0].text for group in marked] == ["two"]


def test_picture_can_be_read_as_text(redis_server):
    name = "a-rather-long-host-name"
    page = client_of(redis_server, NODE="n1", REPLICA=name).get("/").text
    assert svg_of(page).find(f"{SVG}desc").text == "n1: 1 visit by 1 replica."
    assert f"<tr><td>n1</td><td>{name}</td><td>1</td></tr>" in page


def test_names_in_the_picture_are_escaped(redis_server):
    page = client_of(redis_server, NODE="<b>", REPLICA="&amp;").get("/").text
    texts = [text.text for text in svg_of(page).iter(f"{SVG}text")]
    assert texts == ["<b>", "1", "&amp;", "1"]


def test_style_is_the_one_that_the_policy_allows(redis_server):
    response = client_of(redis_server).get("/")
    style = re.search("<style>(.*)</style>", response.text, re.DOTALL)[1]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in response.headers["Content-Security-Policy"]


def counted(web: Web) -> int:
    """Visit until a visit is counted, and return its number: on a busy machine Redis may be too late for a page."""
    found = list[str]()

    def is_counted() -> bool:
        found[:] = re.findall(r"<b>Visits:</b> (\d+)", web.text())
        return bool(found)

    wait_until(is_counted)
    return int(found[0])


def visits(page: str) -> int:
    """Read the counter."""
    return int(re.search(r"<b>Visits:</b> (\d+)", page)[1])


def svg_of(page: str) -> ElementTree.Element:
    """Parse the picture."""
    svg = re.search("<svg.*</svg>", page, re.DOTALL)[0]
    return ElementTree.fromstring(svg.replace("<svg", f'<svg xmlns="{SVG[1:-1]}"', 1))
