"""Tasks that put a pipe in their output's place, truncate it, or have names that paths and docker
find hard.
"""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.leftovers import WAIT
from tests.images import busybox_image

COMMAND = [str(Path(sys.executable).parent / "mesos-docker"), "run"]
EXECUTORS = pytest.mark.parametrize("executor", ["custom", "mesos"])


def run(name: str, line: str, executor: str) -> subprocess.CompletedProcess[str]:
    """A task of this id, with its output."""
    resources: list[dict[str, Any]] = [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
        {"name": "mem", "type": "SCALAR", "scalar": {"value": 64}}]
    task = {"name": name, "task_id": {"value": name}, "resources": resources,
            "command": {"value": line},
            "container": {"type": "DOCKER",
                          "docker": {"image": busybox_image(), "network": "HOST"}}}
    return subprocess.run([*COMMAND, "--task", "-", "--executor", executor, "--logs"],
                          input=json.dumps(task),
                          text=True, capture_output=True, timeout=2 * WAIT, check=False)


@EXECUTORS
def test_a_pipe_in_the_outputs_place(executor: str) -> None:
    done = run("pipe",
               "cd $MESOS_SANDBOX; rm stdout; mkfifo stdout; echo still told >&2; sleep 1; exit 3",
               executor)
    assert done.returncode == 3, done
    assert "Container exited with status 3" in done.stderr
    assert "still told\n" in done.stderr
    assert "the output of pipe could not be read to its end from its agent, " in done.stderr
    assert "400 Bad Request: 'Cannot read what is not a regular file.'" in done.stderr


@EXECUTORS
def test_a_task_that_truncates_its_output(executor: str) -> None:
    done = run("truncates", "echo one; sleep 1; : >$MESOS_SANDBOX/stdout; echo two; sleep 1",
               executor)
    assert (done.returncode, done.stdout) == (0, "one\ntwo\n"), done
    assert "the stdout of truncates was truncated; going on from its beginning\n" in done.stderr


@pytest.mark.parametrize("name", ["a%20b", "a:b", "100%", "c:%3a:"])
@EXECUTORS
def test_names_that_are_hard(executor: str, name: str) -> None:
    done = run(name, "echo shown; echo kept >$MESOS_SANDBOX/file; cat $MESOS_SANDBOX/file",
               executor)
    assert (done.returncode, done.stdout) == (0, "shown\nkept\n"), done
