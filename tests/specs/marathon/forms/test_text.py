"""Bytes to JSON, as Marathon takes them, and what is none."""
from __future__ import annotations

import json

import pytest

from specs.marathon.errors import MarathonError
from specs.marathon.forms.text import parse


@pytest.mark.parametrize("body", [
    b'{"a": [1, 2.5, null, true, "\\u00fc"]}', b'\xef\xbb\xbf{"a": 1}', '{"a": "ü"}'.encode("utf-16"),
    b'{"a": "\\ud83d\\ude00"}', " 5 ", "[]"])
def test_json(body: bytes | str) -> None:
    assert parse(body).value == json.loads(body)
    assert parse(body).repeated == ()


@pytest.mark.parametrize("body", [b"", b" \r\n\t", ""])
def test_nothing_at_all(body: bytes | str) -> None:
    with pytest.raises(MarathonError) as raised:
        parse(body)
    assert (raised.value.status, raised.value.message) == (400, "Please specify data in JSON format")


@pytest.mark.parametrize("body", [
    b'{"id": ', b"{'a': 1}", b"nothing", b"{} {}", b'{"a": NaN}', b"[-Infinity]", b'{"a": "\\ud800"}',
    b'{"\\udc00": 1}', b'"\xff"', b'"\xed\xa0\x80"', b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b"[1,]"])
def test_no_json(body: bytes) -> None:
    with pytest.raises(MarathonError) as raised:
        parse(body)
    assert (raised.value.status, raised.value.message) == (400, "Invalid JSON")
    assert isinstance(raised.value.details, str)
    assert len(raised.value.details) <= 1000


def test_a_key_that_stands_twice_counts_once_and_is_told() -> None:
    parsed = parse('{"cmd": "a", "apps": [{}, {"env": {"A": 1, "A": 2, "A": 3}}], "cmd": "b"}')
    assert parsed.value == {"cmd": "b", "apps": [{}, {"env": {"A": 3}}]}
    assert parsed.repeated == ("/cmd", "/apps(1)/env/A")
