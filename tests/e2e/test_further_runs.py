"""Containers that run more than once, on real Docker: of each run its output, and no run's facts for another."""
from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine import containers
from tests.executor.program.running import task
from tests.fakes.agent_server import ScriptedAgent
from tests.images import busybox_image, sick_image
from tests.patience import SLOW

PROGRAM = str(Path(sys.executable).with_name("mesos-docker-executor"))
PATIENCE = 60.0 * SLOW
COUNT = "cd /mnt/mesos/sandbox; echo x >> runs; n=$(wc -l < runs); "
ENDS = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_DROPPED"}


class Scene:
    """An executor between a scripted agent and the machine's engine."""

    def __init__(self, agent: ScriptedAgent, folder: Path) -> None:
        self.agent, self.folder = agent, folder

    def launch(self, task_id: str, command: str, image: str = "busybox:static",
               **parameters: str) -> None:
        info = task(task_id, command, image=image, network="NONE", docker={"parameters": [
            {"key": key.replace("_", "-"), "value": value} for key, value in parameters.items()]})
        self.agent.launch(task_id, **{key: info[key]
                                      for key in ("command", "container", "resources")})

    def until(self, task_id: str, *states: str) -> dict[str, Any]:
        self.agent.wait_for(lambda: set(self.agent.states(task_id)) & set(states), PATIENCE)
        return self.agent.updates[task_id][-1]

    def ended(self, task_id: str) -> tuple[str, str]:
        last = self.until(task_id, *ENDS)
        return last["state"], last["message"]

    def reads(self, task_id: str, name: str) -> str:
        path = self.folder / "tasks" / task_id / name
        return path.read_text() if path.exists() else ""

    def wait(self, task_id: str, name: str, text: str) -> None:
        """Wait for a text in a file of the task's sandbox."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.reads(task_id, name):
            assert time.monotonic() < deadline, (name, self.reads(task_id, name))
            time.sleep(0.02)

    def docker(self, *words: str, task_id: str) -> None:
        """A docker command with the task's container behind its words."""
        (ours,) = containers(framework_id=self.agent.framework_id, task_id=task_id)
        subprocess.run(["docker", *words, ours.id], check=True, capture_output=True)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    busybox_image()
    folder = tmp_path_factory.mktemp("executor")
    with contextlib.ExitStack() as stack:
        agent = stack.enter_context(ScriptedAgent())
        process = stack.enter_context(subprocess.Popen(
            [PROGRAM], cwd=folder, env=agent.environment(MESOS_DIRECTORY=str(folder)),
            start_new_session=True))
        stack.callback(process.kill)
        agent.wait_subscribed()
        yield Scene(agent, folder)
        for task_id in agent.updates:
            agent.kill(task_id, 0)


def test_of_each_run_its_output_and_of_the_last_its_words(scene: Scene) -> None:
    scene.launch("output", f"{COUNT} echo run $n; echo why run $n failed >&2; exit $n",
                 restart="on-failure:3")
    assert scene.ended("output") == ("TASK_FAILED",
                                     "Container exited with status 4: stderr: why run 4 failed")
    assert scene.reads("output", "stdout") == "run 1\nrun 2\nrun 3\nrun 4\n"
    assert scene.reads("output", "stderr") == "".join(f"why run {n} failed\n" for n in (1, 2, 3, 4))


def test_a_last_run_that_is_silent_and_well(scene: Scene) -> None:
    scene.launch("silent", f"{COUNT} [ $n = 3 ] && exit 0; echo no >&2; exit 9",
                 restart="on-failure")
    assert scene.ended("silent") == ("TASK_FINISHED", "Container exited with status 0")
    assert scene.reads("silent", "stderr") == "no\nno\n"


def test_much_output_of_quick_runs_is_whole(scene: Scene) -> None:
    lines = "i=0; while [ $i -lt 2000 ]; do echo $n $i; i=$((i+1)); done"
    scene.launch("much", f"{COUNT} {lines}; [ $n = 3 ]", restart="on-failure:5")
    assert scene.ended("much")[0] == "TASK_FINISHED"
    assert scene.reads("much", "stdout") == "".join(f"{n} {i}\n" for n in (1, 2, 3)
                                                    for i in range(2000))


def test_last_words_without_an_end_of_line_are_there(scene: Scene) -> None:
    """A stream that follows Docker's log often ends before them."""
    scene.launch("words", f"{COUNT} echo run $n; sleep 0.3; printf 'bye %s;' $n; printf 'why %s' $n >&2; [ $n = 6 ]",
                 restart="on-failure:8")
    assert scene.ended("words")[0] == "TASK_FINISHED"
    assert scene.reads("words", "stdout") == "".join(f"run {n}\nbye {n};" for n in range(1, 7))
    assert scene.reads("words", "stderr") == "".join(f"why {n}" for n in range(1, 7))


def test_a_log_that_cannot_be_read_keeps_what_is_heard(scene: Scene) -> None:
    scene.launch("unread", f"{COUNT} echo run $n; [ $n = 2 ] && sleep 600; exit 1",
                 restart="always", log_driver="none")
    scene.wait("unread", "runs", "x\nx\n")
    assert "run 1\n" in scene.reads("unread", "stdout")
    scene.agent.kill("unread", 0)
    assert scene.ended("unread")[0] == "TASK_KILLED"


def test_a_kill_in_a_later_run_is_a_kill(scene: Scene) -> None:
    scene.launch("later",
                 f"{COUNT} echo run $n; [ $n = 1 ] && exit 1; trap 'echo bye; exit 7' TERM; touch ready; "
                          "sleep 600 & wait", restart="always")
    scene.wait("later", "stdout", "run 2")
    until_there(scene.folder / "tasks/later/ready")
    scene.agent.kill("later", 60)
    assert scene.ended("later") == ("TASK_KILLED", "Container exited with status 7")
    assert scene.reads("later", "stdout") == "run 1\nrun 2\nbye\n"


def test_a_kill_between_two_runs_is_a_kill(scene: Scene) -> None:
    scene.launch("between", f"{COUNT} echo run $n; exit 1", restart="always")
    scene.wait("between", "stdout", "run 4")  # then the policy waits for 0.8 s
    scene.agent.kill("between", 60)
    assert scene.ended("between")[0] == "TASK_KILLED"


def test_an_oom_of_a_run_before_is_not_this_ones(scene: Scene) -> None:
    hog = "x=xxxxxxxxxxxxxxxx; while true; do x=$x$x; done"
    scene.launch("oom", f"{COUNT} [ $n = 2 ] && exit 5; {hog}", restart="on-failure:1")
    assert scene.ended("oom") == ("TASK_FAILED", "Container exited with status 5")


def test_a_signal_that_was_survived_is_not_why_it_ended(scene: Scene) -> None:
    scene.launch("meddled", "trap 'touch heard' HUP; cd /mnt/mesos/sandbox; touch ready; "
                            "until [ -e heard ]; do sleep 0.05; done; exit 3")
    until_there(scene.folder / "tasks/meddled/ready")
    scene.docker("kill", "-s", "HUP", task_id="meddled")
    assert scene.ended("meddled") == ("TASK_FAILED", "Container exited with status 3")


def test_a_signal_of_a_run_before_is_not_this_ones(scene: Scene) -> None:
    scene.launch("before", f"{COUNT} [ $n = 2 ] && exit 4; touch ready; sleep 600",
                 restart="on-failure:1")
    until_there(scene.folder / "tasks/before/ready")
    (ours,) = containers(framework_id=scene.agent.framework_id, task_id="before")
    subprocess.run(["kill", "-9", str(ours.pid)], check=True)  # not by the engine: its policy counts
    assert scene.ended("before") == ("TASK_FAILED", "Container exited with status 4")


def test_the_limit_is_the_one_that_it_has_now(scene: Scene) -> None:
    hog = "x=xxxxxxxxxxxxxxxx; while true; do x=$x$x; done"
    scene.launch("limit",
                 f"cd /mnt/mesos/sandbox; touch ready; until [ -e go ]; do sleep 0.05; done; {hog}")
    until_there(scene.folder / "tasks/limit/ready")
    scene.docker("update", "--memory", "24m", "--memory-swap", "24m", task_id="limit")
    (scene.folder / "tasks/limit/go").touch()
    state, message = scene.ended("limit")
    assert state == "TASK_FAILED"
    assert "out of memory (limit 24.0 MiB, peak 24.0 MiB)" in message


def test_the_images_own_health_check_says_how_the_task_is(scene: Scene) -> None:
    scene.launch("sick", "sleep 600", image=sick_image())
    scene.agent.wait_for(lambda: any("healthy" in each
                                     for each in scene.agent.updates.get("sick", ())), PATIENCE)
    last = scene.agent.updates["sick"][-1]
    assert (last["state"], last["healthy"]) == ("TASK_RUNNING", False)
    assert last["reason"] == "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"
    scene.agent.kill("sick", 0)
    assert scene.ended("sick")[0] == "TASK_KILLED"


def test_parameters_take_the_images_health_check_away(scene: Scene) -> None:
    scene.launch("none", "sleep 4", image=sick_image(), no_healthcheck="true")
    assert scene.ended("none")[0] == "TASK_FINISHED"
    assert [each for each in scene.agent.updates["none"] if "healthy" in each] == []


def test_parameters_put_another_health_check_in_its_place(scene: Scene) -> None:
    scene.launch("another", "sleep 600", image=sick_image(), health_cmd="true", health_interval="1s",
                 health_timeout="60s")
    scene.agent.wait_for(lambda: any("healthy" in each
                                     for each in scene.agent.updates.get("another", ())), PATIENCE)
    scene.agent.kill("another", 0)
    assert scene.ended("another")[0] == "TASK_KILLED"
    assert {each["healthy"] for each in scene.agent.updates["another"] if "healthy" in each} == {True}


def until_there(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.02)
