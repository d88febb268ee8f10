"""What constraints see of an agent."""
from __future__ import annotations

from typing import Any

import pytest

from scheduler.placement.location import Location, attribute_text, location, scalar_text
from specs.forms.codec import read
from specs.messages.offer import DomainInfo, FaultDomain, Offer
from specs.messages.resource import Attribute


@pytest.mark.parametrize(("value", "text"), [
    (7.0, "7"), (1.0, "1"), (0.0, "0"), (100.0, "100"), (1.5, "1.5"), (1.0005, "1"), (1.00051, "1.001"),
    (1.1005, "1.101"), (0.0004, "0"), (12345678.25, "12345678.25"), (-2.5, "-2.5"), (1e20, "100000000000000000000"),
])
def test_a_number_has_three_decimals_at_most(value: float, text: str) -> None:
    assert scalar_text(value) == text


@pytest.mark.parametrize(("message", "text"), [
    ({"text": {"value": "r-1"}}, "r-1"),
    ({"scalar": {"value": 6}}, "6"),
    ({"ranges": {"range": [{"begin": 9, "end": 12}, {"begin": 6, "end": 7}]}}, "[6-7,9-12]"),
    ({"set": {"item": ["b", "a"]}}, "{a,b}"),
    ({"ranges": {}}, "[]"),
    ({}, ""),
])
def test_the_text_of_an_attribute(message: dict[str, Any], text: str) -> None:
    assert attribute_text(read(Attribute, {"name": "a", "type": "TEXT", **message}, strict=True)) == text


def test_the_location_of_an_offer() -> None:
    found = location(Offer(
        "O", "F", "S1", "h1", domain=DomainInfo(FaultDomain("eu", "a")),
        attributes=(Attribute("rack", "TEXT", text="r1"), Attribute("rack", "TEXT", text="r2"))))
    assert found == Location("S1", "h1", "eu", "a", (("rack", "r1"), ("rack", "r2")))
    assert [found.value(field) for field in ("hostname", "@hostname", "@region", "@zone", "rack", "none")] == \
        ["h1", "h1", "eu", "a", "r1", None]


def test_an_offer_may_say_nothing() -> None:
    found = location(Offer("O", "F", "S1", ""))
    assert (found.value("hostname"), found.value("@region"), found.value("@zone")) == ("", None, None)
