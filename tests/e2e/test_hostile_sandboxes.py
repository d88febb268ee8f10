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
from tests.fakes.agent_server import ScriptedAgent
from tests.images import busybox_image

COMMAND = [str(Path(sys.executable).parent / "mesos-docker"), "run"]
EXECUTOR = str(Path(sys.executable).with_name("mesos-docker-executor"))
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


def task_with(name: str, line: str, *volumes: dict[str, str], **docker: Any) -> dict[str, Any]:
    return {"name": name, "task_id": {"value": name}, "command": {"value": line},
            "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                          {"name": "mem", "type": "SCALAR", "scalar": {"value": 64}}],
            "container": {"type": "DOCKER", "volumes": list(volumes), "docker": {
                "image": busybox_image(), "network": "NONE", **docker}}}


DATA = {"container_path": "/data", "host_path": "a/data", "mode": "RW"}


@EXECUTORS
def test_a_mounted_folder_is_not_swapped_before_the_engine_starts_it_again(executor: str) -> None:
    swaps = "umount a/data a; rmdir a/data; mv a/data a/other; mv a b; ln -s / a; ln -sf / a/data; rm -r a/data"
    line = f"cd $MESOS_SANDBOX; ls /data; [ -e again ] && exit 0; touch again; ({swaps}) 2>/dev/null; exit 1"
    task = task_with("swaps", line, DATA, parameters=[{"key": "restart", "value": "on-failure:3"}])
    done = subprocess.run([*COMMAND, "--task", "-", "--executor", executor, "--logs"],
                          input=json.dumps(task), text=True, capture_output=True, timeout=2 * WAIT,
                          check=False)
    assert (done.returncode, done.stdout) == (0, ""), done  # not the node's root


@pytest.mark.parametrize(("target", "host_path", "said"), [
    ("/", "out/etc/made-by-a-task", "out leads out of the sandbox"),
    ("/nobody/has/this", "out", "out is a link to nowhere")])
def test_a_link_that_another_task_of_this_id_has_left(tmp_path: Path, target: str, host_path: str,
                                                     said: str) -> None:
    busybox_image()
    (tmp_path / "tasks/t").mkdir(parents=True)
    (tmp_path / "tasks/t/out").symlink_to(target)
    info = task_with("t", "ls /v", {"container_path": "/v", "host_path": host_path, "mode": "RW"})
    with ScriptedAgent() as agent, subprocess.Popen(
            [EXECUTOR], cwd=tmp_path, env=agent.environment(MESOS_DIRECTORY=str(tmp_path)),
            start_new_session=True) as process:
        try:
            agent.wait_subscribed()
            agent.launch("t", **{key: info[key] for key in ("command", "container", "resources")})
            agent.wait_for(lambda: "TASK_FAILED" in agent.states("t"), WAIT)
        finally:
            process.kill()
    assert said in agent.updates["t"][-1]["message"]
    assert not Path("/etc/made-by-a-task").exists()
