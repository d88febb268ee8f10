"""What should not come but does: hostile bodies, many apps, two writers, slow clients, pages of other sites."""
from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler.api.access import Access, Role
from scheduler.api.pages import is_foreign, is_misdirected
from scheduler.api.server import Server
from scheduler.service.completion import MAX_INSTANCES
from tests.scheduler.service.serving import Serving, app


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path / "state") as found:
        yield found


@pytest.mark.parametrize(("body", "encoding", "status"), [
    (b"x" * 10_000_000, "", 413),
    (gzip.compress(b" " * 100_000_000), "gzip", 413),
    (gzip.compress(gzip.compress(b" " * 100_000_000)), "gzip", 400),
    (gzip.compress(json.dumps(app()).encode()), "gzip", 201),
    (b"no gzip", "gzip", 400),
    (b"{}", "br", 400),
    (b"[" * 100_000, "", 400),
    (b'{"a":' * 100_000, "", 400),
    (b'{"id": "/a", "cmd": "ab", "instances": ' + b"9" * 100_000 + b"}", "", 400),
    (b'{"id": "/a", "cmd": "ab", "cpus": 1e400}', "", 422),
    (b"\xff\xfe\xfd", "", 400),
    (b'{"id": "/a", "cmd": "\\ud800x"}', "", 400)])
def test_a_hostile_body_is_refused_at_once(serving: Serving, body: bytes, encoding: str,
                                           status: int, caplog: pytest.LogCaptureFixture) -> None:
    begun = time.monotonic()
    found, answer, _ = serving.ask("POST", "/v2/apps", body,
                                   {"Content-Encoding": encoding} if encoding else {})
    assert found == status, answer
    assert time.monotonic() - begun < 5
    assert serving.ask("GET", "/ping")[0] == 200
    assert "Traceback" not in caplog.text


def test_a_bomb_of_somebody_who_may_not_ask_is_not_inflated(tmp_path: Path) -> None:
    """The connection ends with the answer; of what else is in the encoding nothing is awaited, for 10 s as else."""
    bomb = gzip.compress(b" " * 100_000_000)
    with Serving(tmp_path / "state", access=Access({"a-token": Role.WRITE}, {})) as serving, \
            socket.create_connection(("127.0.0.1", serving.port), timeout=8) as connection:
        connection.sendall(
            b"POST /v2/apps HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(bomb) + bomb[:1000])
        with connection.makefile("rb") as answer:
            assert answer.readline().startswith(b"HTTP/1.1 401 ")
            assert b"Invalid username or password." in answer.read()


def test_a_header_that_is_too_long_is_refused(serving: Serving) -> None:
    assert serving.ask("GET", "/v2/apps", headers={"X": "x" * 100_000})[0] == 400
    assert serving.ask("GET", "/v2/apps?id=" + "x" * 100_000)[0] == 400


def test_more_instances_than_can_be_kept_are_refused(serving: Serving) -> None:
    for count in (MAX_INSTANCES + 1, 2**31 - 1):
        status, answer, _ = serving.ask("PUT", "/v2/apps/web", app(instances=count))
        assert (status, answer["details"][0]["path"]) == (422, "/instances")


def test_a_group_of_a_thousand_apps(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", agents=40) as serving:
        begun = time.monotonic()
        serving.change("PUT", "/v2/groups/big",
                       {"apps": [app(f"a{number}") for number in range(1000)]})
        taken = time.monotonic() - begun
        assert len(serving.get("/v2/tasks")["tasks"]) == 1000
        assert {each["tasksRunning"] for each in serving.get("/v2/apps")["apps"]} == {1}
        begun = time.monotonic()
        serving.change("PUT", "/v2/apps/big/a7", {"instances": 2})
        assert time.monotonic() - begun < taken / 2
        serving.change("DELETE", "/v2/groups/big")
        assert serving.get("/v2/apps")["apps"] == []


def test_an_app_that_nobody_can_place_does_not_hold_others_up(serving: Serving) -> None:
    serving.ask("POST", "/v2/apps", app("/impossible", instances=1000,
                                        constraints=[["rack", "LIKE", "r1"]]))
    for number in range(5):
        serving.change("POST", "/v2/apps", app(f"/small{number}", instances=3))
    assert len(serving.get("/v2/tasks")["tasks"]) == 15


def test_a_fixed_port_on_too_few_machines_is_told(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", agents=1) as serving:
        body = app(portDefinitions=[{"port": 31500}], requirePorts=True)
        serving.change("POST", "/v2/apps", body)
        plan = serving.ask("POST", "/api/v1/plan", {**body, "env": {"A": "1"}})[1]
        assert [each["app"] for each in plan["stuck"]] == ["/web"]


def test_of_two_writers_the_later_one_is_told_what_has_changed(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app())
    _, _, headers = serving.ask("GET", "/v2/apps/web")
    seen = {"If-Match": headers["etag"]}
    status, first, _ = serving.ask("PUT", "/v2/apps/web", app(env={"A": "1"}, instances=2), seen)
    assert status == 200
    status, refused, _ = serving.ask("PUT", "/v2/apps/web?force=true", app(mem=64), seen)
    assert (status, refused["current"],
            refused["changed"]) == (409, first["version"], ["env", "instances"])
    assert serving.ask("PUT", "/v2/apps/web?force=true", app(mem=64),
                       {"If-Match": first["version"]})[0] == 200
    for none in ("*", first["version"]):
        assert serving.ask("PUT", "/v2/apps/none", app("/none"), {"If-Match": none})[0] == 409


def test_each_change_of_an_app_or_a_group_may_be_of_what_was_seen(serving: Serving) -> None:
    serving.change("PUT", "/v2/groups/team", {"apps": [app("one"), app("two")]})
    seen = {path: {"If-Match": serving.ask("GET", path)[2]["etag"]}
            for path in ("/v2/groups/team", "/v2/apps/team/one")}
    serving.change("PUT", "/v2/apps/team/one", {"mem": 64})
    for method, path, body in (
            ("DELETE", "/v2/apps/team/one", None), ("POST", "/v2/apps/team/one/restart", None),
            ("PATCH", "/v2/apps/team/one", {"mem": 32}),
            ("POST", "/api/v1/scale/team/one", {"instances": 2})):
        status, refused, _ = serving.ask(method, path, body, seen["/v2/apps/team/one"])
        assert (status, refused["changed"]) == (409, ["mem"]), (method, path)
    changes: list[tuple[str, Any]] = [("PUT", {"apps": []}), ("DELETE", None),
                                      ("PATCH", {"enforceRole": False})]
    for method, change in changes:
        status, refused, _ = serving.ask(method, "/v2/groups/team", change, seen["/v2/groups/team"])
        assert (status, refused["changed"]) == (409, ["/team/one"]), method
    now = ""
    for form in ('W/"{}"', '"old", "{}"', "{}", "*"):
        now = serving.get("/v2/apps/team/one")["app"]["version"]
        tag = {"If-Match": form.format(now)}
        assert serving.ask("POST", "/v2/apps/team/one/restart?force=true", None,
                           tag)[0] == 200, form
    now = serving.get("/v2/apps/team/one")["app"]["version"]
    for method, path in (("POST", "/v2/apps"), ("PUT", "/v2/apps"), ("POST", "/v2/tasks/delete")):
        assert serving.ask(method, path, [], {"If-Match": now})[0] == 400
    assert serving.ask("DELETE", "/v2/apps/team/one", None, {"If-Match": now})[0] == 200


def test_apps_are_listed_in_the_order_of_their_ids(tmp_path: Path) -> None:
    names = ["/b", "/a/z", "/c", "/a/b", "/0"]
    with Serving(tmp_path / "state") as serving:
        for name in names:
            serving.change("POST", "/v2/apps", app(name, instances=0))
        assert [each["id"] for each in serving.get("/v2/apps")["apps"]] == sorted(names)
    with Serving(tmp_path / "state") as serving:
        assert [each["id"] for each in serving.get("/v2/apps")["apps"]] == sorted(names)


def test_wipe_is_so_anyway(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app())
    for query in ("?wipe=true", ""):
        [task] = serving.running("/web")
        assert serving.ask("DELETE", f"/v2/apps/web/tasks/{task}{query}")[0] == 200
        serving.wait(lambda task=task: len(serving.running("/web")) == 1 and serving.running("/web") != [task])  # type: ignore[misc]
        [other] = serving.running("/web")
        assert other.partition("._app")[0] != task.partition("._app")[0]  # another instance, not its next task
    assert serving.ask("DELETE", "/v2/apps/web/tasks?wipe=true&scale=true")[0] == 400


def test_clients_that_send_nothing_or_half_do_not_hold_others_up(serving: Serving) -> None:
    starts = (b"", b"GET /v2/a", b"GET /v2/apps HTTP/1.1\r\nHost: x\r\nX-A",
              b"POST /v2/apps HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
              b"POST /v2/apps HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{")
    sockets = []
    try:
        for number in range(300):
            connection = socket.create_connection(("127.0.0.1", serving.port))
            connection.sendall(starts[number % len(starts)])
            sockets.append(connection)
        begun = time.monotonic()
        serving.change("POST", "/v2/apps", app())
        assert time.monotonic() - begun < 5
    finally:
        for connection in sockets:
            connection.close()


SIMPLE: list[dict[str, str]] = [{"Content-Type": "text/plain"},
                                {"Content-Type": "application/x-www-form-urlencoded"},
                                {"Content-Type": "multipart/form-data; boundary=a"},
                                {"Content-Type": ""}]


@pytest.mark.parametrize("kind", SIMPLE, ids=lambda kind: kind["Content-Type"] or "none")
def test_a_page_of_another_site_changes_nothing(serving: Serving, kind: dict[str, str]) -> None:
    serving.change("POST", "/v2/apps", app())
    before = serving.get("/v2/apps")
    for route in serving.server.routes:
        if route.method == "POST" and route.writes:
            path = route.path.replace("{id*}", "web").replace("{id}", "web")
            for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                            {"Sec-Fetch-Site": "cross-site"}):
                status, answer, _ = serving.ask("POST", path, json.dumps(app("/evil")).encode(),
                                                {**kind, **headers})
                assert status == 403, (path, answer)
    assert serving.get("/v2/apps") == before


def test_nothing_is_granted_to_other_origins(serving: Serving) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT",
             "Access-Control-Request-Headers": "content-type"}
    for method, path in (("OPTIONS", "/v2/apps"), ("GET", "/v2/apps"), ("OPTIONS", "/api/v1/plan")):
        status, _, headers = serving.ask(method, path, headers=asked)
        assert not [name for name in headers if name.startswith("access-control")]
        assert (status == 405) == (method == "OPTIONS")


@pytest.mark.parametrize(("headers", "foreign"), [
    ({}, False), ({"Content-Type": "text/plain"}, False),
    ({"Origin": "http://evil", "Host": "h:1"}, True),
    ({"Origin": "http://h:1", "Host": "h:1"}, False),
    ({"Origin": "http://h:2", "Host": "h:1"}, True), ({"Origin": "null", "Host": "h:1"}, True),
    ({"Origin": "http://evil", "Content-Type": "application/json; charset=utf-8"}, False),
    ({"Origin": "http://evil", "Content-Type": "text/plain; a=application/json"}, True),
    ({"Origin": "http://h", "Host": "proxied", "Sec-Fetch-Site": "same-origin"}, False),
    ({"Sec-Fetch-Site": "same-site"}, True), ({"Sec-Fetch-Site": "none"}, False)])
def test_what_may_come_from_a_page_of_another_site(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign(headers) is foreign


@pytest.mark.parametrize(("host", "misdirected"), [
    ("127.0.0.1:8080", False), ("[::1]:8080", False), ("localhost", False),
    ("a.localhost:1", False), ("", False),
    ("me:8080", False), ("ME.", False), ("evil.example:8080", True),
    ("127.0.0.1.evil.example", True), ("localhost.evil.example", True)])
def test_names_that_are_not_ours(host: str, misdirected: bool) -> None:
    assert is_misdirected(host, {"me"}) is misdirected


def test_a_name_that_points_here_by_somebody_elses_doing_reads_nothing(tmp_path: Path) -> None:
    with Serving(tmp_path / "open") as open_to_all:
        assert open_to_all.ask("GET", "/v2/apps", headers={"Host": "evil.example"})[0] == 421
    access = Access({"t": Role.WRITE})
    with Serving(tmp_path / "closed", access=access) as closed:
        asked: dict[str, Any] = {"Host": "a.proxy.example", "Authorization": "Bearer t"}
        assert closed.ask("GET", "/v2/apps", headers=asked)[0] == 200


@pytest.mark.parametrize(("headers", "status"), [
    ({"Host": "a.proxy.example"}, 404),
    ({"Host": "a.proxy.example", "Origin": "http://a.proxy.example"}, 421),
    ({"Host": "evil.example", "Origin": "http://evil.example", "Content-Type": "application/json"},
     421)])
def test_who_serves_everybody_everywhere_serves_no_browser_that_was_led_astray(tmp_path: Path,
                                                                               headers: dict[str, str],
                                                                              status: int) -> None:
    """Programs may call it what they like; a browser says so of whatever changes something."""
    with Serving(tmp_path / "state") as serving:
        everywhere = Server(serving.server.routes, Access(insecure=True), leader=serving.url)
        serving.port = everywhere.start("0.0.0.0", 0)
        assert serving.ask("DELETE", "/v2/apps/none", headers=headers)[0] == status
        everywhere.stop()
