"""JSON as Mesos reads it, with the words it uses when it cannot.

Mesos parses with picojson, which tells where it stopped by the rest of that line. Anything the standard library reads
is read by it (fast); only what it refuses goes through the scanner below, which either finds that picojson is more
generous ("01", "1.") or says what picojson would have said.

As Mesos: stout/json.hpp, `parse`; picojson.h.
"""
from __future__ import annotations

import json
import math
import re
from typing import Any, Final

_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SPACE: Final = " \t\n\r"
_NUMBER: Final = "0123456789+-eE."
_LONGEST_INT64: Final = 20  # characters
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]", re.ASCII)
_END: Final = ""  # what `get` gives behind the last character


class JsonSyntaxError(ValueError):
    """The text is no JSON; the message is Mesos's."""


def parse_json(text: str) -> Any:
    """The value; raises JsonSyntaxError. Texts in it are whole Unicode: half a surrogate pair is an error, as it is
    there."""
    if _SURROGATE.search(text):
        return _parse_as_picojson(text)
    try:
        return json.loads(text, parse_constant=_no_constant, parse_int=_integer, parse_float=_double)
    except _RangeError:
        raise JsonSyntaxError("Value out of range") from None
    except (ValueError, RecursionError):
        return _parse_as_picojson(text)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class _RangeError(ValueError):
    """A number that a double cannot hold."""


def _integer(digits: str) -> int | float:
    """What an int64 cannot hold is a double."""
    value = int(digits) if len(digits) <= _LONGEST_INT64 else None
    return value if value is not None and -(1 << 63) <= value < 1 << 63 else _double(digits)


def _double(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _RangeError
    return value


def _parse_as_picojson(text: str) -> Any:
    scanner = _Scanner(text)
    try:
        value = scanner.value()
    except _StopError:
        line = text.count("\n", 0, scanner.position) + 1
        rest = "".join(char for char in text[scanner.position:].split("\n", 1)[0] if char >= " ")
        raise JsonSyntaxError(f"syntax error at line {line} near: {rest}") from None
    except RecursionError:
        raise JsonSyntaxError("syntax error at line 1 near: ") from None
    except _RangeError:
        raise JsonSyntaxError("Value out of range") from None
    trailing = text[scanner.position:]
    if trailing.strip():
        raise JsonSyntaxError(f"Parsed JSON included non-whitespace trailing characters: {trailing}")
    return value


class _StopError(Exception):
    pass


class _Scanner:
    """picojson's recursive descent: a character that does not fit is given back, then reading ends."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.position = 0

    def value(self) -> Any:
        self._skip_space()
        char = self._get()
        words: dict[str, tuple[str, Any]] = {"n": ("ull", None), "f": ("alse", False), "t": ("rue", True)}
        if char in words:
            rest, value = words[char]
            self._match(rest)
            return value
        if char == '"':
            return self._string()
        if char == "[":
            return self._array()
        if char == "{":
            return self._object()
        self._unget(char)
        if char.isdigit() or char == "-":
            return self._number()
        raise _StopError

    def _object(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        if self._expect("}"):
            return result
        while True:
            if not self._expect('"'):
                raise _StopError
            key = self._string()
            if not self._expect(":"):
                raise _StopError
            result[key] = self.value()
            if not self._expect(","):
                break
        if not self._expect("}"):
            raise _StopError
        return result

    def _array(self) -> list[Any]:
        result: list[Any] = []
        if self._expect("]"):
            return result
        while True:
            result.append(self.value())
            if not self._expect(","):
                break
        if not self._expect("]"):
            raise _StopError
        return result

    def _string(self) -> str:
        result: list[str] = []
        while True:
            char = self._get()
            if char == '"':
                return "".join(result)
            if char < " ":  # also the end of the text
                self._unget(char)
                raise _StopError
            result.append(self._escape() if char == "\\" else char)

    def _escape(self) -> str:
        char = self._get()
        if char in _ESCAPES and char:
            return _ESCAPES[char]
        if char != "u":
            raise _StopError
        code = self._code()
        if 0xDC00 <= code <= 0xDFFF:
            raise _StopError
        if 0xD800 <= code < 0xDC00:  # the first half of a pair
            self._match("\\u")
            low = self._code()
            if not 0xDC00 <= low <= 0xDFFF:
                raise _StopError
            code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF))
        return chr(code)

    def _code(self) -> int:
        digits = self._text[self.position:self.position + 4]
        if len(digits) != 4 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise _StopError
        self.position += 4
        return int(digits, 16)

    def _number(self) -> int | float:
        start = self.position
        while self.position < len(self._text) and self._text[self.position] in _NUMBER:
            self.position += 1
        digits = self._text[start:self.position]
        try:
            return _integer(digits) if digits.lstrip("-").isdigit() else _double(digits)
        except _RangeError:
            raise
        except ValueError:
            raise _StopError from None

    def _get(self) -> str:
        if self.position >= len(self._text):
            return _END
        self.position += 1
        return self._text[self.position - 1]

    def _unget(self, char: str) -> None:
        if char:
            self.position -= 1

    def _match(self, word: str) -> None:
        for wanted in word:
            char = self._get()
            if char != wanted:
                self._unget(char)
                raise _StopError

    def _expect(self, wanted: str) -> bool:
        self._skip_space()
        char = self._get()
        if char == wanted:
            return True
        self._unget(char)
        return False

    def _skip_space(self) -> None:
        while self.position < len(self._text) and self._text[self.position] in _SPACE:
            self.position += 1
