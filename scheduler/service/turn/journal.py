"""Changes of dictionaries that can be taken back: of a request that cannot be stored nothing may be left."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

Key = TypeVar("Key")

_ABSENT: Final = object()


class Journal:
    """Belongs to one thread. Nothing is noted but between `begin` and `keep` or `take_back`."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] | None = None  # the oldest first

    def begin(self) -> None:
        """What is noted from here on can be taken back."""
        self._undo = []

    def keep(self) -> None:
        """It stays."""
        self._undo = None

    def take_back(self) -> bool:
        """Everything that was noted is as it was at `begin`; whether there was anything."""
        steps, self._undo = self._undo or [], None
        for step in reversed(steps):
            step()
        return bool(steps)

    def note(self, values: dict[Key, Any], key: Key) -> None:
        """This value is about to change, to come or to go."""
        if self._undo is not None:
            before = values.get(key, _ABSENT)
            self._undo.append(lambda: _restore(values, key, before))

    def note_attribute(self, owner: object, name: str) -> None:
        """This attribute is about to change."""
        if self._undo is not None:
            before = getattr(owner, name)
            self._undo.append(lambda: setattr(owner, name, before))


def _restore(values: dict[Key, Any], key: Key, before: Any) -> None:
    if before is _ABSENT:
        values.pop(key, None)
    else:
        values[key] = before
