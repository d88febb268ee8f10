"""The small messages that many others hold."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from specs.messages.fields import OneOf, Wrapped


@dataclass(frozen=True, slots=True)
class Label:
    """One free pair; a key may occur more than once in a list of labels."""

    key: str
    value: str | None = None


Labels = Annotated[tuple[Label, ...], Wrapped("labels")]  # empty and absent are the same here


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key and a value: an option of `docker run`, or a part of a URL's query."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is kept: a name in some store, and a key there."""

    name: str
    key: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class SecretValue:
    """The secret itself. It has no repr, so that it does not end up in a log."""

    data: bytes

    def __repr__(self) -> str:
        return f"SecretValue(<{len(self.data)} bytes>)"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by reference or by value, as `type` says."""

    type: Annotated[str, OneOf("UNKNOWN", "REFERENCE", "VALUE")] | None = None
    reference: SecretReference | None = None
    value: SecretValue | None = None
