"""What a web page makes a browser ask changes nothing and learns nothing."""
from __future__ import annotations

import socket

import pytest

from deploy.local.pytest_plugin import StartMesos
from deploy.local.wire.web_pages import is_function, refusal
from tests.deploy.local.client import HEADERS, Scheduler, get, post

EVIL = "http://evil.example"
OURS = "127.0.0.1:5050"


@pytest.mark.parametrize("headers", [
    {}, {"Host": OURS}, {"Host": "localhost:5050"}, {"Host": "a.localhost"}, {"Host": "[::1]:5050"},
    {"Host": "10.0.0.7"}, {"Host": "Host.Example:5050"}, {"Host": "host.example"},
    {"Host": OURS, "Origin": f"http://{OURS}"}, {"Host": OURS, "Origin": f"https://{OURS}"},
    {"Host": "LOCALHOST:5050", "Origin": "http://localhost:5050"},
    {"Host": OURS, "Sec-Fetch-Site": "same-origin"}, {"Host": OURS, "Sec-Fetch-Site": "none"},
    {"Host": OURS, "Referer": f"http://{OURS}/page"},
])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_programs_and_our_own_pages_are_served(method: str, headers: dict[str, str]) -> None:
    assert refusal(method, headers, {"host.example"}) is None


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example"}, {"Host": "evil.example:5050"}, {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost.x"},
    {"Host": "["}, {"Host": "a@b@c"}, {"Host": "0x7f.1"}, {"Host": "host.example.evil"},
    {"Host": OURS, "Origin": EVIL}, {"Host": OURS, "Origin": "null"}, {"Host": OURS, "Origin": ""},
    {"Host": OURS, "Origin": "http://127.0.0.1:8080"}, {"Host": OURS, "Origin": "http://["},
    {"Host": OURS, "Origin": f"ftp://{OURS}"}, {"Origin": EVIL}, {"Origin": "http://"},
    {"Host": OURS, "Sec-Fetch-Site": "cross-site"}, {"Host": OURS, "Sec-Fetch-Site": "same-site"},
    {"Host": OURS, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_of_others_are_refused(method: str, headers: dict[str, str]) -> None:
    assert refusal(method, headers, {"host.example"}) is not None


def test_a_link_may_be_followed_and_a_form_may_not_be_sent() -> None:
    followed = {"Host": OURS, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate",
                "Referer": f"{EVIL}/page"}
    assert refusal("GET", followed, ()) is None
    assert refusal("POST", followed, ()) is not None
    assert refusal("POST", {"Host": OURS, "Referer": f"{EVIL}/page"}, ()) is not None  # of an old browser


def test_what_is_refused_is_shown_without_control_characters() -> None:
    assert refusal("GET", {"Host": "evil\x1b[2J\u00e9" + "x" * 999}, ()) == (
        "The Host header does not name this process: 'evil?[2J?" + "x" * 191 + "'")


@pytest.mark.parametrize(("name", "fits"), [
    ("f", True), ("$", True), ("_a.b.c9", True), ("a" * 128, True), ("a" * 129, False),
    ("", False), ("a.", False),
    (".a", False), ("9a", False), ("a b", False), ("f(1);g", False), ("<script>", False),
    ("a\n", False), ("f\u00e9", False), ("f//", False), ("a[0]", False)])
def test_names_of_functions(name: str, fits: bool) -> None:
    assert is_function(name) is fits


# ---- over HTTP


@pytest.mark.parametrize("content_type",
                         ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                                          None])
def test_simple_posts_of_a_page_change_nothing(local_mesos: StartMesos,
                                               content_type: str | None) -> None:
    """Those that a page may send without asking first: with its origin, or from an old browser
    without.
    """
    mesos = local_mesos()
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    agent = mesos.agent_addresses[0]
    subscribe = '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"n"}}}'
    teardown = f"frameworkId={scheduler.framework_id}"
    for by in ({"Origin": EVIL}, {"Origin": "null"}, {"Referer": f"{EVIL}/"},
               {"Sec-Fetch-Site": "cross-site"}):
        headers = {**by, **({"Content-Type": content_type} if content_type else {})}
        for address, path, body in (
                (mesos.address, "/teardown", teardown),
                (mesos.address, "/api/v1/scheduler", subscribe),
                (mesos.address, "/api/v1", '{"type":"GET_STATE"}'),
                (mesos.address, "/local/agents/0/stop", ""),
                (agent, "/api/v1", '{"type":"GET_STATE"}'), (agent, "/api/v1/executor", "{}")):
            assert post(address, path, body, headers)[0] == 403
    headers = {"Content-Type": content_type} if content_type else {}
    assert post(mesos.address, "/local/agents/0/stop", "", headers)[0] == 415
    assert post(mesos.address, "/api/v1/scheduler", subscribe, headers)[0] in {400, 415}
    state = get(mesos.address, "/state")[1]
    assert [framework["id"] for framework in state["frameworks"]] == [scheduler.framework_id]
    assert state["activated_slaves"] == 1.0


def test_a_form_of_curl_still_tears_down(local_mesos: StartMesos) -> None:
    mesos = local_mesos(agents=0)
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert post(mesos.address, "/teardown", f"frameworkId={scheduler.framework_id}", form)[0] == 200
    assert get(mesos.address, "/state")[1]["frameworks"] == []


@pytest.mark.parametrize("path", ["/state", "/health", "/no/such/path", "/api/v1/scheduler"])
def test_a_name_that_was_bound_to_our_address_is_not_ours(local_mesos: StartMesos,
                                                          path: str) -> None:
    mesos = local_mesos(agents=0, hostname="master.example")
    port = mesos.address.rpartition(":")[2]
    assert get(mesos.address, path, {"Host": f"evil.example:{port}"})[0] == 403
    assert post(mesos.address, path, "{}", {**HEADERS, "Host": f"evil.example:{port}"})[0] == 403
    assert get(mesos.address, "/state", {"Host": f"master.example:{port}"})[0] == 200
    assert get(mesos.address, "/state", {"Host": f"localhost:{port}"})[0] == 200


def test_jsonp_names_a_function_and_nothing_else(local_mesos: StartMesos) -> None:
    address = local_mesos(agents=0).address
    assert get(address, "/version?jsonp=a.b")[1].startswith(b"a.b({")
    status, body = get(address, "/version?jsonp=alert(1);f")
    assert (status, body) == (400, b"Expecting 'jsonp' to be the name of a function")
    assert get(address, "/version?jsonp=f",
               {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})[0] == 403


def test_a_request_of_http_1_0_needs_no_host(local_mesos: StartMesos) -> None:
    host, _, port = local_mesos(agents=0).address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"GET /version HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.0 200 OK\r\n")
