"""Every field of a TaskInfo, at every depth: a wrong value there is an error that names exactly that place."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

import pytest

from specs.errors import SpecError
from specs.forms import codec
from specs.messages.fields import Between, OneOf, Wrapped
from specs.messages.offer import Offer
from specs.messages.status_message import StatusMessage
from specs.messages.task import TaskInfo

MAPS = ("limits", "node_stage_secrets", "node_publish_secrets", "volume_context")
WRONG: tuple[Any, ...] = (True, 1.5, "?", [], [0], {}, {"?": 0})  # no field takes all, and none takes most of them


def sample(hint: Any, depth: int) -> Any:
    """JSON with every field set, down to a depth at which messages contain themselves."""
    markers = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    kind: Any = get_args(hint)[0] if markers else hint
    wrapper = next((marker for marker in markers if isinstance(marker, Wrapped)), None)
    if wrapper is not None:
        rest = tuple(marker for marker in markers if marker is not wrapper)
        return {wrapper.key: sample(Annotated[kind, *rest] if rest else kind, depth)}
    for marker in markers:
        if isinstance(marker, OneOf):
            return marker.names[0]
        if isinstance(marker, Between):
            return 7
    if dataclasses.is_dataclass(kind):
        required = {field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING
                    and field.default_factory is dataclasses.MISSING}
        message: Any = kind  # mypy does not see that a class is hashable
        hints = codec.hints(message)
        return {name: sample(hints[name], depth - 1) for name in hints if depth > 0 or name in required}
    if get_origin(kind) is tuple:
        return [sample(get_args(kind)[0], depth)]
    if get_origin(kind) is Mapping:
        return {"key": sample(get_args(kind)[1], depth)}
    return {str: "text", float: 2.5, bytes: "aGk=", bool: False}[kind]


def places(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every place in JSON, with its path."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        yield from places(value[0], f"{path}[0]")


def with_value(value: Any, path: str, wrong: Any) -> Any:
    """A copy with `wrong` at the path."""
    if not path:
        return wrong
    step, _, rest = path.replace("[0]", ".0").lstrip(".").partition(".")
    if isinstance(value, list):
        return [with_value(value[0], rest, wrong)]
    return {**value, step: with_value(value[step], rest, wrong)}


@pytest.mark.parametrize("message", [TaskInfo, Offer, StatusMessage], ids=lambda message: message.__name__)
def test_an_error_is_where_the_wrong_value_is(message: Any) -> None:
    whole = sample(message, 5)
    assert codec.write(codec.read(message, whole, strict=True)) == whole
    errors = [(path, wrong, error) for path, _ in places(whole) for wrong in WRONG
              if (error := error_of(message, with_value(whole, path, wrong))) is not None]
    for path, wrong, error in errors:
        inside = error.path.removeprefix(path)
        assert error.path.startswith(path), (path, wrong, str(error))
        assert inside in {"", "[0]", ".?"} or error.problem == "is required", (path, wrong, str(error))
        assert any(words in error.problem for words in ("found", "is required", "is not a field")), str(error)
    assert len(errors) > 4 * len(list(places(whole)))


def error_of(message: Any, value: Any) -> SpecError | None:
    try:
        codec.read(message, value, strict=True)
    except SpecError as error:
        return error
    return None


@pytest.mark.parametrize("message", [TaskInfo, Offer, StatusMessage], ids=lambda message: message.__name__)
def test_a_missing_or_a_misspelt_field_is_named(message: Any) -> None:
    whole = sample(message, 5)
    for path, value in places(whole):
        if isinstance(value, dict) and value:
            name = next(iter(value))
            with pytest.raises(SpecError) as caught:
                codec.read(message, with_value(whole, path, {**value, f"{name}x": 1}), strict=True)
            if not path.endswith(MAPS):  # there it is one more entry, and the error is that of its value
                assert (caught.value.path, f'"{name}"' in caught.value.problem) == (f"{path}.{name}x", True)
