"""What an adapter answers, and when that agrees with a vector's `expect`."""
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from specs.errors import SpecError
from specs.forms import Message

Adapter = Callable[[Message], Any]

_NOTES = frozenset({"better", "container_exit_status"})  # say something about the case, not about the answer


def answer(result: Callable[[], Any]) -> dict[str, Any]:
    """{"ok": value}, or {"error": problem} for a SpecError."""
    try:
        return {"ok": result()}
    except SpecError as error:
        return {"error": error.problem}


def agrees(actual: Any, expect: Any, *, selected: bool = False) -> bool:
    """Whether the answer is the one that the vector expects; `selected`: it names only some of the fields."""
    actual = json.loads(json.dumps(actual))
    if expect is None or actual is None:
        return expect is actual
    if expect.get("abort"):  # Mesos dies of this; the vector says what an executor should do instead
        expect = expect["better"]
    wanted = {key: value for key, value in expect.items() if key not in _NOTES}
    parts = wanted.pop("error_contains", None)
    if parts is not None and not all(part in actual.get("error", "") for part in parts):
        return False
    if set(wanted) & {"ok", "error"} and ("ok" in wanted) != ("ok" in actual):
        return False
    return all(key in actual and _same(actual[key], value, selected) for key, value in wanted.items())


def _same(actual: Any, expect: Any, selected: bool) -> bool:
    if isinstance(expect, dict) and isinstance(actual, dict):
        if not selected and set(actual) != set(expect):
            return False
        return all(_same(actual.get(key), value, selected) for key, value in expect.items())
    if isinstance(expect, list) and isinstance(actual, list):
        return len(actual) == len(expect) and all(_same(a, e, selected) for a, e in zip(actual, expect, strict=True))
    return (type(actual) is type(expect) and bool(actual == expect)) or _same_number(actual, expect)


def _same_number(actual: Any, expect: Any) -> bool:
    numbers = (int, float)
    return (isinstance(actual, numbers) and isinstance(expect, numbers) and not isinstance(actual, bool)
            and not isinstance(expect, bool) and actual == expect)
