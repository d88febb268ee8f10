"""How Marathon puts it, where several rules say the same.

As Marathon: api/v2/Validation.scala, and the words of the library it uses (Wix Accord).
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from specs.marathon.rules.config import Config

EMPTY = "must be empty"
NOT_EMPTY = "must not be empty"
NOT_DEFINED = "not defined"


def feature(name: str, config: Config) -> str | None:
    """Why a feature cannot be used; None if it can. (The lone bracket is Marathon's.)"""
    if name in config.features:
        return None
    return f"Feature {name} is not enabled. Enable with --enable_features {name})"


def repeats(values: Iterable[object]) -> bool:
    """Whether something is there twice."""
    found = list(values)
    return len(set(found)) != len(found)


def double(value: float) -> str:
    """A number as Java writes a double, as far as people write such numbers."""
    if value == 0 or 0.001 <= abs(value) < 10_000_000:
        return repr(float(value))
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    text = "".join(map(str, digits))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{len(text) - 1 + int(exponent)}"


def one_of(value: object, expected: Sequence[str]) -> str:
    """Something else was said than may be."""
    return f"got {value}, expected one of: [{', '.join(expected)}]"
