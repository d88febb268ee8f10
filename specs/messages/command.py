"""What is started: mesos.v1.CommandInfo and its parts."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from specs.messages.fields import OneOf
from specs.messages.values import Secret


@dataclass(frozen=True, slots=True)
class URI:
    """A file to fetch into the sandbox before the start."""

    value: str
    executable: bool | None = None
    extract: bool | None = None  # Mesos: true
    cache: bool | None = None
    output_file: str | None = None  # path in the sandbox; Mesos: the last part of the URI


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: a value, or (type SECRET) a secret."""

    name: str
    value: str | None = None
    type: Annotated[str, OneOf("UNKNOWN", "VALUE", "SECRET")] | None = None  # Mesos: VALUE
    secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables in the order in which they were given; of one name the last counts."""

    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandInfo:
    """With `shell` (Mesos: true where absent) `value` is a text for /bin/sh and `arguments` are
    ignored; without, `value` is a program, and `arguments` are its words, the program's own name
    not among them in a Docker container."""

    value: str | None = None
    shell: bool | None = None
    arguments: tuple[str, ...] = ()
    environment: Environment | None = None
    uris: tuple[URI, ...] = ()
    user: str | None = None
