"""Frozen dataclasses, whose refusal to be changed is one function for all of them.

`dataclasses` of Python 3.11 and 3.12 writes and compiles two functions for each frozen class that say
the same. An executor has some 250 such classes: of the time that it takes to load, and to come back
after a crash, that is a third. Later versions compile all functions of a class at once, and are left
as they are; 3.13 has a function of that name, too, which gives nothing and adds them itself.
"""
from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any, Final

MAKER: Final = "_frozen_get_del_attr"  # of `dataclasses`: gives both functions for a class


def share_refusals() -> None:
    """For the classes that are made from now on."""
    if sys.version_info < (3, 13) and hasattr(dataclasses, MAKER):
        setattr(dataclasses, MAKER, _shared)


def _shared(*_of_the_class: object) -> tuple[Callable[..., None], ...]:
    return __setattr__, __delattr__


def _is_refused(value: Any, name: str) -> bool:
    """Classes below a frozen one that are none themselves may have attributes of their own."""
    return "__dataclass_params__" in vars(type(value)) or name in value.__dataclass_fields__


def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807 - the name that the class gets
    if _is_refused(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def __delattr__(self: Any, name: str) -> None:  # noqa: N807 - as above
    if _is_refused(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
    object.__delattr__(self, name)
