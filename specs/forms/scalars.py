"""The single values in a message's JSON form: what may stand for a number, a text, bytes.

As Mesos reads them (protobuf.hpp, `Parser`) and as protobuf's JSON form writes them: integers and
doubles may be texts (64-bit numbers do not survive JavaScript), a double may be "Infinity",
"-Infinity" or "NaN", bytes are base64 with or without padding. Beyond Mesos, nothing is cut off in
silence: 1.5 for an integer, or 2³² for a uint32, is an error. All functions raise SpecError with an
empty path; who knows the path adds it.
"""
from __future__ import annotations

import binascii
import math
import re
from typing import Any, Final

from specs.errors import SpecError

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_SPECIAL: Final = {"Infinity": float("inf"), "-Infinity": float("-inf"), "NaN": float("nan")}
_SHOWN: Final = 60  # characters of a wrong value that an error shows


def found(value: Any) -> str:
    """A wrong value, for the end of an error: its JSON type, and the value where it is short."""
    if value is None:
        return "found null"
    if isinstance(value, bool):
        return f"found {'true' if value else 'false'}"
    if isinstance(value, int) and value.bit_length() > 128:  # Python refuses to print very long ones
        return "found a very large number"
    if isinstance(value, int | float):
        return f"found the number {value!r}"
    if isinstance(value, str):
        short = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        return f"found the text {repr(short) if short.isprintable() else ascii(short)}"
    if isinstance(value, list | tuple):
        return "found a list"
    return "found an object" if isinstance(value, dict) else f"found {type(value).__name__}"


def step(key: object) -> str:
    """A key that somebody else chose, as a step of an error's path: short, and fit for a terminal.
    """
    name = str(key)
    short = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return short if short.isprintable() else ascii(short)[1:-1]


def text(value: Any) -> str:
    """A text that UTF-8 can carry: JSON can spell halves of a character, neither Docker nor
    protobuf can take them.
    """
    if not isinstance(value, str):
        raise SpecError("", f"must be a text, {found(value)}")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise SpecError("", f"must be valid Unicode, {found(value)}") from error
    return value


def integer(value: Any, *, low: int, high: int) -> int:
    """An integer from low to high, as a number (also 3.0) or as a text."""
    result: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        result = value
    elif isinstance(value, float) and value.is_integer():
        result = int(value)
    elif isinstance(value, str) and len(value) <= _SHOWN and _NUMBER.fullmatch(value):
        result = _integer_of_text(value)
    if result is None:
        raise SpecError("", f"must be an integer, {found(value)}")
    if not low <= result <= high:
        raise SpecError("", f"must be an integer from {low} to {high}, {found(value)}")
    return result


def _integer_of_text(value: str) -> int | None:
    try:
        return int(value)
    except ValueError:
        as_float = float(value)
        return int(as_float) if as_float.is_integer() else None


def number(value: Any) -> float:
    """A double, as a number or as a text; the three that JSON has no number for are texts."""
    if isinstance(value, float):
        return value
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            special = _SPECIAL.get(value)
            if special is not None:
                return special
            if _NUMBER.fullmatch(value):
                return float(value)
    except OverflowError:
        pass  # an integer beyond 1.8e308
    raise SpecError("", f"must be a number, {found(value)}")


def boolean(value: Any, *, strict: bool) -> bool:
    """true or false; unless strict also as texts, which Mesos takes."""
    if isinstance(value, bool):
        return value
    if not strict and value in ("true", "false"):
        return bool(value == "true")
    raise SpecError("", f"must be true or false, {found(value)}")


def json_double(value: float) -> float | str:
    """A double as Mesos's JSON has it: the three values that are no JSON numbers are texts."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def base64_bytes(value: Any) -> bytes:
    """Bytes, or their base64 text; line breaks and missing padding are fine, as in Mesos."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise SpecError("", f"must be bytes in base64, {found(value)}")
    packed = "".join(value.split()).rstrip("=")
    try:
        return binascii.a2b_base64(packed + "=" * (-len(packed) % 4), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise SpecError("", f"must be bytes in base64, {found(value)}") from error
