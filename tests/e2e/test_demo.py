"""The main job, as `make run` runs it: all of it is true, and nothing is left behind, whenever it is interrupted."""
from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.leftovers import WAIT, assert_nothing_left, containers, frameworks, processes
from tests.engine import real_docker
from tests.images import nginx_image

COMMAND = [sys.executable, "-m", "deploy.demo"]


def start(temporary: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True, env={**os.environ, "TMPDIR": str(temporary)})


def networks() -> list[str]:
    with real_docker() as docker:
        return [network.name for network in docker.networks.ls({"label": ["mesos-docker.demo=1"]})]


def test_the_whole_demo(tmp_path: Path) -> None:
    nginx_image()
    before = set(networks())
    process = start(tmp_path)
    output, _ = process.communicate(timeout=3 * WAIT)
    assert process.returncode == 0, output
    for part in ("Hello from a container that Mesos started", "GET / ", "8080→80", "nginx  TASK_KILLED",
                 "hello  TASK_FINISHED", "exits-with-3  TASK_FAILED", "Container exited with status 3",
                 "no-such-program  TASK_FAILED", "upgraded to version 2 meanwhile", " 0 failed",
                 "TASK_FAILED (exit code 137)", "replaces it", "no container, no network, no process, no sandbox"):
        assert part in output, output
    assert "Traceback" not in output
    assert len(frameworks(output)) == 3
    assert_nothing_left(output, tmp_path)
    assert set(networks()) <= before


def test_a_port_that_is_taken_is_another_ones(tmp_path: Path) -> None:
    nginx_image()
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # somebody else has it already
            stack.enter_context(socket.create_server(("", 8080)))
        process = start(tmp_path)
        output, _ = process.communicate(timeout=3 * WAIT)
    assert process.returncode == 0, output
    match = re.search(r"host port 8080 is taken on this machine, so it is (\d+)\n", output)
    assert match is not None, output
    assert f"GET http://127.0.0.1:{match[1]}/ → '<h1>Hello" in output
    assert_nothing_left(output, tmp_path)


@pytest.mark.parametrize("moment", ["created the bridge network", "framework ", "TASK_STARTING", "TASK_RUNNING",
                                    "killing it", "hello  TASK_STARTING", "three instances of",
                                    "killed a container from outside"])
def test_ctrl_c_at_any_moment_leaves_nothing(tmp_path: Path, moment: str) -> None:
    nginx_image()
    process = start(tmp_path)
    assert process.stdout is not None
    output = ""
    while moment not in output:
        line = process.stdout.readline()
        assert line, output
        output += line
    os.killpg(process.pid, signal.SIGINT)
    output += process.communicate(timeout=2 * WAIT)[0]
    assert process.returncode == 130, output
    assert "Traceback" not in output
    if moment in ("created the bridge network", "three instances of", "killed a container from outside"):
        assert "Interrupted: ending what was started" in output  # where tasks are followed, they are told of one by one
    for framework in frameworks(output):
        assert containers(framework) == []
        assert processes(framework) == []
    assert list(tmp_path.iterdir()) == []
    own = output.partition("created the bridge network ")[2].split()
    assert not own or own[0] not in networks()
