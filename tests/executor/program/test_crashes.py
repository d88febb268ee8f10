"""An executor that dies under its tasks, as a process, on real Docker: it is back under the same launcher, and
everything goes on.
"""
from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine import containers
from tests.executor.program.running import task
from tests.executor.program.test_executor_process import COMMAND, environment, started, subscribed
from tests.fakes.agent_server import ScriptedAgent
from tests.images import busybox_image
from tests.patience import SLOW

RUNC = 12_000_000  # bytes that some (1.1.15) write for each call, a copy of themselves, and that are in the bound
PATIENCE = 90.0 * SLOW
COUNTING = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done"


@pytest.fixture(autouse=True, scope="module")
def _image() -> None:
    busybox_image()


def comes_true(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def python_of(launcher: int) -> int | None:
    """The executor's own process, below its launcher; None: there is none just now."""
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split():
            if b"executor" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                return int(child)
    return None


class Crashing:
    """An executor on a scripted agent, whose process can be killed."""

    def __init__(self, agent: ScriptedAgent, process: subprocess.Popen[bytes],
                 sandbox: Path) -> None:
        self.agent = agent
        self.process = process
        self.sandbox = sandbox

    def launch(self, task_id: str, command: str, **fields: object) -> None:
        info = task(task_id, command, network="NONE", **fields)  # type: ignore[arg-type]
        self.agent.launch(task_id, **{key: value for key, value in info.items()
                                      if key not in {"task_id", "name", "agent_id"}})

    def until(self, task_id: str, state: str) -> None:
        self.agent.wait_for(lambda: state in self.agent.states(task_id), PATIENCE)

    def crash(self, number: int = signal.SIGKILL) -> None:
        comes_true(lambda: python_of(self.process.pid))
        killed = python_of(self.process.pid)
        assert killed is not None
        os.kill(killed, number)
        comes_true(lambda: python_of(self.process.pid) not in (None, killed))

    def back(self, times: int) -> None:
        """It has subscribed so often."""
        self.agent.wait_for(lambda: self.agent.streams >= times, PATIENCE)

    def containers(self) -> dict[str, str]:
        """Ids, by the task's."""
        found = containers(framework_id=self.agent.framework_id)
        return {each.labels["mesos-docker.task-id"]: each.id for each in found}

    def output(self, task_id: str) -> list[str]:
        return (self.sandbox / "tasks" / task_id / "stdout").read_text().splitlines()

    def said(self) -> str:
        return (self.sandbox / "stderr").read_text()


@contextlib.contextmanager
def crashing(sandbox: Path, command: Path = COMMAND) -> Iterator[Crashing]:
    with ScriptedAgent() as agent, started(environment(agent, sandbox), sandbox, command=command) as process:
        subscribed(agent, process, sandbox)
        run = Crashing(agent, process, sandbox)
        try:
            yield run
            if process.poll() is None:
                agent.event("SHUTDOWN")
                assert process.wait(PATIENCE) == 0
            assert run.containers() == {}, run.said()
        finally:
            for container in run.containers().values():
                subprocess.run(["docker", "rm", "-f", container], check=False, capture_output=True)


def whole(lines: list[str]) -> bool:
    """Each once, in their order, none left out."""
    return lines == [f"line {number}" for number in range(1, len(lines) + 1)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_three_tasks_outlive_their_executor(number: int, tmp_path: Path) -> None:
    with crashing(tmp_path) as run:
        for task_id in ("a", "b"):
            run.launch(task_id, COUNTING)
        run.launch("short",
                   "until [ -e /mnt/mesos/sandbox/go ]; do sleep 0.02; done; echo end; exit 7")
        for task_id in ("a", "b", "short"):
            run.until(task_id, "TASK_RUNNING")
        before = run.containers()
        comes_true(lambda: len(run.output("a")) > 20)
        run.crash(number)
        (tmp_path / "tasks/short/go").touch()
        run.back(2)
        run.until("short", "TASK_FAILED")
        comes_true(lambda: run.containers() == {each: before[each] for each in ("a", "b")})
        had = len(run.output("a"))
        comes_true(lambda: len(run.output("a")) > had + 20)
        assert whole(run.output("b")[:had])
        assert run.output("short") == ["end"]
        assert run.agent.updates["short"][-1]["message"].startswith(
            "Container exited with status 7")
        for task_id in ("a", "b"):
            assert run.agent.states(task_id) == ["TASK_STARTING", "TASK_RUNNING"]
        assert run.process.poll() is None
        run.agent.kill("a", 0.0)
        run.until("a", "TASK_KILLED")
        assert whole(run.output("a"))


def test_last_words_without_an_end_of_line_are_told(tmp_path: Path) -> None:
    """What is read after a crash is Docker's log, and a stream that follows it often ends before them."""
    tasks = [f"t{number}" for number in range(6)]
    with crashing(tmp_path) as run:
        for task_id in tasks:
            run.launch(task_id, "echo first; until [ -e /mnt/mesos/sandbox/go ]; do sleep 0.02; done; "
                                "printf 'last words'; printf why >&2; exit 7")
        for task_id in tasks:
            run.until(task_id, "TASK_RUNNING")
        run.crash()
        run.back(2)
        comes_true(lambda: run.said().count("it runs") >= len(tasks))
        for task_id in tasks:
            (tmp_path / "tasks" / task_id / "go").touch()
        for task_id in tasks:
            run.until(task_id, "TASK_FAILED")
            assert run.output(task_id) == ["first", "last words"]
            assert run.agent.updates[task_id][-1]["message"].startswith(
                "Container exited with status 7: stderr: why")


def test_output_goes_on_although_the_log_has_lost_its_beginning(tmp_path: Path) -> None:
    burst = "i=0; while [ $i -lt 7000 ]; do i=$((i+1)); echo line $i; done; echo err >&2; "
    with crashing(tmp_path) as run:
        few = [{"key": "log-opt", "value": each} for each in ("max-size=200k", "max-file=2")]
        run.launch("a", burst + COUNTING.removeprefix("i=0; "), docker={"parameters": few})
        run.until("a", "TASK_RUNNING")
        comes_true(lambda: len(run.output("a")) > 7020)
        run.crash()
        run.back(2)
        had = len(run.output("a"))
        comes_true(lambda: len(run.output("a")) > had + 20)
        run.agent.kill("a", 0.0)
        run.until("a", "TASK_KILLED")
        assert whole(run.output("a"))
        assert (tmp_path / "tasks/a/stderr").read_text() == "err\n"


def test_what_no_log_has_is_one_line(tmp_path: Path) -> None:
    with crashing(tmp_path) as run:
        run.launch("a", COUNTING, docker={"parameters": [{"key": "log-driver", "value": "none"}]})
        run.until("a", "TASK_RUNNING")
        comes_true(lambda: len(run.output("a")) > 20)
        run.crash()
        run.back(2)
        comes_true(lambda: any("missing here" in each for each in run.output("a")))
        had = len(run.output("a"))
        comes_true(lambda: len(run.output("a")) > had + 10)
        lines = run.output("a")
        (at,) = (place for place, each in enumerate(lines) if each.startswith("[mesos-docker: output is missing"))
        assert whole(lines[:at])
        said = re.search(r"behind byte (\d+): at most (\d+) bytes of both streams,", lines[at])
        assert said is not None, lines[at]
        assert int(said[1]) == sum(len(each) + 1 for each in lines[:at])
        last, first = (int(lines[each].removeprefix("line ")) for each in (at - 1, at + 1))
        missing = sum(len(f"line {each}\n") for each in range(last + 1, first))
        assert missing <= int(said[2]) < missing + 1_000_000 + RUNC


def test_what_no_log_has_of_a_task_that_ended_meanwhile_is_one_line(tmp_path: Path) -> None:
    with crashing(tmp_path) as run:
        run.launch("a", "echo first; until [ -e /mnt/mesos/sandbox/go ]; do sleep 0.05; done; echo last; exit 3",
                   docker={"parameters": [{"key": "log-driver", "value": "none"}]})
        run.until("a", "TASK_RUNNING")
        comes_true(lambda: run.output("a") == ["first"])
        killed = python_of(run.process.pid)
        assert killed is not None
        os.kill(run.process.pid, signal.SIGSTOP)  # so that nobody starts another one
        os.kill(killed, signal.SIGKILL)
        (tmp_path / "tasks/a/go").touch()
        subprocess.run(["docker", "wait", run.containers()["a"]], check=True, capture_output=True, timeout=PATIENCE)
        os.kill(run.process.pid, signal.SIGCONT)
        run.until("a", "TASK_FAILED")
        assert run.agent.updates["a"][-1]["message"] == "Container exited with status 3"
        first, gap = run.output("a")
        assert first == "first"
        assert gap == ("[mesos-docker: output is missing here, behind byte 6: an unknown number of bytes, "
                       "which the engine's log does not hold]")


@pytest.mark.parametrize("before", [["first"], []], ids=["little", "nothing"])
def test_what_was_rotated_away_meanwhile_is_one_line(tmp_path: Path, before: list[str]) -> None:
    """Few bytes were written before, and would be in the log, had not so many come since."""
    echo, count = "".join(f"echo {each}; " for each in before), sum(len(each) + 1 for each in before)
    go = "until [ -e /mnt/mesos/sandbox/go ]; do sleep 0.05; done; yes lost | head -c 3000000; echo; "
    few = [{"key": "log-opt", "value": each} for each in ("max-size=100k", "max-file=2")]
    with crashing(tmp_path) as run:
        run.launch("a", f"{echo}{go} while :; do echo alive; sleep 0.05; done", docker={"parameters": few})
        run.until("a", "TASK_RUNNING")
        comes_true(lambda: run.output("a") == before)
        killed = python_of(run.process.pid)
        assert killed is not None
        os.kill(run.process.pid, signal.SIGSTOP)  # so that nobody starts another one
        os.kill(killed, signal.SIGKILL)
        (tmp_path / "tasks/a/go").touch()
        comes_true(lambda: b"alive" in subprocess.run(["docker", "logs", "--tail", "1", run.containers()["a"]],
                                                      check=True, capture_output=True, timeout=PATIENCE).stdout)
        os.kill(run.process.pid, signal.SIGCONT)
        comes_true(lambda: "alive" in run.output("a")[-1:])
        lines = run.output("a")
        gap, rest = lines[len(before)], lines[len(before) + 1:]
        said = re.search(rf"behind byte {count}: at most (\d+) bytes of both streams,", gap)
        assert lines[:len(before)] == before
        assert said is not None, gap
        assert 3_000_000 - sum(len(each) + 1 for each in rest) < int(said[1]) < 4_000_000 + RUNC
        run.agent.kill("a", 0.0)
        run.until("a", "TASK_KILLED")


def test_an_end_that_nobody_saw_is_told_with_its_code(tmp_path: Path) -> None:
    with crashing(tmp_path) as run:
        run.launch("a", "sleep 1; echo end; exit 3")
        run.until("a", "TASK_RUNNING")
        killed = python_of(run.process.pid)
        assert killed is not None
        os.kill(run.process.pid, signal.SIGSTOP)  # so that nobody starts another one
        os.kill(killed, signal.SIGKILL)
        (container,) = run.containers().values()
        subprocess.run(["docker", "wait", container], check=True, capture_output=True,
                       timeout=PATIENCE)
        os.kill(run.process.pid, signal.SIGCONT)
        run.until("a", "TASK_FAILED")
        assert run.agent.updates["a"][-1]["message"] == "Container exited with status 3"
        assert run.agent.states("a") == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]
        assert run.output("a") == ["end"]


def test_a_kill_goes_on_where_it_was(tmp_path: Path) -> None:
    with crashing(tmp_path) as run:
        run.launch("a", "trap 'echo told' TERM; echo ready; while :; do sleep 0.1; done")
        run.until("a", "TASK_RUNNING")
        comes_true(lambda: run.output("a") == ["ready"])
        began = time.monotonic()
        run.agent.kill("a", 4.0)
        comes_true(lambda: run.output("a") == ["ready", "told"])
        run.crash()
        run.until("a", "TASK_KILLED")
        assert time.monotonic() - began >= 3.9  # its time was neither cut nor begun anew
        assert run.output("a") == ["ready", "told"]
        assert run.agent.updates["a"][-1]["message"].startswith("Container exited with status 137")


def test_it_gives_up_after_the_fifth_crash_and_leaves_nothing(tmp_path: Path) -> None:
    with crashing(tmp_path) as run:
        run.launch("a", "sleep 600")
        run.until("a", "TASK_RUNNING")
        for _ in range(4):
            run.crash()
        comes_true(lambda: python_of(run.process.pid))
        last = python_of(run.process.pid)
        assert last is not None
        os.kill(last, signal.SIGKILL)
        assert run.process.wait(PATIENCE) == 128 + signal.SIGKILL
        assert run.containers() == {}
        assert "1 of its 1 containers were ended" in run.said()


def test_a_signal_for_the_launcher_is_one_for_the_executor(tmp_path: Path) -> None:
    with crashing(tmp_path) as run:
        run.launch("a", "trap 'exit 4' TERM; echo ready; sleep 600 & wait")
        run.until("a", "TASK_RUNNING")
        comes_true(lambda: run.output("a") == ["ready"])
        run.crash()
        run.back(2)
        comes_true(lambda: "it runs" in run.said())
        run.process.terminate()
        assert run.process.wait(PATIENCE) == 0
        assert run.agent.updates["a"][-1]["message"].startswith("Container exited with status 4")


def test_another_version_takes_over_under_running_tasks(tmp_path: Path) -> None:
    with crashing(tmp_path) as run:
        run.launch("a", COUNTING)
        run.until("a", "TASK_RUNNING")
        before, first = run.containers(), python_of(run.process.pid)
        comes_true(lambda: len(run.output("a")) > 5)
        run.process.send_signal(signal.SIGUSR2)
        run.back(2)
        assert run.containers() == before
        assert python_of(run.process.pid) != first
        had = len(run.output("a"))
        comes_true(lambda: len(run.output("a")) > had + 10)
        run.agent.kill("a", 0.0)
        run.until("a", "TASK_KILLED")
        assert whole(run.output("a"))
        assert run.agent.states("a") == ["TASK_STARTING", "TASK_RUNNING", "TASK_KILLED"]
        assert "starting it again" not in run.said()  # it was no crash


def test_what_does_not_start_takes_nothing_over(tmp_path: Path) -> None:
    here = tmp_path / "executor"
    here.symlink_to(COMMAND)
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    with crashing(sandbox, command=here) as run:
        run.launch("a", "sleep 600")
        run.until("a", "TASK_RUNNING")
        first = python_of(run.process.pid)
        here.unlink()
        here.write_text("#!/bin/sh\necho no such thing >&2\nexit 1\n")
        here.chmod(0o755)
        run.process.send_signal(signal.SIGUSR2)
        comes_true(lambda: "Not handing over" in run.said())
        assert f"{here} --check ended with status 1: no such thing" in run.said()
        assert (python_of(run.process.pid), run.agent.streams) == (first, 1)


def test_secrets_stay_as_long_as_the_launcher_and_no_longer(tmp_path: Path) -> None:
    before = set(Path("/dev/shm").glob("mdx-secrets-*"))
    secret = {"type": "SECRET", "secret": {"type": "VALUE", "value": {"data": "Z2VoZWlt"}}}
    volume = {"container_path": "/key", "mode": "RO", "source": secret}
    with crashing(tmp_path) as run:
        run.launch("a", "until [ -e /mnt/mesos/sandbox/go ]; do sleep 0.02; done; cat /key; echo; exit 1",
                   container={"volumes": [volume]},
                   docker={"parameters": [{"key": "restart", "value": "on-failure:1"}]})
        run.until("a", "TASK_RUNNING")
        (folder,) = set(Path("/dev/shm").glob("mdx-secrets-*")) - before
        run.crash()
        run.back(2)
        comes_true(lambda: "it runs" in run.said())
        (tmp_path / "tasks/a/go").touch()
        run.until("a", "TASK_FAILED")
        assert run.output("a") == ["geheim"] * 2  # its second run, too, was given the secret
        assert folder.exists()
    assert not folder.exists()
    assert "Z2VoZWlt" not in "".join(each.read_text() for each in tmp_path.glob(".mesos-docker-journal"))
