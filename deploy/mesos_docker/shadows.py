"""Whether our packages are ours: `deploy`, `executor`, `scheduler` and `specs` are names that others have, too.

Where another one comes first on Python's path, what we import is theirs, and what is said of it is
a riddle. So whoever begins here looks first.
"""
from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec

_OF_OURS = {"specs": "specs.errors", "executor": "executor.settings",
            "scheduler": "scheduler.framework", "deploy": "deploy.cli"}


class ShadowedError(ImportError):
    """A package of ours is somebody else's here."""


def check() -> None:
    """Raises ShadowedError, which says by what."""
    for package, part in _OF_OURS.items():
        found = importlib.util.find_spec(package)
        if found is None:
            raise ShadowedError(f"mesos-docker is not whole: its package {package} is not there")
        if not _has(found, part):
            where = found.origin or ", ".join(found.submodule_search_locations or ())
            raise ShadowedError(f"mesos-docker's package {package} is hidden by another one of this "
                                f"name, {where}: install mesos-docker by itself, as with pipx, or "
                                "take that out of Python's path")


def _has(package: ModuleSpec, part: str) -> bool:
    """Whether it is where this package is; one without an origin is folders of several owners."""
    try:
        found = importlib.util.find_spec(part)
    except ImportError:
        return False
    folders = package.submodule_search_locations or ()
    return found is not None and found.origin is not None and (
        package.origin is None or any(found.origin.startswith(f"{each}/") for each in folders))
