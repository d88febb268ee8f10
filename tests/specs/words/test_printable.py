"""What a terminal would act on is shown as what it is."""
from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.words.printable import printable, printable_json, printable_lines


@pytest.mark.parametrize(("text", "shown"), [
    ("plain äöü → ✓ 漢字", "plain äöü → ✓ 漢字"),
    ("\x1b[2Jx", "\\x1b[2Jx"),
    ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
    ("\x9b2J\x7f\x00", "\\x9b2J\\x7f\\x00"),
    ("left\u202eright", "left\\u202eright"),
    ("\udc80", "\\udc80"),
    ("\U000e0001", "\\U000e0001"),
])
def test_on_one_line(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_with_lines() -> None:
    assert printable_lines("a\r\n\tb\rc\x07\n") == "a\n\tb\\rc\\x07\n"


@given(st.text(st.characters()))
def test_nothing_else_is_left(text: str) -> None:
    assert printable(text).isprintable()
    assert all(line.isprintable() for line in printable_lines(text).replace("\t", "").split("\n"))
    value = [text, {text: 1}]
    shown = printable_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(shown) == value
    assert shown.replace("\n", "").isprintable()
