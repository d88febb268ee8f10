"""Output of real containers in a sandbox that it does not fill."""
from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.node.output.rotation import LONGEST
from specs.between.output_index import FilePlace, parse
from tests.executor.program.running import task
from tests.fakes.agent_server import ScriptedAgent
from tests.images import busybox_image
from tests.patience import SLOW

PROGRAM = str(Path(sys.executable).with_name("mesos-docker-executor"))
MB = 1 << 20
LINE = "x" * 999
ENDS = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_DROPPED"}


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[ScriptedAgent]:
    """With an executor that keeps files of 8 MB."""
    busybox_image()
    with contextlib.ExitStack() as stack:
        scripted = stack.enter_context(ScriptedAgent())
        environment = scripted.environment(MESOS_DIRECTORY=str(tmp_path), MESOS_DOCKER_OUTPUT_SIZE="8MB")
        process = stack.enter_context(subprocess.Popen(
            [PROGRAM], cwd=tmp_path, env=environment, start_new_session=True))
        stack.callback(process.kill)
        scripted.wait_subscribed()
        yield scripted
        scripted.event("SHUTDOWN")
        process.wait(90 * SLOW)


def launch(agent: ScriptedAgent, task_id: str, command: str, **variables: str) -> None:
    info = task(task_id, command, image="busybox:static", network="NONE")
    info["command"]["environment"] = {"variables": [
        {"name": name, "value": value} for name, value in variables.items()]}
    agent.launch(task_id, **{key: info[key] for key in ("command", "container", "resources")})


def ended(agent: ScriptedAgent, task_id: str) -> str:
    agent.wait_for(lambda: bool(set(agent.states(task_id)) & ENDS), 90)
    return str(agent.states(task_id)[-1])


def test_a_task_that_writes_without_end_fills_nothing_and_slows_nobody(
        agent: ScriptedAgent, tmp_path: Path) -> None:
    launch(agent, "loud", f"yes {LINE} | head -c 30000000; echo the end; exit 7",
           CONTAINER_LOGGER_MAX_STDOUT_SIZE="1MB", CONTAINER_LOGGER_LOGROTATE_STDOUT_OPTIONS="rotate 2")
    launch(agent, "calm", "echo calm")
    assert ended(agent, "calm") == "TASK_FINISHED"
    assert ended(agent, "loud") == "TASK_FAILED"
    folder = tmp_path / "tasks/loud"
    assert sorted(path.name for path in folder.glob("stdout*")) == [
        "stdout", "stdout.1", "stdout.2", "stdout.index"]
    older = (folder / "stdout.2").read_bytes() + (folder / "stdout.1").read_bytes()
    lines = (older + (folder / "stdout").read_bytes()).splitlines()
    assert set(lines[:-1]) == {LINE.encode()}  # none is broken at a seam
    assert lines[-1] == b"the end"
    for path in folder.glob("stdout*"):
        assert path.stat().st_size <= MB + LONGEST
    index = parse((folder / "stdout.index").read_text())
    assert index.begins[2] + len(older) == index.begins[0]
    assert index.place(30_000_000) == FilePlace(0, 30_000_000 - index.begins[0])
    assert (tmp_path / "tasks/calm/stdout").read_bytes() == b"calm\n"


def test_what_the_executor_is_told_holds_for_all(agent: ScriptedAgent, tmp_path: Path) -> None:
    launch(agent, "a", f"yes {LINE} | head -c 20000000 >&2")
    assert ended(agent, "a") == "TASK_FINISHED"
    sizes = [(tmp_path / f"tasks/a/{name}").stat().st_size for name in ("stderr.2", "stderr.1", "stderr")]
    assert sum(sizes) == 20_000_000
    assert max(sizes) <= 8 * MB + LONGEST
