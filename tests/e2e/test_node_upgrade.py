"""`mesos-docker node upgrade`: executors make way under their tasks, or go on where the new one does not start."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.executor.program.test_crashes import crashing, python_of
from tests.executor.program.test_executor_process import COMMAND
from tests.images import busybox_image
from tests.patience import SLOW

PROGRAM = str(Path(sys.executable).with_name("mesos-docker"))


def upgrade(framework_id: str, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """Of this framework only: others' executors are on this machine, too."""
    done = subprocess.run([PROGRAM, "node", "upgrade", "--framework", framework_id, "--output", "json", *words],
                          capture_output=True, text=True, timeout=150 * SLOW, check=False)
    return done.returncode, json.loads(done.stdout)


def test_an_executor_makes_way_under_its_task(tmp_path: Path) -> None:
    busybox_image()
    here, sandbox = tmp_path / "executor", tmp_path / "sandbox"
    here.symlink_to(COMMAND)
    sandbox.mkdir()
    with crashing(sandbox, command=here) as run:
        run.launch("a", "sleep 600")
        run.until("a", "TASK_RUNNING")
        before, first = run.containers(), python_of(run.process.pid)

        status, (told,) = upgrade(run.agent.framework_id, "--dry-run")
        assert (status, told["done"], told["pid"], python_of(run.process.pid)) == (0, "can be asked", first, first)

        status, (told,) = upgrade(run.agent.framework_id)
        assert (status, told["done"], told["pid"], told["why"]) == (0, "made way", first, None)
        assert told["now"] == python_of(run.process.pid) != first
        run.back(2)
        assert run.containers() == before

        here.unlink()
        here.write_text("#!/bin/sh\necho no such thing >&2\nexit 1\n")
        here.chmod(0o755)
        status, (again,) = upgrade(run.agent.framework_id)
        assert (status, again["done"], again["pid"]) == (1, "not asked", told["now"])
        assert again["why"] == f"{here} --check ended with status 1: no such thing"
        assert python_of(run.process.pid) == told["now"]
        assert run.agent.states("a") == ["TASK_STARTING", "TASK_RUNNING"]


def test_where_no_executor_is_there_is_nothing_to_do() -> None:
    assert upgrade("a-framework-that-is-not-there")[1] == []
