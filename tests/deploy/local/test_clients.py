"""Other clients work unchanged: raw protobuf, curl, and pymesos's own two drivers."""
from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from deploy.local.pytest_plugin import StartMesos
from specs.forms import Json
from specs.forms.recordio import RecordDecoder, encode_record
from specs.forms.wire import decode, encode
from tests.deploy.local.client import PATIENCE, command_task

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"
PROTOBUF = {"Content-Type": "application/x-protobuf", "Accept": "application/x-protobuf"}

PYMESOS = '''
import logging, sys, threading
logging.disable(logging.CRITICAL)
from pymesos import MesosExecutorDriver, MesosSchedulerDriver, Executor, Scheduler, encode_data, decode_data
from addict import Dict

class Runs(Executor):
    def launchTask(self, driver, task):
        def run():
            for state in ("TASK_RUNNING", "TASK_FINISHED"):
                update = Dict()
                update.task_id.value, update.state = task.task_id.value, state
                update.message = decode_data(task.data).decode() + " in pymesos"
                driver.sendStatusUpdate(update)
        threading.Thread(target=run).start()

class Launches(Scheduler):
    def __init__(self, executor):
        self.executor, self.states, self.launched = executor, [], False

    def resourceOffers(self, driver, offers):
        for offer in offers:
            if self.launched:
                driver.declineOffer(offer.id)
                continue
            self.launched = True
            task = Dict(name="t", data=encode_data(b"ran"))
            task.task_id.value, task.agent_id.value = "t", offer.agent_id.value
            task.executor = self.executor
            task.resources = [dict(name="cpus", type="SCALAR", scalar={"value": 0.1}),
                              dict(name="mem", type="SCALAR", scalar={"value": 32})]
            driver.launchTasks(offer.id, [task])

    def statusUpdate(self, driver, update):
        print(update.state, update.message, flush=True)
        if update.state == "TASK_FINISHED":
            driver.stop()

if len(sys.argv) == 1:
    MesosExecutorDriver(Runs(), use_addict=True).run()
else:
    executor = Dict(type="CUSTOM", resources=[])
    executor.executor_id.value = "pymesos"
    executor.command.value = f"{sys.executable} {sys.argv[0]}"
    framework = Dict(user="root", name="pymesos", roles=["*"], capabilities=[{"type": "MULTI_ROLE"}])
    MesosSchedulerDriver(Launches(executor), framework, sys.argv[1], use_addict=True).run()
'''


def test_the_drivers_of_pymesos(local_mesos: StartMesos, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PYMESOS)
    mesos = local_mesos(resources=RESOURCES)
    done = subprocess.run([sys.executable, program, mesos.address], capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.stdout.splitlines() == ["TASK_RUNNING ran in pymesos",
                                        "TASK_FINISHED ran in pymesos"], done.stderr


class ProtobufStream:
    """A subscription in protobuf."""

    def __init__(self, address: str, path: str, call: str, event: str, body: Json) -> None:
        self._event = event
        self._connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        self._connection.request("POST", path, body=encode(call, body), headers=PROTOBUF)
        self.response = self._connection.getresponse()
        assert self.response.status == 200, self.response.read()
        assert self.response.getheader("Content-Type") == "application/x-protobuf"
        self._decoder = RecordDecoder()
        self._ready: list[Json] = []

    def expect(self, kind: str) -> Json:
        while True:
            while not self._ready:
                records = self._decoder.feed(self.response.read1(65536))
                self._ready += [decode(self._event, record) for record in records]
            event = self._ready.pop(0)
            if event["type"] == kind:
                return event

    def close(self) -> None:
        self.response.close()
        self._connection.close()


def protobuf_call(address: str, path: str, name: str, call: Json,
                  **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("POST", path, body=encode(name, call), headers={**PROTOBUF, **headers})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_protobuf_on_both_apis(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    info = {"user": "root", "name": "protobuf", "roles": ["*"],
            "capabilities": [{"type": "MULTI_ROLE"}]}
    stream = ProtobufStream(mesos.address, "/api/v1/scheduler", "mesos.v1.scheduler.Call",
                            "mesos.v1.scheduler.Event",
                            {"type": "SUBSCRIBE", "subscribe": {"framework_info": info}})
    framework_id = stream.expect("SUBSCRIBED")["subscribed"]["framework_id"]
    offer = stream.expect("OFFERS")["offers"]["offers"][0]
    task = command_task("t", offer, "unused")
    del task["command"]
    task["executor"] = {"type": "CUSTOM", "executor_id": {"value": "e"},
                        "command": {"value": "exec sleep 600"}}
    accept = {"type": "ACCEPT", "framework_id": framework_id, "accept": {
        "offer_ids": [offer["id"]], "operations": [{"type": "LAUNCH",
                                                    "launch": {"task_infos": [task]}}]}}
    stream_id = stream.response.getheader("Mesos-Stream-Id", "")
    status, body = protobuf_call(mesos.address, "/api/v1/scheduler", "mesos.v1.scheduler.Call",
                                 accept, **{"Mesos-Stream-Id": stream_id})
    assert (status, body) == (202, b"")
    ids = {"framework_id": framework_id, "executor_id": {"value": "e"}}
    agent = mesos.agent_addresses[0]
    executor = subscribed_executor(agent, ids)
    assert executor.expect("LAUNCH")["launch"]["task"]["task_id"] == {"value": "t"}
    update = {"task_id": {"value": "t"}, "state": "TASK_FINISHED", "source": "SOURCE_EXECUTOR",
              "uuid": "AAAAAAAAQACAAAAAAAAAAA=="}
    status, body = protobuf_call(agent, "/api/v1/executor", "mesos.v1.executor.Call",
                                 {**ids, "type": "UPDATE", "update": {"status": update}})
    assert (status, body) == (202, b"")
    assert executor.expect("ACKNOWLEDGED")["acknowledged"]["uuid"] == update["uuid"]
    assert stream.expect("UPDATE")["update"]["status"]["state"] == "TASK_FINISHED"
    executor.close()
    stream.close()


def subscribed_executor(agent: str, ids: Json) -> ProtobufStream:
    """Subscribe as the executor as soon as the agent knows of it."""
    deadline = threading.Event()
    for _ in range(600):
        try:
            return ProtobufStream(agent, "/slave(1)/api/v1/executor", "mesos.v1.executor.Call",
                                  "mesos.v1.executor.Event",
                                  {**ids, "type": "SUBSCRIBE", "subscribe": {}})
        except AssertionError:
            deadline.wait(0.05)
    raise AssertionError("the agent does not know the executor")


def test_a_session_with_curl(local_mesos: StartMesos) -> None:
    """As the README shows it."""
    address = local_mesos(resources=RESOURCES).address
    call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "curl"}}}
    with subprocess.Popen(["curl", "-sS", "-N", "-i", "--max-time", "30", "-H", "Content-Type: application/json",
                           "-d", json.dumps(call), f"http://{address}/api/v1/scheduler"],
                          stdout=subprocess.PIPE) as curl:
        assert curl.stdout is not None
        said = b""
        while b'"OFFERS"' not in said and (piece := os.read(curl.stdout.fileno(), 65536)):
            said += piece
        curl.terminate()
        said += curl.stdout.read()
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"Mesos-Stream-Id: " in head
    events = [json.loads(record) for record in RecordDecoder().feed(body)]
    assert [event["type"] for event in events[:3]] == ["SUBSCRIBED", "HEARTBEAT", "OFFERS"]


@pytest.mark.parametrize("path", ["/api/v1/scheduler", "/master/api/v1/scheduler",
                                  "/api/v1/scheduler/"])
def test_records_are_framed_alike_everywhere(local_mesos: StartMesos, path: str) -> None:
    address = local_mesos(agents=0).address
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    call: dict[str, Any] = {"type": "SUBSCRIBE",
                            "subscribe": {"framework_info": {"user": "root", "name": "x"}}}
    connection.request("POST", path, body=json.dumps(call),
                       headers={"Content-Type": "application/json"})
    response = connection.getresponse()
    length = int(response.readline())
    record = response.read(length)
    assert encode_record(record) == b"%d\n" % length + record
    assert json.loads(record)["type"] == "SUBSCRIBED"
    response.close()
    connection.close()
