"""What an agent does with what executors tell it; the test itself is the executor."""
from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
import uuid
from base64 import b64encode
from collections.abc import Iterator

import pytest

from deploy.local import LocalMesos
from deploy.local.master.agents import unanswered_pings_end
from deploy.local.pytest_plugin import StartMesos
from specs.forms import Json
from tests.deploy.local.client import (
    HEADERS,
    PATIENCE,
    Scheduler,
    command_task,
    executor_task,
    get,
    post,
    wait_for,
)

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"


class Executor:
    """An executor that speaks JSON over HTTP; the process that the agent has started for it only
    sleeps.
    """

    def __init__(self, mesos: LocalMesos, scheduler: Scheduler) -> None:
        self._agent = mesos.agent_addresses[0]
        self._ids = {"framework_id": {"value": scheduler.framework_id},
                     "executor_id": {"value": "e"}}
        self._connection: http.client.HTTPConnection | None = None
        self._response: http.client.HTTPResponse | None = None

    def subscribe(self, *unacknowledged: Json) -> None:
        """As soon as the agent knows of it."""
        call = {**self._ids, "type": "SUBSCRIBE", "subscribe": {
            "unacknowledged_updates": [{"status": status} for status in unacknowledged]}}
        deadline = time.monotonic() + PATIENCE
        while True:
            self.close()
            self._connection = http.client.HTTPConnection(self._agent, timeout=PATIENCE)
            with contextlib.suppress(OSError):  # the agent may be away
                self._connection.request("POST", "/api/v1/executor", body=json.dumps(call),
                                         headers=HEADERS)
                self._response = self._connection.getresponse()
                if self._response.status == 200:
                    return
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def event(self) -> Json:
        """The next one."""
        assert self._response is not None
        length = int(self._response.readline())
        event: Json = json.loads(self._response.read(length))
        return event

    def update(self, status: Json) -> tuple[int, str]:
        return post(self._agent, "/api/v1/executor",
                    {**self._ids, "type": "UPDATE", "update": {"status": status}})

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
        if self._connection is not None:
            self._connection.close()
        self._response = self._connection = None


def status(state: str, **more: object) -> Json:
    return {"task_id": {"value": "t"}, "state": state, "source": "SOURCE_EXECUTOR",
            "uuid": b64encode(uuid.uuid4().bytes).decode(), **more}


@pytest.fixture
def running(local_mesos: StartMesos) -> Iterator[tuple[LocalMesos, Scheduler, Executor]]:
    """A task that has reached its executor; the framework checkpoints."""
    mesos = local_mesos(resources=RESOURCES, executor_reregistration_timeout=1.0)
    scheduler = Scheduler(mesos.address, checkpoint=True, failover_timeout=60.0)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), executor_task("t", offer, "exec sleep 600"))
    executor = Executor(mesos, scheduler)
    executor.subscribe()
    assert [executor.event()["type"] for _ in range(2)] == ["SUBSCRIBED", "LAUNCH"]
    yield mesos, scheduler, executor
    executor.close()


def test_an_update_after_the_acknowledged_end_is_the_frameworks_to_judge(
        running: tuple[LocalMesos, Scheduler, Executor]) -> None:
    mesos, scheduler, executor = running
    executor.update(status("TASK_FINISHED"))
    assert executor.event()["type"] == "ACKNOWLEDGED"
    executor.update(dropped := status("TASK_RUNNING"))  # the end is not acknowledged yet
    assert executor.event()["acknowledged"]["uuid"] == dropped["uuid"]
    assert scheduler.update("t")["state"] == "TASK_FINISHED"
    late = status("TASK_RUNNING")
    wait_for(lambda: acknowledged_end(mesos.agent_addresses[0]))
    executor.update(late)
    found = scheduler.update("t")
    assert (found["uuid"], "container_status" in found) == (late["uuid"], False)


def acknowledged_end(agent: str) -> bool:
    """Whether the agent has heard that the framework has seen the end."""
    answer = json.loads(post(agent, "/api/v1", {"type": "GET_TASKS"})[1])["get_tasks"]
    return bool(answer["completed_tasks"]) and not answer["terminated_tasks"]


def test_an_update_with_another_agents_id_is_dropped(
        running: tuple[LocalMesos, Scheduler, Executor]) -> None:
    _, scheduler, executor = running
    assert executor.update(status("TASK_FAILED", agent_id={"value": "another"})) == (202, "")
    executor.update(right := status("TASK_RUNNING"))
    assert executor.event()["acknowledged"]["uuid"] == right["uuid"]
    assert scheduler.update("t")["state"] == "TASK_RUNNING"


def test_the_status_of_a_container_inside_the_executors_is_left_alone(
        running: tuple[LocalMesos, Scheduler, Executor]) -> None:
    _, scheduler, executor = running
    inside = {"container_id": {"value": "inside", "parent": {"value": "outside"}}}
    executor.update(status("TASK_RUNNING", container_status=inside))
    assert scheduler.update("t")["container_status"] == inside


def test_what_came_while_the_agent_was_away_is_acknowledged_after_subscribed(
        running: tuple[LocalMesos, Scheduler, Executor]) -> None:
    mesos, scheduler, executor = running
    executor.update(status("TASK_RUNNING"))
    assert executor.event()["type"] == "ACKNOWLEDGED"
    scheduler.update("t", "TASK_RUNNING")
    executor.close()
    mesos.stop_agent()
    starting = threading.Thread(target=mesos.start_agent)  # it waits for its executors
    starting.start()
    late = status("TASK_FINISHED")
    executor.subscribe(late)
    assert [executor.event()["type"] for _ in range(2)] == ["SUBSCRIBED", "ACKNOWLEDGED"]
    starting.join(PATIENCE)
    assert scheduler.update("t", "TASK_FINISHED")["uuid"] == late["uuid"]


def test_a_user_that_does_not_exist(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    task = executor_task("t", offer := scheduler.offer(), "true")
    task["executor"]["command"]["user"] = "nosuchuser"
    scheduler.launch(offer, task)
    assert scheduler.expect("FAILURE")["failure"]["status"] == -1
    found = scheduler.update("t")
    assert (found["state"], found["reason"]) == ("TASK_LOST", "REASON_EXECUTOR_TERMINATED")
    runs = f"slaves/{mesos.agent_ids[0]}/frameworks/{scheduler.framework_id}/executors/e/runs"
    beginning, _, end = found["message"].partition("'")
    assert beginning == "Failed to create executor directory "
    assert end.startswith(f"{mesos.work_dir}/{runs}/")
    assert end.endswith("': Failed to chown directory to 'nosuchuser': No such user 'nosuchuser'")
    assert not list((mesos.work_dir / runs).iterdir())


def test_completed_executors_of_checkpointing_frameworks_are_remembered(
        local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES, executor_reregistration_timeout=0.2)
    scheduler = Scheduler(mesos.address, checkpoint=True, failover_timeout=60.0)
    scheduler.subscribe()
    for name in ("first", "second"):  # the agent forgets the framework in between, but not what it has had of it
        scheduler.launch(offer := scheduler.offer(), command_task(name, offer, "true"))
        scheduler.update(name, "TASK_FINISHED")
        wait_for(lambda: not get(mesos.agent_addresses[0], "/state")[1]["frameworks"])
    assert completed(mesos) == ["first", "second"]
    mesos.stop_agent()
    mesos.start_agent()
    assert completed(mesos) == ["first", "second"]


def completed(mesos: LocalMesos) -> list[str]:
    [framework] = get(mesos.agent_addresses[0], "/state")[1]["completed_frameworks"]
    return sorted(executor["id"] for executor in framework["completed_executors"])


@pytest.mark.parametrize(("observed", "seconds"),
                         [(0.0, 90.0), (1.0, 89.0), (14.0, 76.0), (15.0, 90.0), (100.0, 80.0)])
def test_when_an_agent_has_left_five_pings_unanswered(observed: float, seconds: float) -> None:
    assert unanswered_pings_end(observed, 15.0, 5) == seconds
