"""The text of a definition: bytes or characters to JSON, as Marathon takes it.

A key that stands twice in an object counts once, the last time, as in Marathon; where that happened
is told. What JSON does not know (NaN, Infinity) and what cannot be written as UTF-8 again (halves
of surrogate pairs) is refused.
"""
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from specs.marathon.errors import WRONG_TYPE, MarathonError


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON value. `repeated`: the paths of keys that stood more than once."""

    value: Any
    repeated: tuple[str, ...] = ()


def parse(body: bytes | str) -> Parsed:
    """The JSON in a body; bytes may be UTF-8, UTF-16 or UTF-32. Raises MarathonError with status
    400.
    """
    if not body.strip():
        raise MarathonError(400, "Please specify data in JSON format")
    twice: list[tuple[dict[str, Any], str]] = []

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice.extend((found, key) for key in found if keys.count(key) > 1)
        return found

    try:
        characters = body if isinstance(body, str) else body.decode(json.detect_encoding(body))
        value = json.loads(characters.removeprefix("\ufeff"), object_pairs_hook=made,
                           parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()
        return Parsed(value, tuple(_places(value, twice)) if twice else ())
    except RecursionError:
        raise MarathonError(400, WRONG_TYPE, "nested too deeply") from None
    except ValueError as error:
        raise MarathonError(400, WRONG_TYPE, _reason(error)) from None


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _reason(error: ValueError) -> str:
    if isinstance(error, UnicodeError):
        return "not a text in UTF-8"
    return str(error)[:1000]


def _places(value: Any, twice: list[tuple[dict[str, Any], str]], path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{path}/{key}" for found, key in twice if found is value)
        for key, item in value.items():
            yield from _places(item, twice, f"{path}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, twice, f"{path}({index})")
