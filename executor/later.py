"""Modules of the standard library that others load in case of need, loaded when the need comes.

`dataclasses` wants `inspect` to write a docstring where there is none, `subprocess` wants `locale` for
texts, `traceback` wants `textwrap` and `tokenize` for a fault of ours. Together they are 1 of the 16
MiB that an executor takes for as long as its task runs, and none of them is used meanwhile.
"""
from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, Final

SELDOM_USED: Final = ("inspect", "locale", "textwrap", "tokenize")


class LaterModule(ModuleType):
    """Stands in sys.modules until something of the module is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def load_later(*names: str) -> None:
    """Have modules that nobody has loaded yet wait until they are used."""
    for name in names:
        sys.modules.setdefault(name, LaterModule(name))
