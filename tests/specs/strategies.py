"""Hypothesis strategies for every message, made from the same annotations that `specs/forms/codec.py` reads.

`messages(TaskInfo)` gives whole tasks with anything in them; `json_values()` gives arbitrary JSON.
"""
from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin

from hypothesis import strategies as st

from specs.forms import codec
from specs.messages.fields import Between, OneOf

T = TypeVar("T")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
doubles = st.floats(allow_nan=False)  # NaN is unequal to itself; test_wire.py looks at it


def messages(message: type[T], depth: int = 4) -> st.SearchStrategy[T]:
    """Any value of a message dataclass; below `depth` messages, optional ones are absent and lists are empty."""
    made: Any = message  # mypy does not see that a class is hashable
    result: st.SearchStrategy[T] = _messages(made, depth)
    return result


@functools.cache
def _messages(message: Any, depth: int) -> st.SearchStrategy[Any]:
    hints = codec.hints(message)
    required, optional = {}, {}
    for field in dataclasses.fields(message):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required[field.name] = _values(hints[field.name], depth)
        elif depth > 0 or not _holds_message(hints[field.name]):
            optional[field.name] = _values(hints[field.name], depth)
    return st.fixed_dictionaries(required, optional=optional).map(lambda arguments: message(**arguments))


def _holds_message(hint: Any) -> bool:
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if dataclasses.is_dataclass(kind):
        return True
    return any(_holds_message(part) for part in get_args(kind) if part is not Ellipsis)


def _values(hint: Any, depth: int) -> st.SearchStrategy[Any]:
    annotated = get_origin(hint) is Annotated
    kind: Any = get_args(hint)[0] if annotated else hint
    for marker in get_args(hint)[1:] if annotated else ():
        if isinstance(marker, OneOf):
            return st.sampled_from(marker.names)
        if isinstance(marker, Between):
            return st.integers(marker.low, marker.high)
    if dataclasses.is_dataclass(kind):
        inner: Any = kind
        return st.deferred(lambda: _messages(inner, depth - 1))
    if get_origin(kind) is tuple:
        return st.lists(_values(get_args(kind)[0], depth), max_size=2).map(tuple)
    if get_origin(kind) is Mapping:
        return st.dictionaries(texts, _values(get_args(kind)[1], depth), max_size=2)
    return {str: texts, float: doubles, bytes: st.binary(max_size=8), bool: st.booleans()}[kind]


def json_values() -> st.SearchStrategy[Any]:
    """Arbitrary JSON, with what JSON texts can hold and our types cannot: huge integers, NaN, halves of characters."""
    leaves = (st.none() | st.booleans() | st.integers() | st.integers(-(1 << 70), 1 << 70) | st.floats()
              | st.text(max_size=6) | st.text(st.characters(categories=["Cs"]), min_size=1, max_size=2)
              | st.sampled_from(["Infinity", "NaN", "1e400", "-0", "aGk=", "DOCKER", "10" * 40]))
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner,
                                                                                          max_size=3), max_leaves=12)


def broken(mapping: Any, draw: Any) -> Any:
    """A mapping like this one with one value, somewhere in it, replaced by arbitrary JSON: near misses."""
    if isinstance(mapping, dict) and mapping and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(mapping)))
        return {**mapping, key: broken(mapping[key], draw)}
    if isinstance(mapping, list) and mapping and draw(st.integers(0, 4)):
        position = draw(st.integers(0, len(mapping) - 1))
        return [*mapping[:position], broken(mapping[position], draw), *mapping[position + 1:]]
    return draw(json_values())
