"""What Marathon answers when it does not accept a definition: a status, a message, and what is
wrong at which path.

Paths are written `/a/b(0)/c`; the whole object is `/`. As Marathon:
api/MarathonExceptionMapper.scala, api/RestResource.scala, api/v2/Validation.scala.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WRONG_TYPE = "Invalid JSON"  # also: missing, out of range, or no JSON at all
BROKEN_RULE = "Object is not valid"


@dataclass(frozen=True, slots=True)
class Detail:
    """All that is wrong at one path."""

    path: str
    errors: tuple[str, ...]


class MarathonError(Exception):
    """A definition is refused. `details` is a text where the JSON itself cannot be read."""

    def __init__(self, status: int, message: str,
                 details: Sequence[Detail] | str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details

    def __str__(self) -> str:
        if not self.details or isinstance(self.details, str):
            return self.message + (f": {self.details}" if self.details else "")
        return f"{self.message}: " + "; ".join(f"{each.path}: {', '.join(each.errors)}"
                                               for each in self.details)

    def under(self, prefix: str) -> MarathonError:
        """The same, seen from one level further out: `/apps(0)` and `/cpus` are `/apps(0)/cpus`."""
        if not prefix or self.details is None or isinstance(self.details, str):
            return self
        return MarathonError(self.status, self.message, [
            Detail(prefix if each.path == "/" else prefix + each.path, each.errors)
            for each in self.details])


class Problems:
    """What was found wrong so far, by path, each path once."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def add(self, path: str, *errors: str) -> None:
        """At a path; an empty one is the whole."""
        found = self._found.setdefault(path or "/", [])
        found.extend(error for error in errors if error not in found)

    def unless(self, holds: bool, path: str, error: str) -> None:
        """If it does not hold."""
        if not holds:
            self.add(path, error)

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_if_any(self, message: str) -> None:
        """Raises MarathonError 422."""
        if self._found:
            raise MarathonError(422, message,
                                [Detail(path, tuple(errors)) for path,
                                 errors in self._found.items()])


def broken(path: str, error: str) -> MarathonError:
    """One rule is broken."""
    return MarathonError(422, BROKEN_RULE, [Detail(path, (error,))])
