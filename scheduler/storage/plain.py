"""Frozen values as JSON and back, by the annotations of their dataclasses: the form in which a
service stores them.

A field that has its default is left out, so that what is stored stays small and a field that a
later version adds reads as its default. A union of dataclasses is told apart by the class's name
under "is". Enums are stored by value, tuples as lists, infinite numbers as Python's json writes
them. It is a form of ours between one version and the next, not one that people write: a wrong text
raises, it is not explained.
"""
from __future__ import annotations

import dataclasses
import enum
import functools
import operator
import types
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final, TypeVar

T = TypeVar("T")
Reader = Callable[[Any], Any]

_CLASS = "is"


def plain(value: Any) -> Any:
    """JSON of a value: of dataclasses, enums, tuples, mappings by text, texts, numbers, booleans
    and None.
    """
    kind: Any = type(value)
    if kind in _ATOMS:
        return value
    return _writer(kind)(value)


def valued(kind: type[T], stored: Any) -> T:
    """The value of a dataclass that was stored so; parts of it may be values already. Raises
    KeyError, TypeError or ValueError for what is none.
    """
    return typing.cast("T", _reader(typing.cast("Hashable", kind))(stored))


_NOTHING = object()
_ATOMS: Final = frozenset({str, int, float, bool, type(None)})
_TAGGED: set[str] = set()  # names of classes that stand in unions with others


def tag(*kinds: type) -> None:
    """These stand for each other in a field: their names are stored with them."""
    _TAGGED.update(kind.__name__ for kind in kinds)


@functools.cache
def _writer(kind: Any) -> Callable[[Any], Any]:
    """By the class of a value: a service stores thousands of the same few in one turn."""
    if issubclass(kind, enum.Enum):
        return lambda value: value.value
    if issubclass(kind, str | int | float):
        return lambda value: value
    if issubclass(kind, Mapping):
        return lambda value: {key: plain(each) for key, each in value.items()}
    if issubclass(kind, list | tuple | frozenset):
        return lambda value: [plain(each) for each in value]
    fields = _fields(kind)
    start = {_CLASS: kind.__name__} if kind.__name__ in _TAGGED else {}
    values = operator.attrgetter(*(name for name, _ in fields), "__class__")  # of one name it would be no tuple

    def write(value: Any) -> dict[str, Any]:
        written: dict[str, Any] = dict(start)
        for (name, default), found in zip(fields, values(value), strict=False):
            if found is not default and found != default:
                written[name] = found if type(found) in _ATOMS else plain(found)
        return written
    return write


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, _default(field)) for field in dataclasses.fields(kind))


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return _NOTHING if field.default_factory is dataclasses.MISSING else field.default_factory()


@functools.cache
def _reader(kind: Hashable) -> Reader:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is tuple:
        return _tuple(arguments)
    if origin is not None and issubclass(origin, Mapping):
        each = _reader(arguments[1])
        return lambda stored: {key: each(value) for key, value in stored.items()}
    if origin is not None and issubclass(origin, Sequence):
        item = _reader(arguments[0])
        return lambda stored: tuple(item(value) for value in stored)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind)
    return float if kind is float else _as_stored


def _as_stored(stored: Any) -> Any:
    return stored


def _union(kinds: tuple[Any, ...]) -> Reader:
    rest = [kind for kind in kinds if kind is not types.NoneType]
    classes = {kind.__name__: kind for kind in rest if isinstance(kind, type)
               and dataclasses.is_dataclass(kind)}
    if len(rest) == 1:
        only = _reader(rest[0])
        return only if only is _as_stored else lambda stored: None if stored is None else only(
            stored)

    def read(stored: Any) -> Any:
        if isinstance(stored, Mapping):
            kind = classes[stored[_CLASS]] if len(classes) > 1 else next(iter(classes.values()))
            return _reader(kind)(stored)
        return stored
    return read


def _tuple(kinds: tuple[Any, ...]) -> Reader:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        each = _reader(kinds[0])
        return tuple if each is _as_stored else lambda stored: tuple([each(value)
                                                                      for value in stored])
    readers = [_reader(kind) for kind in kinds]
    return lambda stored: tuple([reader(value) for reader,
                                 value in zip(readers, stored, strict=True)])


def _dataclass(kind: type) -> Reader:
    hints = typing.get_type_hints(kind)

    @functools.cache
    def readers() -> tuple[tuple[str, Reader], ...]:
        """Of the fields that are not as they are stored; at the first use, as classes hold themselves."""
        found = ((field.name, _reader(hints[field.name])) for field in dataclasses.fields(kind))
        return tuple((name, reader) for name, reader in found if reader is not _as_stored)

    def read(stored: Any) -> Any:
        if type(stored) is kind:
            return stored
        values = dict(stored)
        values.pop(_CLASS, None)
        for name, reader in readers():
            if name in values:
                values[name] = reader(values[name])
        return kind(**values)
    return read
