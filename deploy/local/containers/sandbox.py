"""Where an agent keeps things: Mesos's folder layout, as pure path arithmetic, and the making of a
sandbox.

    WORK_DIR/slaves/AGENT/frameworks/FRAMEWORK/executors/EXECUTOR/runs/CONTAINER   the sandbox
    WORK_DIR/slaves/AGENT/frameworks/FRAMEWORK/executors/EXECUTOR/runs/latest      a link to the newest
    WORK_DIR/meta/slaves/AGENT/…                                                   what survives a restart

As Mesos: slave/paths.cpp.
"""
from __future__ import annotations

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AgentPaths:
    """The paths of one agent."""

    work_dir: Path
    agent_id: str

    def run(self, framework_id: str, executor_id: str, container_id: str) -> Path:
        return self.executor(framework_id, executor_id) / "runs" / container_id

    def latest_run(self, framework_id: str, executor_id: str) -> Path:
        return self.executor(framework_id, executor_id) / "runs" / "latest"

    def executor(self, framework_id: str, executor_id: str) -> Path:
        return self.work_dir / "slaves" / self.agent_id / "frameworks" / framework_id / "executors" / executor_id


def virtual_path(framework_id: str, executor_id: str) -> str:
    """Under this name a sandbox can be read without knowing the work directory."""
    return f"/frameworks/{framework_id}/executors/{executor_id}/runs/latest"


class SandboxError(Exception):
    """No sandbox could be made; Mesos's text says why."""


def create_sandbox(paths: AgentPaths, framework_id: str, executor_id: str, container_id: str,
                   user: str | None) -> Path:
    """Make the sandbox with empty `stdout` and `stderr`, owned by `user` if we are root. Raises
    SandboxError.
    """
    run = paths.run(framework_id, executor_id, container_id)
    problem = f"Failed to create executor directory '{run}': "
    try:
        run.mkdir(parents=True, mode=0o755)
    except OSError as error:
        raise SandboxError(f"{problem}Failed to create directory: {error.strerror}") from error
    try:
        _fill(run, user)
    except (OSError, KeyError) as error:
        shutil.rmtree(run, ignore_errors=True)
        why = error.strerror if isinstance(error, OSError) else f"No such user '{user}'"
        raise SandboxError(f"{problem}Failed to chown directory to '{user}': {why}") from error
    latest = paths.latest_run(framework_id, executor_id)
    latest.unlink(missing_ok=True)
    latest.symlink_to(run)
    return run


def _fill(run: Path, user: str | None) -> None:
    for name in ("stdout", "stderr"):
        (run / name).touch(0o644)
    if user is not None:
        run.chmod(0o750)
        give_to(run, user)


def give_to(directory: Path, user: str) -> None:
    """Make the user the owner of a directory and all that is in it; nothing if we are not root.
    Raises OSError, KeyError (no such user)."""
    entry = pwd.getpwnam(user)
    if os.geteuid() != 0:
        return
    waiting = [str(directory)]  # not rglob(), which calls itself once for each level of what was unpacked
    os.chown(directory, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    while waiting:
        with os.scandir(waiting.pop()) as found:
            for each in found:
                os.chown(each.path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
                if each.is_dir(follow_symlinks=False):
                    waiting.append(each.path)
