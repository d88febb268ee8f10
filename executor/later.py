"""Modules of the standard library that others load in case of need, loaded when the need comes.

`dataclasses` wants `inspect` to write a docstring where there is none, and in Python 3.12 and 3.13
for a class's annotations, which are in the class: those are given without it. (In 3.14 `logging`
itself has classes without a docstring, so there `inspect` is loaded.) `subprocess` wants `locale`
for texts, `traceback` wants `textwrap` and `tokenize` for a fault of ours. Together they are 1 of
the 16 MiB that an executor takes for as long as its task runs, and none is used meanwhile.
"""
from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

SELDOM_USED: Final = ("inspect", "locale", "textwrap", "tokenize")


class LaterModule(ModuleType):
    """Stands in sys.modules until something of the module is asked for."""

    get_annotations: Callable[..., dict[str, Any]]  # of `inspect`, see above

    def __getattr__(self, name: str) -> Any:
        return getattr(_loaded(self.__name__), name)


def _loaded(name: str) -> ModuleType:
    if isinstance(sys.modules.get(name), LaterModule):
        del sys.modules[name]
    return importlib.import_module(name)


def load_later(*names: str) -> None:
    """Have modules that nobody has loaded yet wait until they are used."""
    for name in names:
        module = sys.modules.setdefault(name, LaterModule(name))
        if name == "inspect" and type(module) is LaterModule and sys.version_info < (3, 14):
            module.get_annotations = _get_annotations


def _get_annotations(of: Any, **how: Any) -> dict[str, Any]:
    """As `inspect` has it, which is asked about what is no class."""
    if isinstance(of, type) and not how:
        return dict(of.__dict__.get("__annotations__") or {})  # noqa: RUF063 - that is what is done here
    found: dict[str, Any] = _loaded("inspect").get_annotations(of, **how)
    return found
