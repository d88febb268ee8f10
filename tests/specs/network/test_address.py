"""Addresses, and where redirects lead."""
from __future__ import annotations

import pytest

from specs.network.address import HostPort, redirected

ASKED = HostPort("10.0.0.1", 5050)


@pytest.mark.parametrize(("address", "text"), [
    (HostPort("leader", 5050), "leader:5050"), (HostPort("10.0.0.1", 80), "10.0.0.1:80"),
    (HostPort("::1", 5), "[::1]:5"),
])
def test_as_it_stands_in_a_url(address: HostPort, text: str) -> None:
    assert str(address) == text


@pytest.mark.parametrize(("location", "target"), [
    ("//10.0.0.2:5051", HostPort("10.0.0.2", 5051)), ("//10.0.0.2:5051/master", HostPort("10.0.0.2", 5051)),
    ("http://leader:80/api/v1/scheduler", HostPort("leader", 80)), ("//leader/", HostPort("leader", 5050)),
    ("//[fd00::1]:5050", HostPort("fd00::1", 5050)), ("//10.0.0.1:5050", None), ("//10.0.0.1", None),
    ("", None), (None, None), ("/elsewhere", None), ("http://[broken", None), ("//leader:99999", None),
])
def test_where_a_redirect_leads(location: str | None, target: HostPort | None) -> None:
    assert redirected(307, location, ASKED) == target


@pytest.mark.parametrize("status", [200, 302, 308, 503])
def test_any_other_answer_leads_nowhere(status: int) -> None:
    assert redirected(status, "//10.0.0.2:5051", ASKED) is None
