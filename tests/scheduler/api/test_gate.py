"""Who asks by cookie: sessions out of credentials, the CSRF header, other pages, links that are good once."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from scheduler.api.access import Access, Caller, Password, Role
from scheduler.api.gate import LASTING, LINK_LASTING, MOST, Gate
from tests.scheduler.service.serving import Serving, app

ACCESS = Access({"token-that-writes": Role.WRITE, "token-that-reads": Role.READ},
                {"anna": Password("p:w")})
ANNA = Caller("anna", Role.WRITE)


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gate(time: Time) -> Gate:
    return Gate(ACCESS, time)


@pytest.mark.parametrize(("method", "headers", "known"), [
    ("GET", {}, True),
    ("HEAD", {}, True),
    ("POST", {}, False),
    ("POST", {"X-CSRF-Token": "guessed"}, False),
    ("POST", {"X-CSRF-Token": "OURS"}, True),
    ("DELETE", {"X-CSRF-Token": "OURS"}, True),
    ("DELETE", {}, False),
    ("GET", {"Sec-Fetch-Site": "same-origin"}, True),
    ("GET", {"Sec-Fetch-Site": "none"}, True),
    ("GET", {"Sec-Fetch-Site": "same-site"}, False),  # another port of this host
    ("GET", {"Sec-Fetch-Site": "cross-site"}, False),
    ("POST", {"X-CSRF-Token": "OURS", "Sec-Fetch-Site": "same-site"}, False),
    ("GET", {"Origin": "http://127.0.0.1:9", "Host": "127.0.0.1:8080"}, False),  # as a WebSocket of another page
    ("GET", {"Origin": "null", "Host": "127.0.0.1:8080"}, False),
    ("GET", {"Origin": "http://127.0.0.1:8080", "Host": "127.0.0.1:8080"}, True),
    ("POST", {"X-CSRF-Token": "OURS", "Authorization": "Bearer wrong"}, True),
])
def test_a_cookie_counts_only_for_our_own_page(gate: Gate, method: str, headers: Mapping[str, str],
                                               known: bool) -> None:
    cookie, session = gate.open(ANNA)
    sent = {name: session.csrf if value == "OURS" else value for name, value in headers.items()}
    assert (gate.caller(method, sent, cookie) == ANNA) is known


def test_a_session_ends_after_twelve_hours(gate: Gate, time: Time) -> None:
    cookie, session = gate.open(ANNA)
    time.now += LASTING - 1
    assert gate.caller("GET", {}, cookie) == ANNA
    time.now += 2
    assert gate.caller("GET", {}, cookie) is None
    assert gate.caller("POST", {"X-CSRF-Token": session.csrf}, cookie) is None


def test_a_link_is_good_once_and_for_a_minute(gate: Gate, time: Time) -> None:
    key, _ = gate.link(ANNA)
    assert (gate.redeem(key), gate.redeem(key), gate.redeem("")) == (ANNA, None, None)
    late, until = gate.link(ANNA)
    assert until == time.now + LINK_LASTING
    time.now = until
    assert gate.redeem(late) is None


def test_sessions_have_a_limit(gate: Gate) -> None:
    first, _ = gate.open(ANNA)
    for _ in range(MOST):
        last, _ = gate.open(ANNA)
    assert gate.caller("GET", {}, first) is None
    assert gate.caller("GET", {}, last) == ANNA


def test_of_two_sessions_neither_proves_the_other(gate: Gate) -> None:
    (one, _), (_, other) = gate.open(ANNA), gate.open(ANNA)
    assert gate.caller("POST", {"X-CSRF-Token": other.csrf}, one) is None


# ---- over HTTP


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("state") / "state", access=ACCESS) as found:
        yield found


def opened(serving: Serving, credential: Any) -> tuple[dict[str, str], dict[str, Any], str]:
    """The headers of a browser that has logged in, the session, and how its cookie was set."""
    status, session, headers = serving.ask("POST", "/api/v1/session", credential)
    assert status == 200, session
    cookie = headers["set-cookie"]
    return {"Cookie": cookie.partition(";")[0]}, session, cookie


@pytest.mark.parametrize(("credential", "name", "role"), [
    ({"token": "token-that-writes"}, "token", "write"),
    ({"token": "token-that-reads"}, "token", "read"),
    ({"user": "anna", "password": "p:w"}, "anna", "write"),
])
def test_a_credential_becomes_a_cookie_that_scripts_cannot_read(serving: Serving, credential: Any,
                                                                name: str, role: str) -> None:
    browser, session, cookie = opened(serving, credential)
    assert (session["name"], session["role"]) == (name, role)
    attributes = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "max-age=43200", "path=/"} <= attributes
    assert "secure" not in attributes  # plain HTTP on loopback
    assert cookie.startswith(f"mesos_docker_{serving.port}=")  # browsers do not tell ports apart
    again = serving.ask("GET", "/api/v1/session", headers=browser)[1]
    assert (again["name"], again["role"], again["csrf"]) == (name, role, session["csrf"])


@pytest.mark.parametrize(("credential", "status"), [
    ({"token": "nobody's"}, 401), ({"token": ""}, 401), ({"user": "anna", "password": "x"}, 401),
    ({"key": "guessed"}, 401), ({"user": "anna"}, 400), ([], 400), (None, 400), ({"token": 1}, 400),
    ({"token": "x" * 5000}, 400), ({"user": "a\ud800", "password": "\ud800"}, 400)])
def test_what_is_no_credential_opens_nothing(serving: Serving, credential: Any,
                                             status: int) -> None:
    found, _, headers = serving.ask("POST", "/api/v1/session", credential, {"X-CSRF-Token": ""})
    assert found == status
    assert "set-cookie" not in headers
    assert "www-authenticate" not in headers  # the page has a form of its own


def test_a_form_of_another_site_opens_nothing(serving: Serving) -> None:
    status, _, headers = serving.ask("POST", "/api/v1/session", {"token": "token-that-writes"},
                                     {"Content-Type": "text/plain"})
    assert (status, "set-cookie" in headers) == (403, False)


def test_changes_by_cookie_need_the_header_and_the_role(serving: Serving) -> None:
    browser, session, _ = opened(serving, {"token": "token-that-writes"})
    assert serving.ask("GET", "/v2/apps", headers=browser)[0] == 200
    assert serving.ask("POST", "/v2/apps", app("/no"), browser)[0] == 401
    assert serving.ask("POST", "/v2/apps", app("/by-cookie"),
                       {**browser, "X-CSRF-Token": session["csrf"]})[0] == 201
    reader, session, _ = opened(serving, {"token": "token-that-reads"})
    assert serving.ask("POST", "/v2/apps", app("/no"),
                       {**reader, "X-CSRF-Token": session["csrf"]})[0] == 403
    assert {each["id"] for each in serving.ask("GET", "/v2/apps",
                                               headers=reader)[1]["apps"]} == {"/by-cookie"}


def test_who_logs_out_is_nobody(serving: Serving) -> None:
    browser, session, _ = opened(serving, {"token": "token-that-writes"})
    assert serving.ask("DELETE", "/api/v1/session", headers=browser)[0] == 204  # without proof nothing ends
    assert serving.ask("GET", "/v2/apps", headers=browser)[0] == 200
    _, _, headers = serving.ask("DELETE", "/api/v1/session",
                                headers={**browser, "X-CSRF-Token": session["csrf"]})
    assert "max-age=0" in headers["set-cookie"].lower()
    status, _, headers = serving.ask("GET", "/v2/apps", headers=browser)
    assert (status, "www-authenticate" in headers) == (401, False)
    assert serving.ask("GET", "/api/v1/session", headers=browser)[1]["role"] is None


def test_a_link_logs_in_as_who_asked_for_it(serving: Serving) -> None:
    assert serving.ask("POST", "/api/v1/session/links")[0] == 401
    status, link, _ = serving.ask("POST", "/api/v1/session/links",
                                  headers={"Authorization": "Bearer token-that-reads"})
    assert status == 201
    path, _, key = link["path"].partition("#login=")
    assert (path, len(key) > 40) == ("/", True)
    assert opened(serving, {"key": key})[1]["role"] == "read"
    assert serving.ask("POST", "/api/v1/session", {"key": key})[0] == 401


def test_programs_are_still_asked_for_a_password(serving: Serving) -> None:
    _, _, headers = serving.ask("GET", "/v2/apps")
    assert headers["www-authenticate"] == 'Basic realm="Mesosphere"'
