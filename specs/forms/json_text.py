"""JSON as Mesos reads it, with the words it uses when it cannot.

Mesos parses with picojson, which tells where it stopped by the rest of that line. Anything the
standard library reads is read by it (fast); only what it refuses goes through the scanner below,
which either finds that picojson is more generous ("01", "1.") or says what picojson would have
said. Of megabytes that it refuses, the library says where it stopped: the scanner would take
seconds to come to the same place.

As Mesos: stout/json.hpp, `parse`; picojson.h.
"""
from __future__ import annotations

import json
import math
import re
from typing import Any, Final

_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r",
                   "t": "\t"}
_LONGEST_INT64: Final = 20  # characters
_SCANNED: Final = 1 << 20  # characters
# What needs no look at each character, so that megabytes of it take no longer than for the standard
# library.
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"[0-9+\-eE.]*", re.ASCII)
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*')
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]", re.ASCII)
_END: Final = ""  # what `get` gives behind the last character


class JsonSyntaxError(ValueError):
    """The text is no JSON; the message is Mesos's."""


def parse_json(text: str) -> Any:
    """The value; raises JsonSyntaxError. Texts in it are whole Unicode: half a surrogate pair is an
    error, as it is there."""
    scanned = len(text) <= _SCANNED
    surrogates = _SURROGATE.search(text) is not None
    if scanned and surrogates:
        return _parse_as_picojson(text)
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_int=_integer,
                           parse_float=_double)
        if surrogates:
            json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError: half a pair
    except _RangeError:
        raise JsonSyntaxError("Value out of range") from None
    except (ValueError, RecursionError) as error:
        if scanned:
            return _parse_as_picojson(text)
        raise _stopped(text, error.pos if isinstance(error, json.JSONDecodeError) else 0) from None
    return value


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
        raise _stopped(text, scanner.position) from None
    except RecursionError:
        raise JsonSyntaxError("syntax error at line 1 near: ") from None
    except _RangeError:
        raise JsonSyntaxError("Value out of range") from None
    trailing = text[scanner.position:]
    if trailing.strip():
        raise JsonSyntaxError(
            f"Parsed JSON included non-whitespace trailing characters: {trailing}")
    return value


def _stopped(text: str, position: int) -> JsonSyntaxError:
    line = text.count("\n", 0, position) + 1
    rest = "".join(char for char in text[position:position + _SCANNED].split("\n", 1)[0]
                   if char >= " ")
    return JsonSyntaxError(f"syntax error at line {line} near: {rest}")


class _StopError(Exception):
    pass


class _Scanner:
    """picojson's recursive descent: a character that does not fit is given back, then reading ends.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.position = 0

    def value(self) -> Any:
        self._skip_space()
        char = self._get()
        words: dict[str, tuple[str, Any]] = {"n": ("ull", None), "f": ("alse", False),
                                             "t": ("rue", True)}
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
            result.append(self._run(_PLAIN))
            char = self._get()
            if char == '"':
                return "".join(result)
            if char < " ":  # also the end of the text
                self._unget(char)
                raise _StopError
            result.append(self._escape())

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
        digits = self._run(_NUMBER)
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
        self._run(_SPACE)

    def _run(self, pattern: re.Pattern[str]) -> str:
        """All that comes next of these characters."""
        match = pattern.match(self._text, self.position)
        if match is None:
            return ""
        self.position = match.end()
        return match[0]
