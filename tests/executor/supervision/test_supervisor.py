"""The supervisor between an agent and an engine in memory: what is told, in which order, and what is left."""
from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from executor.admission.ended import LAST
from executor.engine.failures import (
    DaemonUnavailable,
    DeadlineExceeded,
    NoSuchContainer,
    RegistryUnavailable,
    RuntimeFailure,
)
from executor.node.cgroups import CGROUPS, unified
from executor.settings.settings import SandboxLimits
from specs.messages.check import CheckStatusInfo, CommandResult
from specs.messages.status import TaskState
from tests.executor.program.running import Running, running, task
from tests.fakes.runtime import FakeRuntime

STARTING, RUNNING, KILLING = TaskState.STARTING, TaskState.RUNNING, TaskState.KILLING
FINISHED, FAILED, KILLED = TaskState.FINISHED, TaskState.FAILED, TaskState.KILLED


def test_a_task_runs_and_its_output_is_there_before_the_end(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "echo out; echo err >&2")
        status = run.ended("a")
        assert run.agent.states("a") == [STARTING, RUNNING, FINISHED]
        assert status.message == "Container exited with status 0"
        assert (tmp_path / "tasks/a/stdout").read_text() == "out\n"
        assert (tmp_path / "tasks/a/stderr").read_text() == "err\n"


def test_running_tells_the_address_and_the_inspect_data_without_values(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        command = {"value": "sleep 60", "environment": {"variables": [{"name": "PASSWORD", "value": "geheim"}]}}
        run.supervisor.launch({**task("a", None), "command": command})
        status = run.running("a")
        assert status.data is not None
        (inspected,) = json.loads(status.data)
        assert "geheim" not in status.data.decode()
        assert "PASSWORD=***" in inspected["Config"]["Env"]
        assert "MESOS_SANDBOX=/mnt/mesos/sandbox" in inspected["Config"]["Env"]
        assert not any(label.startswith("mesos-docker.") for label in inspected["Config"]["Labels"])
        assert status.network_infos[0].ip_addresses


def test_folders_of_the_sandbox_that_it_mounts_are_made_and_what_is_there_is_left(tmp_path: Path) -> None:
    volumes = [{"container_path": "/www", "host_path": "html/www", "mode": "RW"},
               {"container_path": "/config", "host_path": "config", "mode": "RO"}]
    with running(tmp_path) as run:
        (tmp_path / "tasks/a").mkdir(parents=True)
        (tmp_path / "tasks/a/config").write_text("a file")
        run.launch("a", "true", container={"volumes": volumes})
        assert run.ended("a").state is FINISHED
        assert (tmp_path / "tasks/a/html/www").is_dir()
        assert (tmp_path / "tasks/a/config").read_text() == "a file"


def test_many_tasks_each_with_its_own_end(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        for number in range(40):
            run.launch(f"t{number}", f"echo {number}; exit {number % 3}")
        for number in range(40):
            status = run.ended(f"t{number}")
            assert status.state is (FAILED if number % 3 else FINISHED)
            assert (tmp_path / f"tasks/t{number}/stdout").read_text() == f"{number}\n"


def test_the_image_is_pulled_once_for_all(tmp_path: Path) -> None:
    runtime = FakeRuntime(images=(), registry={"library/app:1": 3})
    with running(tmp_path, runtime) as run:
        for number in range(5):
            run.launch(f"t{number}", image="library/app:1")
        assert {run.ended(f"t{number}").state for number in range(5)} == {FINISHED}
        assert 1 <= [verb for verb, _ in runtime.calls].count("pull") < 5


def test_an_image_for_another_platform_is_pulled_for_that_one(tmp_path: Path) -> None:
    runtime = FakeRuntime(images=("app:1",), registry={"app:1": 1})
    arm = {"docker": {"image": "app:1", "parameters": [{"key": "platform", "value": "linux/arm64"}]}}
    with running(tmp_path, runtime) as run:
        run.launch("native", image="app:1")
        assert run.ended("native").state is FINISHED
        assert runtime.images.registry.platforms == []
        run.launch("arm", container=arm)
        assert run.ended("arm").state is FINISHED
        assert runtime.images.registry.platforms == ["linux/arm64"]


def test_a_missing_image(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", image="no/such:image")
        status = run.ended("a")
        assert (status.state, status.reason) == (FAILED, "REASON_CONTAINER_LAUNCH_FAILED")
        assert (status.message or "").startswith("Failed to launch container: image not found: no/such:image; ")


def test_a_registry_that_is_away_is_not_the_tasks_fault(tmp_path: Path) -> None:
    runtime = FakeRuntime(images=(), registry={"app": 1})
    runtime.fail("pull", RegistryUnavailable("connection refused"), times=10)
    with running(tmp_path, runtime) as run:
        run.launch("a", image="app")
        assert (run.ended("a").message or "").endswith("not the task's fault, another attempt may succeed")


def test_a_kill_during_the_pull_cancels_it(tmp_path: Path) -> None:
    runtime = FakeRuntime(images=(), registry={"app": 1})
    released = runtime.hold("pull")
    with running(tmp_path, runtime) as run:
        run.launch("a", image="app")
        while ("pull", "app") not in runtime.calls:
            time.sleep(0.001)
        run.supervisor.kill("a", None)
        status = run.ended("a")
        assert run.agent.states("a") == [STARTING, KILLING, KILLED]
        assert status.reason == "REASON_TASK_KILLED_DURING_LAUNCH"
        released.set()


def test_kill_with_grace(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "trap 'exit 7' TERM; sleep 600 & wait")
        run.running("a")
        run.supervisor.kill("a", 60.0)
        assert run.ended("a").message == "Container exited with status 7"
        assert run.agent.states("a") == [STARTING, RUNNING, KILLING, KILLED]


def test_what_does_not_listen_is_killed_when_the_grace_is_over(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "sleep 600", kill_policy={"grace_period": {"nanoseconds": 10_000_000}})
        run.running("a")
        run.supervisor.kill("a", None)
        assert run.ended("a").message == "Container exited with status 137"


def test_a_second_kill_shortens(tmp_path: Path) -> None:
    with running(tmp_path, capabilities=()) as run:
        run.launch("a", "sleep 600")
        run.running("a")
        run.supervisor.kill("a", 600.0)
        run.supervisor.kill("a", 0.05)
        run.supervisor.kill("a", 600.0)
        assert run.ended("a").state is KILLED
        assert run.agent.states("a") == [STARTING, RUNNING, KILLED]


def test_max_completion_time(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "sleep 600", max_completion_time={"nanoseconds": 50_000_000})
        status = run.ended("a")
        assert (status.state, status.reason) == (FAILED, "REASON_MAX_COMPLETION_TIME_REACHED")
        assert KILLING not in run.agent.states("a")


def test_out_of_memory(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "sleep 600")
        run.running("a")
        run.runtime.oom(run.name())
        status = run.ended("a")
        assert status.reason == "REASON_CONTAINER_LIMITATION_MEMORY"
        assert status.message == "Container exited with status 137: out of memory (limit 64.0 MiB, peak 64.0 MiB)"
        assert status.limitation is not None
        assert status.limitation[0].scalar == 64


def test_removed_behind_our_back(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "sleep 600")
        run.running("a")
        run.runtime.vanish(run.name())
        assert "removed by somebody else" in (run.ended("a").message or "")


def test_an_end_that_was_not_told_is_found_after_the_stream_is_back(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "sleep 600")
        run.running("a")
        run.runtime.break_events()
        run.runtime.finish(run.name(), 5)
        assert (run.ended("a").message or "").startswith("Container exited with status 5")


def test_an_unclear_start_is_cleared_away_before_anything_is_told(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    runtime.fail("start", DeadlineExceeded("no answer in 60 s"))
    with running(tmp_path, runtime) as run:
        run.launch("a", "sleep 600")
        status = run.ended("a")
        assert status.state is TaskState.DROPPED
        assert runtime.names() == []


def test_what_was_started_although_nobody_said_so_has_run_and_its_output_is_there(
        tmp_path: Path) -> None:
    runtime = FakeRuntime()
    begun = runtime.containers.start

    def start(container: str) -> None:
        begun(container)
        runtime.write(container, 1, b"said\n")
        raise DaemonUnavailable("start: the Docker engine closed the connection without an answer")
    runtime.containers.start = start  # type: ignore[method-assign]
    with running(tmp_path, runtime) as run:
        run.launch("a", "sleep 600")
        status = run.ended("a")
        assert status.state is TaskState.GONE
        assert "it had been started all the same, and was removed" in (status.message or "")
        assert (tmp_path / "tasks/a/stdout").read_text() == "said\n"


@contextlib.contextmanager
def left_behind(container: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the container's cgroup of which no engine knows."""
    where = (CGROUPS if unified() else CGROUPS / "memory") / "mesos-docker-test" / container
    where.mkdir(parents=True)
    with subprocess.Popen(["sleep", "600"]) as process:
        (where / "cgroup.procs").write_text(str(process.pid))
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            where.rmdir()
            with contextlib.suppress(OSError):  # others may have some there
                where.parent.rmdir()


def test_a_start_that_was_refused_leaves_no_process_of_one_before(tmp_path: Path) -> None:
    """One in which the engine was killed: it knows of no process, and refuses the second for that."""
    runtime, left = FakeRuntime(), contextlib.ExitStack()
    processes = list[subprocess.Popen[bytes]]()

    def start(container: str) -> None:
        processes.append(left.enter_context(left_behind(container)))
        raise RuntimeFailure("start: the container is already there")
    runtime.containers.start = start  # type: ignore[method-assign]
    with left, running(tmp_path, runtime) as run:
        run.launch("a", "sleep 600")
        assert run.ended("a").state is TaskState.DROPPED
        (process,) = processes
        assert process.wait(30) == -signal.SIGKILL


def test_what_nobody_has_read_is_there_before_a_container_is_removed_by_force(
        tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "echo one; sleep 600")
        run.running("a")
        run.runtime.break_output(run.name())
        run.runtime.write(run.name(), 1, b"two\n")
        run.runtime.fail("kill", DaemonUnavailable("no answer"), times=2)  # SIGTERM and SIGKILL
        run.supervisor.kill("a", 0.0)
        assert run.ended("a").state is KILLED
        assert (tmp_path / "tasks/a/stdout").read_text() == "one\ntwo\n"


def test_the_output_of_what_has_ended_is_asked_for_until_the_engine_is_back(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "echo one; sleep 600")
        run.running("a")
        run.runtime.break_output(run.name())
        run.runtime.write(run.name(), 1, b"two\n")
        run.runtime.fail("logs", DaemonUnavailable("no answer"), times=8)
        run.runtime.break_events()
        while [verb for verb, _ in run.runtime.calls].count("logs") < 2:
            time.sleep(0.01)
        run.runtime.finish(run.name(), 3)
        assert run.ended("a").state is FAILED
        assert (tmp_path / "tasks/a/stdout").read_text() == "one\ntwo\n"


def test_an_engine_that_is_away_at_the_launch(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    runtime.fail("create", DaemonUnavailable("create: connection refused"))
    with running(tmp_path, runtime, capabilities=()) as run:
        run.launch("a")
        assert run.ended("a").state is TaskState.LOST


def test_force_when_a_signal_is_refused(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "sleep 600")
        run.running("a")
        run.runtime.fail("kill", DaemonUnavailable("no answer"), times=99)
        run.supervisor.kill("a", 0.0)
        assert run.ended("a").state is KILLED
        assert "remove" in [verb for verb, _ in run.runtime.calls]


def test_a_kill_of_an_unknown_task_is_answered(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.supervisor.kill("stranger", None)
        status = run.ended("stranger")
        assert (status.state, status.reason) == (TaskState.DROPPED, "REASON_TASK_UNKNOWN")


def test_a_late_kill_of_a_task_that_is_over_is_not(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a")
        run.ended("a")
        run.supervisor.kill("a", None)
        run.launch("b")
        run.ended("b")
        assert run.agent.states("a") == [STARTING, RUNNING, FINISHED]


def test_a_second_launch_of_the_same_id_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "sleep 600")
        run.running("a")
        run.launch("a", "exit 1")
        assert run.agent.wait_for(lambda agent: len(agent.of("a")) == 3)
        again = run.agent.of("a")[-1]
        assert again.state is RUNNING
        assert "second launch" in (again.message or "")
        assert len(run.runtime.names()) == 1


def test_an_impossible_task_is_told_with_its_path(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", container={"volumes": [{"container_path": "x", "mode": "RW"}]})
        assert run.ended("a").message == (
            "Failed to create docker run options: Host path or volume source is required: see container.volumes[0]")


def test_a_task_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", container={"docker": {"image": 7}})
        status = run.ended("a")
        assert status.state is FAILED
        assert "container.docker.image" in (status.message or "")


def test_shutdown_ends_everything_within_the_grace(tmp_path: Path) -> None:
    with running(tmp_path, shutdown_grace=2.0) as run:
        for number in range(5):
            run.launch(f"t{number}", "sleep 600")
        for number in range(5):
            run.running(f"t{number}")
        run.supervisor.shutdown("the agent says so")
        assert run.over() == "the agent says so"
        assert {run.ended(f"t{number}").state for number in range(5)} == {KILLED}


def test_a_launch_during_the_shutdown_is_answered(tmp_path: Path) -> None:
    with running(tmp_path, shutdown_grace=60.0) as run:
        run.launch("old", "trap 'exit 0' USR1; sleep 600 & wait")
        run.running("old")
        run.supervisor.shutdown("the agent says so")
        run.launch("new")
        assert run.ended("new").state is KILLED
        run.runtime.finish(run.name(), 0)
        assert run.ended("old").state is KILLED


def test_told_nothing_it_ends_with_a_reason(tmp_path: Path) -> None:
    with running(tmp_path, idle_timeout=0.05) as run:
        assert run.over() == "no task for 0.05 s"


def test_the_sandboxes_of_ended_tasks_go_but_for_the_last(tmp_path: Path) -> None:
    with running(tmp_path, sandboxes=SandboxLimits(count=LAST)) as run:
        for number in range(LAST + 3):
            run.launch(f"t{number}")
            assert run.ended(f"t{number}").state is FINISHED
        left = {f"t{number}" for number in range(3, LAST + 3)}
        deadline = time.monotonic() + 30
        while {path.name for path in (tmp_path / "tasks").iterdir()} != left:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_sandbox_goes_when_it_is_too_old_though_no_other_task_ends(tmp_path: Path) -> None:
    with running(tmp_path, sandboxes=SandboxLimits(age=2.0)) as run:
        for number in range(LAST + 1):
            run.launch(f"t{number}")
            assert run.ended(f"t{number}").state is FINISHED
        deadline = time.monotonic() + 30
        while (tmp_path / "tasks/t0").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert (tmp_path / "tasks/t1").exists()


@pytest.mark.parametrize(("settings", "message"), [
    ({}, "Docker warns: no swap limit; no ports"),
    ({"container": "mesos-1", "idle_timeout": None}, None)])
def test_what_an_engine_warns_of_is_told_but_for_mesos_own_words(
        settings: dict[str, Any], message: str | None, tmp_path: Path) -> None:
    runtime = FakeRuntime()
    runtime.containers.warnings = ["no swap limit", "no ports"]
    with running(tmp_path, runtime, **settings) as run:
        run.launch("a", "sleep 600")
        assert run.running("a").message == message


def test_it_ends_when_it_has_no_task_any_more(tmp_path: Path) -> None:
    with running(tmp_path, idle_timeout=0.5) as run:
        run.launch("a", "sleep 600")
        run.running("a")
        time.sleep(1.0)  # one that has a task is not idle
        run.runtime.finish(run.name(), 0)
        assert run.over() == "no task for 0.5 s"
        assert run.ended("a").state is FINISHED


@pytest.mark.parametrize(("capabilities", "state"), [
    (("PARTITION_AWARE",), TaskState.DROPPED), ((), TaskState.LOST)])
def test_a_task_that_comes_when_it_has_begun_to_end_is_not_lost(
        capabilities: tuple[str, ...], state: TaskState, tmp_path: Path) -> None:
    with running(tmp_path, capabilities=capabilities, idle_timeout=0.05) as run:
        run.over()
        assert not run.supervisor.answer_late()
        run.launch("late")
        run.supervisor.kill("other", None)
        assert run.supervisor.answer_late()
        status = run.ended("late")
        assert (status.state, status.reason) == (state, "REASON_EXECUTOR_TERMINATED")
        assert "another attempt may succeed" in (status.message or "")
        assert run.ended("other").reason == "REASON_TASK_UNKNOWN"
        assert run.runtime.names() == []


def test_a_task_that_is_there_when_it_would_end_runs(tmp_path: Path) -> None:
    with running(tmp_path, idle_timeout=0.2) as run:
        run.supervisor._loop.call(lambda: time.sleep(0.5))  # the clock rings behind this, the launch is there already
        run.launch("a", "sleep 600")
        run.running("a")
        run.runtime.finish(run.name(), 0)
        assert run.ended("a").state is FINISHED


def test_the_drop_in_runs_one_task_and_ends(tmp_path: Path) -> None:
    with running(tmp_path, container="mesos-1", idle_timeout=None) as run:
        run.launch("a", "exit 3")
        assert run.over() == "task a has ended"
        assert run.ended("a").message == "Container exited with status 3"
        assert run.runtime.names() == ["mesos-1"]


def test_the_drop_in_refuses_a_second_task_and_the_first_goes_on(tmp_path: Path) -> None:
    with running(tmp_path, container="mesos-1", idle_timeout=None) as run:
        run.launch("a", "sleep 600")
        run.running("a")
        run.launch("b")
        status = run.ended("b")
        assert (status.state, status.message) == (FAILED, 'Attempted to run multiple tasks using a "docker" executor')
        assert run.agent.states("a") == [STARTING, RUNNING]


def test_health_kills(tmp_path: Path) -> None:
    check = {"type": "COMMAND", "command": {"value": "exit 1"}, "delay_seconds": 0, "interval_seconds": 0,
             "grace_period_seconds": 0, "consecutive_failures": 2}
    with running(tmp_path) as run:
        run.launch("a", "sleep 600", health_check=check, kill_policy={"grace_period": {"nanoseconds": 0}})
        status = run.ended("a")
        assert (status.state, status.healthy) == (KILLED, False)
        assert [each.healthy for each in run.agent.of("a")] == [None, None, False, False, None, False]
        assert status.message == ("Container exited with status 137: its health check failed "
                                  "(2 times in a row, at last: Command exited with status 1)")


def test_what_an_earlier_executor_left_is_removed_before_anything_starts(tmp_path: Path) -> None:
    ours = {"mesos-docker.framework-id": "f", "mesos-docker.executor-id": "e", "mesos-docker.agent-id": "a"}
    runtime = FakeRuntime()
    for name, executor in (("old", "e"), ("others", "e2")):
        labels = {**ours, "mesos-docker.owner": "dead", "mesos-docker.executor-id": executor}
        payload = {"Image": "busybox:static", "Labels": labels, "Cmd": ["sleep", "600"]}
        runtime.containers.start(runtime.containers.create(payload, name))
    held = runtime.hold("ls")
    with running(tmp_path, runtime, labels={**ours, "mesos-docker.owner": "me"}) as run:
        run.launch("a", "true")
        assert run.agent.wait_for(lambda agent: agent.states("a") == [STARTING])
        assert runtime.names() == ["old", "others"]
        held.set()
        run.ended("a")
        assert "old" not in runtime.names()
        assert "others" in runtime.names()
        runtime.containers.remove("others")


def test_a_sandbox_is_the_tasks_users(tmp_path: Path) -> None:
    user = "4321:8765" if os.geteuid() == 0 else f"{os.getuid()}:{os.getgid()}"
    volumes = [{"container_path": "/www", "host_path": "html/www", "mode": "RW"}]
    with running(tmp_path) as run:
        command = {"value": "true", "user": user}
        run.supervisor.launch({**task("a", None, container={"volumes": volumes}), "command": command})
        assert run.ended("a").state is FINISHED
        for folder in ("", "html", "html/www"):
            found = (tmp_path / "tasks/a" / folder).stat()
            assert f"{found.st_uid}:{found.st_gid}" == user
        assert (tmp_path / "tasks").stat().st_uid == os.getuid()


@pytest.mark.parametrize(("said", "images", "whose"), [
    ("daemon", "", (4321, 7)), ("", "daemon", (4321, 7)), ("", "daemon:wheel", (4321, 10)), ("", "1234", (1234, None)),
    ("1234", "daemon", (1234, None)), ("nobody-here", "daemon", (0, None)), ("", "", (0, None))])
def test_names_of_users_are_the_images(tmp_path: Path, said: str, images: str, whose: tuple[int, int | None]) -> None:
    runtime = FakeRuntime()
    runtime.containers.files = {"/etc/passwd": b"root:x:0:0::/:/bin/sh\ndaemon:x:4321:7::/:/bin/sh\n",
                                "/etc/group": b"wheel:x:10:\n"}
    runtime.containers.users["busybox:static"] = images
    with running(tmp_path, runtime) as run:
        command = {"value": "true", **({"user": said} if said else {})}
        run.supervisor.launch({**task("a", None), "command": command})
        assert run.ended("a").state is FINISHED
        user, group = (whose[0] if os.geteuid() == 0 else os.getuid()), whose[1]
        for name in ("", "stdout", "stderr"):
            found = (tmp_path / "tasks/a" / name).stat()
            assert found.st_uid == user
            assert group is None or os.geteuid() != 0 or found.st_gid == group


def test_an_engine_that_cannot_tell_whose_the_sandbox_is(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    runtime.containers.users["busybox:static"] = "daemon"
    runtime.fail("read", DaemonUnavailable("gone"))
    with running(tmp_path, runtime) as run:
        run.launch("a", "true")
        assert run.ended("a").state is TaskState.DROPPED


def test_a_check_is_reported_in_every_update(tmp_path: Path) -> None:
    check = {"type": "COMMAND", "command": {"command": {"value": "exit 4"}}, "delay_seconds": 0}
    with running(tmp_path) as run:
        run.launch("a", "sleep 600", check=check)
        assert run.agent.wait_for(lambda agent: len(agent.of("a")) == 3)
        run.runtime.finish(run.name(), 0)
        run.ended("a")
        empty, full = (CheckStatusInfo("COMMAND", command=CommandResult(code)) for code in (None, 4))
        assert [each.check_status for each in run.agent.of("a")] == [empty, empty, full, full]


def test_a_faulty_launch_does_not_end_the_others(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.supervisor.launch({"task_id": {}})
        run.launch("a")
        assert run.ended("a").state is FINISHED


@pytest.mark.parametrize("failure", [NoSuchContainer("gone"), DaemonUnavailable("away")])
def test_running_is_told_even_if_the_look_after_the_start_fails(tmp_path: Path, failure: Exception) -> None:
    runtime = FakeRuntime()
    with running(tmp_path, runtime) as run:
        runtime.fail("inspect", failure)  # type: ignore[arg-type]
        command = {"value": "sleep 600", "user": "0"}  # by number: no look before the start
        run.supervisor.launch({**task("a", None), "command": command})
        status = run.running("a")
        assert status.data is None
        finish(run)


def finish(run: Running) -> None:
    for name in run.runtime.names():
        run.runtime.finish(name, 0)


def test_an_engine_that_is_away_is_no_failure_of_a_health_check(tmp_path: Path) -> None:
    check = {"type": "COMMAND", "command": {"value": "true"}, "delay_seconds": 0.0, "interval_seconds": 0.01,
             "grace_period_seconds": 0.0, "consecutive_failures": 1}
    with running(tmp_path) as run:
        run.launch("a", "sleep 600", health_check=check)
        assert run.agent.wait_for(lambda agent: any(each.healthy for each in agent.of("a")))
        before = len(run.agent.of("a"))
        run.runtime.fail("exec", DaemonUnavailable("connection refused"), times=5)
        run.runtime.fail("exec", DeadlineExceeded("no answer in 5 s"), times=5)
        deadline = time.monotonic() + 30
        while [verb for verb, _ in run.runtime.calls].count("exec") < 12:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert len(run.agent.of("a")) == before


def test_an_engine_that_comes_back_without_the_container(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "sleep 600")
        run.running("a")
        gone = run.runtime._store.containers.pop(run.runtime.containers.inspect(run.name()).id)
        run.runtime.break_events()
        assert "removed by somebody else" in (run.ended("a").message or "")
        gone.signal("SIGKILL")
