"""A task's sandbox, in the multi-task mode: whose it is, and the folders in it.

The agent gives an executor's sandbox to the user whom the executor runs as; a task's, which is
below it, we give to the user whom the container runs as. What a name means is looked up here, on
the node, as Mesos does with `user`.
"""
from __future__ import annotations

import grp
import logging
import os
import posixpath
import pwd
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from executor.settings.settings import Settings
from specs.errors import SpecError
from specs.words.ids import id_problem

log = logging.getLogger(__name__)

KEEP = -1  # as chown has it


class Owner(NamedTuple):
    """As numbers; -1 leaves what is there."""

    user: int = KEEP
    group: int = KEEP


def owner(user: str) -> Owner:
    """Whom `docker run --user` means by NAME, NUMBER, and either with :GROUP.

    Who is not known here stays KEEP.
    """
    name, _, group = user.partition(":")
    uid, gid = _user(name)
    return Owner(uid, _group(group) if group else gid)


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


def own_folders(sandbox: Path, folders: Sequence[str], user: str) -> None:
    """Give the sandbox and these folders in it, which are made, to the user of the container.

    Raises OSError.
    """
    whose = owner(user)
    hand_over(str(sandbox), whose)
    make_folders(folders, whose)


def make_folders(paths: Sequence[str], whose: Owner) -> None:
    """Those that are not there, with their parents, so that the task can write into them.

    Raises OSError.
    """
    for path in paths:
        missing = [each for each in (*reversed(Path(path).parents), Path(path))
                   if not os.path.lexists(each)]
        for each in missing:
            each.mkdir()
            hand_over(str(each), whose)


def hand_over(path: str, whose: Owner) -> None:
    """Give it away; an executor that is not root must keep it."""
    if whose == Owner():
        return
    try:
        os.chown(path, *whose, follow_symlinks=False)
    except PermissionError:
        log.warning("Cannot give %s to the task's user: we are not root", path)


def _user(name: str) -> Owner:
    if name.isdecimal():
        return Owner(int(name))
    try:
        known = pwd.getpwnam(name)
    except KeyError:
        return Owner()
    return Owner(known.pw_uid, known.pw_gid)


def _group(name: str) -> int:
    if name.isdecimal():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return KEEP
