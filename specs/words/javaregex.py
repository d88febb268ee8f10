"""Regular expressions as people write them for Marathon, which runs on Java, made into Python's.

The two languages are near relatives; this walks through a pattern once and rewrites what differs:
quotes (`\\Q…\\E`), POSIX classes (`\\p{Alpha}`), named groups, flags in the middle, unions and
intersections of character classes (`[a-z&&[^aeiou]]`), and escapes. What has no counterpart here
(Unicode scripts, lookbehind of any width) is refused as if it were broken: a constraint that would
match something else is worse than none. `\\d`, `\\w` and `\\s` are ASCII, as in Java. As Java:
java.util.regex.Pattern.
"""
from __future__ import annotations

import re
from functools import lru_cache

_POSIX = {
    "Lower": "a-z", "Upper": "A-Z", "ASCII": "\\x00-\\x7f", "Alpha": "a-zA-Z", "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": "!-/:-@\\[-`{-~", "Graph": "!-~", "Print": "\\x20-~", "Blank": "\\x20\\t",
    "Cntrl": "\\x00-\\x1f\\x7f", "XDigit": "0-9a-fA-F", "Space": "\\x20\\t\\n\\x0b\\f\\r",
}
_HORIZONTAL = "\\x20\\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000"
_VERTICAL = "\\n\\x0b\\f\\r\\x85\\u2028\\u2029"
_CLASSES = {"d": "\\d", "w": "\\w", "s": "\\s", "h": _HORIZONTAL, "v": _VERTICAL}  # upper case: anything else
_CHARACTERS = {"t": "\\t", "n": "\\n", "r": "\\r", "f": "\\f", "a": "\\x07", "e": "\\x1b"}
_ANCHORS = {  # in a group of their own, because Python does not repeat a bare one
    "b": "(?:\\b)", "B": "(?:\\B)", "A": "(?:\\A)", "z": "(?:\\Z)", "Z": "(?=\\n?\\Z)",
    "R": f"(?:\\r\\n|[{_VERTICAL}])"}
_CODES = (  # after the backslash: how a character is given by its number
    (re.compile(r"0([0-3]?[0-7]{1,2})"), 8), (re.compile(r"x([0-9a-fA-F]{2})"), 16),
    (re.compile(r"u([0-9a-fA-F]{4})"), 16), (re.compile(r"x\{([0-9a-fA-F]{1,6})\}"), 16))
_PROPERTY = re.compile(r"[pP](?:\{(?:Is|is)?(\w+)\}|(\w))")
_REFERENCE = re.compile(r"k<([a-zA-Z][a-zA-Z0-9]*)>|([1-9])(?!\d)")
_GROUP = re.compile(r"\(\?<([a-zA-Z][a-zA-Z0-9]*)>")
_FLAGS = re.compile(r"\(\?([ims]*(?:-[ims]+)?)([:)])")
_OPENING = re.compile(r"\(\?(?:<?[=!]|>)")
_COUNT = re.compile(r"\{\d+(?:,\d*)?\}")


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """Ready for `fullmatch`. Raises ValueError if it is no regular expression of Java's, or one
    with no counterpart.
    """
    try:
        return re.compile(_Translation(pattern).whole(), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r}: {error}") from None


def is_valid(pattern: str) -> bool:
    """Whether it is a regular expression."""
    try:
        compiled(pattern)
    except ValueError:
        return False
    return True


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches, as Java's String.matches. Raises ValueError as `compiled`."""
    return compiled(pattern).fullmatch(text) is not None


class _Translation:
    """One walk through a pattern. `at` is the next character to read."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._depth: list[list[str]] = [[]]  # by open group: the flags set in its middle, each an open group of ours

    def whole(self) -> str:
        parts = []
        while self._at < len(self._text):
            parts.append(self._piece())
        if len(self._depth) != 1:
            raise ValueError(f"{self._text!r}: a group is not closed")
        return "".join(parts) + ")" * len(self._depth[0])

    def _piece(self) -> str:
        character = self._text[self._at]
        if character == "\\":
            return self._escape()
        if character == "[":
            self._at += 1
            return self._class()
        if character == "(":
            return self._open()
        if character == "{":
            return self._take(_COUNT)
        self._at += 1
        if character == ")":
            if len(self._depth) == 1:
                raise ValueError(f"{self._text!r}: a group is closed that was not opened")
            return ")" * (len(self._depth.pop()) + 1)
        if character == "|":  # flags set in the middle hold for the alternatives that follow, too
            flags = self._depth[-1]
            return ")" * len(flags) + "|" + "".join(flags)
        if character in "^$":
            return f"(?:{character})"
        return character if character in ".*+?}]" else re.escape(character)

    def _open(self) -> str:
        flags = _FLAGS.match(self._text, self._at)
        if flags and flags[2] == ")":
            self._at = flags.end()
            if flags[1].strip("-"):
                self._depth[-1].append(f"(?{flags[1]}:")
                return self._depth[-1][-1]
            return ""
        named = _GROUP.match(self._text, self._at)
        if named:
            opening, end = f"(?P<{named[1]}>", named.end()
        elif known := flags or _OPENING.match(self._text, self._at):
            opening, end = known[0], known.end()
        elif self._text.startswith("(?", self._at):
            raise ValueError(f"{self._text!r}: an unknown kind of group")
        else:
            opening, end = "(", self._at + 1
        self._at = end
        self._depth.append([])
        return opening

    def _escape(self) -> str:
        if self._text.startswith("\\Q", self._at):
            return re.escape(self._quoted())
        start = self._at + 1
        reference = _REFERENCE.match(self._text, start)
        if reference:
            self._at = reference.end()
            return f"(?P={reference[1]})" if reference[1] else f"(?:\\{reference[2]})"
        anchor = _ANCHORS.get(self._text[start:start + 1])
        if anchor:
            self._at = start + 1
            return anchor
        negated, content = self._set_escape()
        if content is not None:
            return f"[{'^' if negated else ''}{content}]"
        return self._character()

    def _set_escape(self) -> tuple[bool, str | None]:
        """A backslash and a set of characters, as the inside of a class; None if it is no such set.
        """
        start = self._at + 1
        letter = self._text[start:start + 1]
        if letter.lower() in _CLASSES and letter:
            self._at = start + 1
            return letter.isupper(), _CLASSES[letter.lower()]
        known = _PROPERTY.match(self._text, start)
        if known is None:
            return False, None
        content = _POSIX.get(known[1] or "")
        if content is None:
            raise ValueError(f"{self._text!r}: \\{known[0]} is not known here")
        self._at = known.end()
        return letter == "P", content

    def _character(self) -> str:
        """A backslash and one character."""
        start = self._at + 1
        for form, base in _CODES:
            found = form.match(self._text, start)
            if found:
                self._at = found.end()
                return re.escape(chr(int(found[1], base)))
        letter = self._text[start:start + 1]
        if letter == "c" and self._text[start + 1:start + 2]:
            self._at = start + 2
            return re.escape(chr(ord(self._text[start + 1]) ^ 64))
        if letter in _CHARACTERS:
            self._at = start + 1
            return _CHARACTERS[letter]
        if not letter or (letter.isascii() and letter.isalnum()):
            raise ValueError(f"{self._text!r}: an unknown escape")
        self._at = start + 1
        return re.escape(letter)

    def _quoted(self) -> str:
        start = self._at + 2
        end = self._text.find("\\E", start)
        self._at = len(self._text) if end < 0 else end + 2
        return self._text[start:] if end < 0 else self._text[start:end]

    def _class(self) -> str:
        """A class from behind its bracket: something that matches one character."""
        negated = self._text.startswith("^", self._at)
        self._at += negated
        both: list[str] = []  # the sides of &&
        either: list[str] = []  # nested classes and negated sets on this side
        plain = ""  # single characters and ranges on this side
        first = True
        while first or not self._text.startswith("]", self._at):
            if self._at >= len(self._text):
                raise ValueError(f"{self._text!r}: a character class is not closed")
            if self._text.startswith("&&", self._at):
                self._at += 2
                both.append(_any_of(plain, either))
                plain, either = "", []
            elif self._text.startswith("[", self._at):
                self._at += 1
                either.append(self._class())
            else:
                plain += self._member(either)
            first = False
        self._at += 1
        if not both and not either:
            return f"[{'^' if negated else ''}{plain}]"
        if plain or either:
            both.append(_any_of(plain, either))
        inside = "".join(f"(?={side})" for side in both)
        return f"(?:(?!{inside})[\\s\\S])" if negated else f"(?:{inside}[\\s\\S])"

    def _member(self, either: list[str]) -> str:
        if self._text.startswith("\\Q", self._at):
            return re.escape(self._quoted())
        if self._text.startswith("\\", self._at):
            negated, content = self._set_escape()
            if content is not None and negated:
                either.append(f"[^{content}]")
                return ""
            if content is not None:
                return content
        begin = self._single()
        follows = self._text[self._at + 1:self._at + 2]
        if not self._text.startswith("-", self._at) or follows in {"", "]", "["}:
            return begin
        self._at += 1
        return f"{begin}-{self._single()}"

    def _single(self) -> str:
        if self._text.startswith("\\", self._at):
            return self._character()
        self._at += 1
        return re.escape(self._text[self._at - 1])

    def _take(self, form: re.Pattern[str]) -> str:
        found = form.match(self._text, self._at)
        if found is None:
            raise ValueError(f"{self._text!r}: {{ stands alone")
        self._at = found.end()
        return found[0]


def _any_of(plain: str, either: list[str]) -> str:
    parts = [*([f"[{plain}]"] if plain else []), *either]
    return "(?:" + "|".join(parts or ["(?!)"]) + ")"
