"""A task's sandbox, in the multi-task mode: whose it is, and the folders in it.

The agent gives an executor's sandbox to the user whom the executor runs as; a task's, which is
below it, we give to the user whom the container runs as. Who that is, is known when the container
is made: a name is its image's, and the image may say whom it runs as (engine/users.py).
"""
from __future__ import annotations

import logging
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from executor.engine.users import Ids
from executor.settings.settings import Settings
from specs.errors import SpecError
from specs.words.ids import id_problem

log = logging.getLogger(__name__)

def task_sandbox(settings: Settings, task_id: str) -> Path:
    """A task's own sandbox on the host.

    SpecError if its id cannot be a folder's name, which a master checks, too.
    """
    root = Path(settings.directory).absolute()
    if settings.drop_in:
        return root
    problem = id_problem(task_id)
    if problem is not None:
        raise SpecError("task_id", problem)
    return root / "tasks" / task_id


def mounted_folders(payload: Mapping[str, Any], sandbox: str) -> list[str]:
    """What a container mounts out of its task's sandbox, in full and without any that lead out of
    it.

    What is missing there the engine would make as root's.
    """
    host = payload.get("HostConfig") or {}
    sources = [str(bind).partition(":")[0] for bind in host.get("Binds") or ()]
    sources += [str(mount.get("Source")) for mount in host.get("Mounts") or ()
                if mount.get("Type") == "bind"]
    return [source for source in map(posixpath.normpath, sources)
            if source.startswith(f"{sandbox}/")]


def make_folders(paths: Sequence[str]) -> list[str]:
    """Those that are not there, with their parents: what was made. Raises OSError."""
    made = []
    for path in paths:
        for each in (*reversed(Path(path).parents), Path(path)):
            if not os.path.lexists(each):
                each.mkdir()
                made.append(str(each))
    return made


def everything(sandbox: str) -> Iterator[str]:
    """All paths in it, none of them through a link."""
    for folder, folders, files in os.walk(sandbox):
        yield from (str(Path(folder, name)) for name in (*folders, *files))


def give(paths: Iterable[str], whose: Ids) -> None:
    """Let somebody write to them; root can as it is. Raises OSError.

    An executor that is not root must keep them all.
    """
    if whose.user == 0:
        return
    keep = -1  # as chown has it
    for path in paths:
        try:
            os.chown(path, whose.user, keep if whose.group is None else whose.group,
                     follow_symlinks=False)
        except PermissionError:
            log.warning("Cannot give %s to the task's user: we are not root", path)
            return
