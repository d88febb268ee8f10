"""JSON without secrets, to be given away: what apps, events and settings say, as a bug report may
hold it.

Hidden is what stands where secrets stand: all values of environments, values of names that speak of
a secret, passwords in URLs and in words of commands. What was found there (`found`) is then hidden
wherever else it stands: in the last words of a task, in a reason, in a label. A value is hidden too
early rather than too late; those of fewer than SHORTEST characters only in their places.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from specs.words.secrecy import HIDDEN, looks_secret, shown_url

SHORTEST: Final = 4  # characters: shorter ones stand in every second word
_ENVIRONMENTS: Final = frozenset({"env", "environment"})
_OF_ENVIRONMENT: Final = frozenset({"env", "e"})  # keys of Docker's parameters
_ASSIGNED: Final = re.compile(
    r"(?P<name>[\w.-]*(?:secret|passw|token|credential|private|api_?-?key|access_?-?key)[\w.-]*)"
    r"(?P<sign>\s*[=:]\s*|\s+)(?P<value>[^\s'\"]+)", re.IGNORECASE)


def found(value: Any) -> Iterator[str]:
    """All secrets that stand in their places in a JSON value."""
    if isinstance(value, Mapping):
        yield from _in_parameter(value)
        for key, each in value.items():
            if key in _ENVIRONMENTS:
                yield from _texts(each)
            elif isinstance(each, str) and looks_secret(key):
                yield each
            else:
                yield from found(each)
    elif isinstance(value, list):
        for each in value:
            yield from found(each)
    elif isinstance(value, str):
        yield from (match["value"] for match in _ASSIGNED.finditer(value))


class Redaction:
    """What is hidden: what stands in its place, and these texts wherever they stand."""

    def __init__(self, secrets: Iterable[str]) -> None:
        long = {each for each in secrets if len(each) >= SHORTEST}
        ordered = sorted(long, key=lambda each: (-len(each), each))  # a part of one must not break the other
        self._secrets = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def json(self, value: Any, *, hidden: bool = False) -> Any:
        """A JSON value without them; `hidden`: all its texts are to be."""
        if isinstance(value, Mapping):
            parameter = next(_in_parameter(value), None) is not None
            return {self.text(key): self.json(each, hidden=hidden or key in _ENVIRONMENTS
                                              or (isinstance(each, str) and looks_secret(key))
                                              or (parameter and key == "value"))
                    for key, each in value.items()}
        if isinstance(value, list):
            return [self.json(each, hidden=hidden) for each in value]
        if isinstance(value, str):
            return HIDDEN if hidden and value else self.text(value)
        return value

    def text(self, text: str) -> str:
        """A text without them."""
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        text = _ASSIGNED.sub(lambda match: f"{match['name']}{match['sign']}{HIDDEN}", text)
        return shown_url(text)


def _in_parameter(value: Mapping[str, Any]) -> Iterator[str]:
    """The value of a parameter of Docker's that is a variable, whole and without its name."""
    said = value.get("value")
    if isinstance(said, str) and value.get("key") in _OF_ENVIRONMENT:
        yield said
        yield said.partition("=")[2]


def _texts(value: Any) -> Iterator[str]:
    """All texts in it but for names of secrets."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if key != "secret":
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
