"""Runs the fetching program for a task, on a worker: starts it, hears how far it is, ends it.

It is a process, and not a thread, because it becomes the task's user, because an archive must not
take this process's memory, and because a kill then ends it at once, whatever it waits for.
"""
from __future__ import annotations

import contextlib
import logging
import os
import pwd
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import executor
from executor.engine.cancellation import Cancel
from executor.engine.failures import Cancelled, Fault, FileNotFetched, FileSourceAway, RuntimeFailure
from executor.engine.users import Ids, by_numbers
from executor.fetching import job as j
from specs.images.auth import LOGIN_FILES
from specs.words.secrecy import shown_url

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger(__name__)

_ROOT: Final = str(Path(executor.__file__).parents[1])  # a folder or an archive, where the program's modules are
_KEPT: Final = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE",
                "SSL_CERT_DIR", "LANG", "LC_ALL")  # of our environment; the rest is the task's as much as ours


def fetch(job: j.Job, cancel: Cancel, tell: Callable[[j.FetchProgress], None]) -> None:
    """Fetch all; `tell` hears now and then how far it is.

    Raises FileNotFetched, FileSourceAway, RuntimeFailure (the node is short of something) or
    Cancelled.
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with _started(environment) as process:
        forget = cancel.on_set(lambda: _kill(process))
        try:
            ended = _heard(process, job, tell)
        finally:
            forget()
            _kill(process)
            with contextlib.suppress(OSError):  # it may not have read its job
                process.communicate()
    if cancel.is_set():
        raise Cancelled("the files are not wanted any more")
    if ended is None:
        raise Fault(f"the fetching program ended with status {process.returncode}")
    if ended.why is not None:
        raise _failure(job.items[ended.item], ended)


def _started(environment: Mapping[str, str]) -> subprocess.Popen[str]:
    import subprocess

    command = [sys.executable, "-S", "-P", "-m", "executor.fetching"]
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                cwd="/", env={**environment, "PYTHONPATH": _ROOT},
                                start_new_session=True)
    except OSError as error:
        raise RuntimeFailure(f"cannot start the fetching program: {error.strerror}") from error


def as_whom(user: str) -> Ids | None:
    """Whose rights a task's files are fetched with: those of its user, as far as this node knows
    him.

    None: our own. The image, which may know another, may be what the files are needed for. May ask
    a directory, and take its time.
    """
    known = by_numbers(user) if user else None
    if known is not None:
        return known
    try:
        entry = pwd.getpwnam(user.partition(":")[0])
    except KeyError:
        return None
    return Ids(entry.pw_uid, entry.pw_gid)


def progress_text(job: j.Job, progress: j.FetchProgress) -> str:
    """How far it is, for people."""
    of = "" if progress.of is None else f" of {progress.of / 1e6:.1f}"
    name = shown_url(job.items[progress.item].name)
    return f"Fetching {name}, {progress.item + 1} of {len(job.items)} files: {progress.done / 1e6:.1f}{of} MB"


def has_logins(sandbox: str) -> bool:
    """Whether a Docker configuration was among the files."""
    return any(Path(sandbox, name).is_file() for name in LOGIN_FILES)


def _heard(process: subprocess.Popen[str], job: j.Job,
           tell: Callable[[j.FetchProgress], None]) -> j.FetchEnd | None:
    """What the program says at last; its stdin stays open, for it ends with us."""
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    with contextlib.suppress(OSError):
        process.stdin.write(j.job_text(job))
        process.stdin.flush()
    for line in process.stdout:
        try:
            told = j.read_told(line)
        except (ValueError, TypeError, KeyError):
            log.warning("The fetching program says: %r", line[:200])
            continue
        if isinstance(told, j.FetchEnd):
            return told
        tell(told)
    return None


def _failure(item: j.Item, ended: j.FetchEnd) -> RuntimeFailure:
    kind = {j.FetchFault.TASK: FileNotFetched,
            j.FetchFault.SOURCE: FileSourceAway}.get(ended.fault, RuntimeFailure)
    return kind(f"Failed to fetch '{shown_url(item.uri)}': {ended.why}")


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
