"""One reader and one writer for all messages: between the dataclasses and Mesos's JSON form.

What a message looks like is said once, by the annotations of its dataclass (and the markers of
`specs/messages/fields.py`). On first use a class becomes a *plan*, a reader or writer function per
field; after that a message costs a look-up and a call per field, because offers and updates come by
the thousand. A plan is put in place by one call, so that two threads may make it at once.

**Strict** is for what people write: a field that does not exist is an error that names the nearest that does, and so is
an enum value that does not exist. **Lenient** is for what arrives: a newer Mesos may send more, so unknown fields are
skipped, unknown enum values kept as they are, nulls in lists left out. Both: null is absent, a missing required field
and a value of the wrong type are errors. The only error is SpecError, with the path of the field.
"""
from __future__ import annotations

import dataclasses
import functools
import operator
import types
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from specs.errors import SpecError
from specs.forms import scalars
from specs.forms.scalars import found, step
from specs.messages.fields import Between, OneOf, Wrapped

T = TypeVar("T")
Reader = Callable[[Any], Any]
Writer = Callable[[Any], Any]

_DEEP: Final = "is nested too deeply"


def read(message: type[T], value: object, *, strict: bool) -> T:
    """The JSON form `value` as a `message`. Raises SpecError."""
    plan: Any = message  # mypy does not see that a class is hashable
    try:
        result: T = _message_reader(plan, strict)(value)
    except RecursionError:
        raise SpecError("", _DEEP) from None
    return result


def write(message: Any, but: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A message's JSON form; fields that are absent, and repeated ones that are empty, are left
    out, and so are those named in `but`.
    """
    plan: Any = type(message)
    result: dict[str, Any] = _message_writer(plan, but)(message)
    return result


def unknown_field(name: object, known: Iterable[str], where: str,
                  place: str | None = None) -> SpecError:
    """The error for a field that `where` does not have; `place` is where such a field is, if it is
    known.
    """
    import difflib

    names = sorted(known)
    near = place or next(iter(difflib.get_close_matches(step(name), names, n=1)), None)
    hint = f'did you mean "{near}"?' if near else f"its fields are {', '.join(names) or 'none'}"
    return SpecError(step(name), f"is not a field of {where}; {hint}")


def _place(name: object, message: Any) -> str | None:
    """The path of the nearest field of exactly this name inside a message: the right field at the
    wrong level.
    """
    return _place_in(name, message, lists=False) or _place_in(name, message, lists=True)


def _place_in(name: object, message: Any, *, lists: bool) -> str | None:
    waiting, seen = [("", message)], {message}
    for path, outer in waiting:
        for field, hint in hints(outer).items():
            if field == name:
                return path + field
            inner, brackets = _inner_message(hint)
            if inner is not None and inner not in seen and (lists or not brackets):
                seen.add(inner)
                waiting.append((f"{path}{field}{brackets}.", inner))
    return None


def _inner_message(hint: Any) -> tuple[Any, str]:
    """The message that a field holds, or None, and "[]" if it holds several."""
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(kind) is tuple:
        return _inner_message(get_args(kind)[0])[0], "[]"
    return (kind, "") if dataclasses.is_dataclass(kind) else (None, "")


# Reading.

@functools.cache
def _message_reader(message: Any, strict: bool) -> Reader:
    readers: dict[str, Reader] = {}  # filled at the first use, because messages contain themselves
    required = frozenset(
        field.name for field in dataclasses.fields(message)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING)

    def read_message(value: Any) -> Any:
        if not readers:
            readers.update({name: _reader(hint, strict) for name, hint in hints(message).items()})
        if type(value) is not dict and not isinstance(value, Mapping):  # asking the ABC is a tenth of the work
            raise SpecError("", f"must be an object, {found(value)}")
        arguments = {}
        for name, item in value.items():
            reader = readers.get(name)
            if reader is None:
                if strict:
                    raise unknown_field(name, readers, message.__name__, _place(name, message))
            elif item is not None:
                try:
                    arguments[name] = reader(item)
                except SpecError as error:
                    raise error.under(name) from None
        if not required <= arguments.keys():
            raise SpecError(next(name for name in readers if name in required
                                 and name not in arguments), "is required")
        return message(**arguments)

    return read_message


@functools.cache
def hints(message: Any) -> Mapping[str, Any]:
    """The annotations of a message's fields, resolved; of an optional field, without the None."""
    annotations = get_type_hints(message, include_extras=True)
    return {field.name: _without_none(annotations[field.name])
            for field in dataclasses.fields(message)}


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in {Union, types.UnionType}:
        return next(part for part in get_args(hint) if part is not type(None))
    return hint


def _reader(hint: Any, strict: bool) -> Reader:
    markers = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    wrapper = next((marker for marker in markers if isinstance(marker, Wrapped)), None)
    if wrapper is None:
        return _plain_reader(hint, markers, strict)
    absent = () if get_origin(get_args(hint)[0]) is tuple else None
    return _wrapped_reader(wrapper.key, _plain_reader(hint, markers, strict), absent, strict)


def _plain_reader(hint: Any, markers: tuple[Any, ...], strict: bool) -> Reader:
    kind = get_args(hint)[0] if markers else hint
    for marker in markers:
        if isinstance(marker, OneOf):
            return functools.partial(_read_enum, names=marker.names) if strict else scalars.text
        if isinstance(marker, Between):
            return functools.partial(scalars.integer, low=marker.low, high=marker.high)
    if dataclasses.is_dataclass(kind):
        return _message_reader(kind, strict)  # type: ignore[arg-type]  # is_dataclass allows instances too
    if get_origin(kind) is tuple:
        return _list_reader(_reader(get_args(kind)[0], strict), strict)
    if get_origin(kind) is Mapping:
        return _map_reader(_reader(get_args(kind)[1], strict))
    return _SCALARS[kind] if kind is not bool else functools.partial(scalars.boolean, strict=strict)


_SCALARS: Final[Mapping[Any, Reader]] = {str: scalars.text, float: scalars.number,
                                         bytes: scalars.base64_bytes}


def _read_enum(value: Any, names: tuple[str, ...]) -> str:
    if value in names:
        return str(value)
    import difflib

    near = difflib.get_close_matches(value.upper(), names, n=1) if isinstance(value, str) else []
    hint = f'; did you mean "{near[0]}"?' if near else ""
    raise SpecError("", f"must be one of {', '.join(names)}, {found(value)}{hint}")


def _wrapped_reader(key: str, reader: Reader, absent: tuple[()] | None, strict: bool) -> Reader:
    """`absent` is what an empty wrapper means; None: that is an error."""
    def read_wrapped(value: Any) -> Any:
        if type(value) is not dict and not isinstance(value, Mapping):
            raise SpecError("", f'must be an object {{"{key}": …}}, {found(value)}')
        if strict:
            for name in value:
                if name != key:
                    raise unknown_field(name, [key], "this object")
        item = value.get(key)
        if item is None:
            if absent is None:
                raise SpecError(key, "is required")
            return absent
        try:
            return reader(item)
        except SpecError as error:
            raise error.under(key) from None

    return read_wrapped


def _list_reader(reader: Reader, strict: bool) -> Reader:
    def read_list(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise SpecError("", f"must be a list, {found(value)}")
        items = []
        for position, item in enumerate(value):
            if item is None and not strict:
                continue
            try:
                items.append(reader(item))
            except SpecError as error:
                raise error.under(f"[{position}]") from None
        return tuple(items)

    return read_list


def _map_reader(reader: Reader) -> Reader:
    def read_map(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise SpecError("", f"must be an object, {found(value)}")
        items = {}
        for key, item in value.items():
            try:
                items[scalars.text(key)] = reader(item)
            except SpecError as error:
                raise error.under(step(key)) from None
        return items

    return read_map


# Writing.

@functools.cache
def _message_writer(message: Any, but: frozenset[str] = frozenset()) -> Writer:
    writers: list[tuple[str, Writer | None, bool]] = []  # name, writer, whether empty is the same as absent
    names = [field.name for field in dataclasses.fields(message) if field.name not in but]
    values = operator.attrgetter(*names) if len(names) > 1 else lambda value: [getattr(value, each)
                                                                               for each in names]

    def write_message(value: Any) -> dict[str, Any]:
        if not writers:
            empty = {field.name: field.default == () or field.default_factory is dict
                     for field in dataclasses.fields(message)}
            writers.extend([(name, _writer(hint), empty[name]) for name,
                            hint in hints(message).items() if name not in but])
        result = {}
        for (name, writer, may_be_empty), item in zip(writers, values(value), strict=True):
            if item is not None and (item or not may_be_empty):
                result[name] = item if writer is None else writer(item)
        return result

    return write_message


def _writer(hint: Any) -> Writer | None:
    """None where the value is its own JSON form."""
    markers = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    kind = get_args(hint)[0] if markers else hint
    writer = _plain_writer(kind)
    for marker in markers:
        if isinstance(marker, Wrapped):
            return _wrapped_writer(marker.key, writer)
    return writer


def _plain_writer(kind: Any) -> Writer | None:
    if dataclasses.is_dataclass(kind):
        return _message_writer(kind)  # type: ignore[arg-type]  # is_dataclass allows instances too
    if get_origin(kind) is tuple:
        item_writer = _writer(get_args(kind)[0])
        return list if item_writer is None else lambda value: [item_writer(item) for item in value]
    if get_origin(kind) is Mapping:
        value_writer = _writer(get_args(kind)[1])
        return dict if value_writer is None else lambda value: {key: value_writer(item) for key,
                                                                item in value.items()}
    if kind is float:
        return scalars.json_double
    return _json_bytes if kind is bytes else None


def _wrapped_writer(key: str, writer: Writer | None) -> Writer:
    return (lambda value: {key: value}) if writer is None else (lambda value: {key: writer(value)})


def _json_bytes(value: bytes) -> str:
    return b64encode(value).decode("ascii")
