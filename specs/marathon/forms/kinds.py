"""What a field of an app's JSON may hold: a *kind* reads it, with what is wrong noted by path, and
writes it.

An object is a table of fields over a dataclass; null is absent, and absent fields take the
dataclass's default. Reading goes on after an error, so that all are told at once; what is wrong is
`WRONG`, and nothing is made of an object that has something wrong in it. Fields that no table has
are noted as unknown: Marathon passes over them in silence.

The codes are those of Marathon's JSON library (Play); so is what a number is: 1.0 is an integer,
"1" is none, and enum values are matched without case. As Marathon: type-generator,
FieldVisitor.scala, EnumVisitor.scala, UnionVisitor.scala.
"""
from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from specs.marathon.errors import Problems

WRONG: Final[Any] = object()  # what cannot be read
_SHOWN = 1000  # characters of an object in an error


class Notes:
    """What reading finds besides values."""

    def __init__(self) -> None:
        self.errors = Problems()  # in codes
        self.broken = Problems()  # in words: rules that can only be seen here; told if there are no errors
        self.unknown: list[str] = []  # paths

    def wrong(self, path: str, *codes: str) -> Any:
        """Note codes; the answer is `WRONG`."""
        self.errors.add(path, *codes)
        return WRONG

    def breaks(self, path: str, words: str) -> Any:
        """Note that a rule is broken; the answer is `WRONG`."""
        self.broken.add(path, words)
        return WRONG


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` takes a value that is not absent, its path, and where to note; `write` takes what was
    read.
    """

    read: Callable[[Any, str, Notes], Any]
    write: Callable[[Any], Any] = _as_it_is


def text(shortest: int = 0, longest: int | None = None, pattern: str | None = None) -> Kind:
    """A string. `pattern` has to match the whole of it."""
    form = re.compile(pattern) if pattern is not None else None

    def read(value: Any, path: str, notes: Notes) -> Any:
        if not isinstance(value, str):
            return notes.wrong(path, "error.expected.jsstring")
        codes = []
        if len(value) < shortest:
            codes.append("error.minLength")
        if longest is not None and len(value) > longest:
            codes.append("error.maxLength")
        if (form is not None and not form.fullmatch(value)) or not _can_be_told(value):
            codes.append("error.pattern")
        return notes.wrong(path, *codes) if codes else value
    return Kind(read)


def _can_be_told(value: str) -> bool:
    """Whether a process can be told: no system call takes a NUL, and half of a surrogate pair is no
    UTF-8."""
    return "\0" not in value and (value.isascii()
                                  or not any("\ud800" <= character <= "\udfff"
                                             for character in value))


def integer(low: int | None = None, high: int | None = None, *, bits: int = 32) -> Kind:
    """A whole number of so many bits."""
    code, bound = ("error.expected.int" if bits == 32 else "error.expected.long"), 1 << (bits - 1)

    def read(value: Any, path: str, notes: Notes) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return notes.wrong(path, "error.expected.jsnumber")
        if (isinstance(value, float) and not value.is_integer()) or not -bound <= value < bound:
            return notes.wrong(path, code)
        return _bounded(int(value), low, high, path, notes)
    return Kind(read, int)


def number(low: float | None = None, high: float | None = None) -> Kind:
    """A number that a float can hold."""
    def read(value: Any, path: str, notes: Notes) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return notes.wrong(path, "error.expected.jsnumber")
        try:
            found = float(value)
        except OverflowError:
            found = math.inf
        if not math.isfinite(found):
            return notes.wrong(path, "error.max" if found > 0 else "error.min")
        return _bounded(found, low, high, path, notes)
    return Kind(read)


def _bounded(value: Any, low: float | None, high: float | None, path: str, notes: Notes) -> Any:
    if low is not None and value < low:
        return notes.wrong(path, "error.min")
    if high is not None and value > high:
        return notes.wrong(path, "error.max")
    return value


def _read_boolean(value: Any, path: str, notes: Notes) -> Any:
    return value if isinstance(value, bool) else notes.wrong(path, "error.expected.jsboolean")


TEXT = text()
NOT_EMPTY = text(1)
BOOLEAN = Kind(_read_boolean)
PORT = integer(0, 65535)
NATURAL = integer(0)
LONG = integer(0, bits=64)


def choice(values: type[enum.Enum] | Sequence[str]) -> Kind:
    """One of an enum's values or of texts, in any case."""
    if isinstance(values, type):
        known: dict[str, Any] = {member.value.lower(): member for member in values}
    else:
        known = {value.lower(): value for value in values}

    def read(value: Any, path: str, notes: Notes) -> Any:
        found = known.get(value.lower()) if isinstance(value, str) else None
        return notes.wrong(path, "error.unknown.enum.literal") if found is None else found
    return Kind(read, lambda value: value.value if isinstance(value, enum.Enum) else value)


def list_of(kind: Kind, *, shortest: int = 0, unique: bool = False) -> Kind:
    """An array, as a tuple. `unique`: what stands in it twice is kept once."""
    def read(value: Any, path: str, notes: Notes) -> Any:
        if not isinstance(value, list):
            return notes.wrong(path, "error.expected.jsarray")
        if len(value) < shortest:
            return notes.wrong(path, "error.minLength")
        items = [kind.read(item, f"{path}({index})", notes) for index, item in enumerate(value)]
        if any(item is WRONG for item in items):
            return WRONG
        return tuple(dict.fromkeys(items) if unique else items)
    return Kind(read, lambda items: [kind.write(item) for item in items])


def map_of(kind: Kind) -> Kind:
    """An object with any keys."""
    def read(value: Any, path: str, notes: Notes) -> Any:
        if not isinstance(value, dict):
            return notes.wrong(path, "error.expected.jsobject")
        items = {key: kind.read(item, f"{path}/{key}", notes) if _can_be_told(key)
                 else notes.wrong(path, "error.pattern") for key, item in value.items()}
        return WRONG if any(item is WRONG for item in items.values()) else items
    return Kind(read, dict if kind.write is _as_it_is else
                lambda items: {key: kind.write(item) for key, item in items.items()})


TEXTS = map_of(TEXT)


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a dataclass and of its JSON object. None is never written; `omit_empty`: nor is
    what is empty."""

    name: str
    kind: Kind
    key: str = ""  # else the name in camelCase
    required: bool = False
    omit_empty: bool = False
    written: bool = True  # whether there is such a field in what is written, too

    @property
    def json_key(self) -> str:
        head, *rest = self.name.split("_")
        return self.key or head + "".join(part.title() for part in rest)


def record(make: Callable[..., Any], *fields: FormField, passed: frozenset[str] = frozenset(),
           missing: str | None = None) -> Kind:
    """An object of these fields. `passed`: keys that are known, and passed over when read;
    `missing`: the code for a field that has to be there, else the sentence of Marathon's with the
    object in it."""
    keys = {field.json_key for field in fields} | passed
    table = [(field.json_key, field) for field in fields]
    plan = [(field.json_key, field.name, None if field.kind.write is _as_it_is else field.kind.write, field.omit_empty)
            for field in fields if field.written]  # apps are shown by the thousand

    def read(value: Any, path: str, notes: Notes) -> Any:
        if not isinstance(value, dict):
            return notes.wrong(path, "error.expected.jsobject")
        notes.unknown.extend(f"{path}/{key}" for key in value if key not in keys)
        said = {}
        for key, field in table:
            if value.get(key) is not None or (field.required and key in value):
                said[field.name] = field.kind.read(value[key], f"{path}/{key}", notes)
            elif field.required:
                said[field.name] = notes.wrong(f"{path}/{key}", missing or _undefined(key, value))
        return WRONG if any(item is WRONG for item in said.values()) else make(**said)

    def write(value: Any) -> Any:
        written = {}
        for key, name, form, omit_empty in plan:
            item = getattr(value, name)
            if item is not None and (item or not omit_empty):
                written[key] = item if form is None else form(item)
        return written
    return Kind(read, write)


def wrapped(key: str, kind: Kind, missing: str | None = None) -> Kind:
    """An object for the sake of its only key, whose value it is here. `missing` as of `record`."""
    outer = record(dict, FormField(key, kind, key, required=True), missing=missing)

    def read(value: Any, path: str, notes: Notes) -> Any:
        found = outer.read(value, path, notes)
        return WRONG if found is WRONG else found[key]
    return Kind(read, lambda value: {key: kind.write(value)})


def _undefined(key: str, found: Mapping[str, Any]) -> str:
    shown = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return f"'{key}' is undefined on object: {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'}"
