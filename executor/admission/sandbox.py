"""A task's sandbox, in the multi-task mode: whose it is, and the folders in it.

The agent gives an executor's sandbox to the user whom the executor runs as; a task's, which is
below it, we give to the user whom the container runs as. Who that is, is known when the container
is made: a name is its image's, and the image may say whom it runs as (engine/users.py).
"""
from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from executor.admission.volumes import Inside
from executor.engine.failures import BadSandbox, RuntimeFailure
from executor.engine.users import Ids
from executor.node.output import sandbox_files
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


def everything(sandbox: str) -> Iterator[str]:
    """All paths in it, none of them through a link. Raises OSError.

    Not os.walk(), which calls itself once for each level, and archives have as many as they like.
    """
    waiting = [sandbox]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            for each in found:
                yield each.path
                if each.is_dir(follow_symlinks=False):
                    waiting.append(each.path)


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


def check_volumes(volumes: Iterable[Inside], *, links: bool, missing: bool = False) -> None:
    """That they are where they shall be; without `links`, not by way of one; with `missing`, or
    that the engine may make them there. Raises BadSandbox, and RuntimeFailure if that cannot be
    found out.
    """
    for folder, path in volumes:
        try:
            sandbox_files.check(folder, path, links=links)
        except FileNotFoundError:
            if not missing:
                raise BadSandbox(f"{path} is not there") from None
        except OSError as error:
            raise RuntimeFailure(f"cannot look at {path}: {error.strerror}") from error
