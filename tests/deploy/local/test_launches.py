"""Sandboxes, fetching, command tasks, and the command line."""
from __future__ import annotations

import http.server
import re
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import LocalMesos
from deploy.local.pytest_plugin import StartMesos
from specs.errors import SpecError
from specs.forms import Json
from tests.deploy.local.client import Scheduler, command_task, get, wait_for

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """An HTTP server of a folder with an archive, a script and a text; its URL."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "text").write_text("from the web")
    (folder / "script").write_text("#!/bin/sh\necho ran")
    (folder / "inside").write_text("from the archive")
    with tarfile.open(folder / "archive.tar.gz", "w:gz") as archive:
        archive.add(folder / "inside", "inside")
    (folder / "script").chmod(0o755)
    with zipfile.ZipFile(folder / "x.zip", "w") as zipped:
        zipped.write(folder / "script", "bin/run")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is Python's
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(mesos: LocalMesos, command: str, **more: object) -> tuple[Json, str]:
    """The last status of a command task, and its stdout."""
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    offer = scheduler.offer()
    task = command_task("t", offer, command)
    task["command"].update(more)
    scheduler.launch(offer, task)
    status: Json = {"state": ""}
    while status["state"] not in {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_LOST"}:
        status = scheduler.update("t")
    executors = f"slaves/*/frameworks/{scheduler.framework_id}/executors"
    [stdout] = mesos.work_dir.glob(f"{executors}/t/runs/latest/stdout")
    scheduler.call("TEARDOWN")
    return status, stdout.read_text()


def test_uris_are_fetched(local_mesos: StartMesos, web: str, tmp_path: Path) -> None:
    uris = [{"value": f"{web}/archive.tar.gz"}, {"value": f"{web}/script", "executable": True},
            {"value": f"{web}/text", "output_file": "sub/renamed"},
            {"value": f"{web}/archive.tar.gz", "extract": False, "output_file": "kept.tar.gz"},
            {"value": str(tmp_path / "web" / "text")},
            {"value": f"file://{tmp_path}/web/inside", "output_file": "local"}]
    status, stdout = run(local_mesos(resources=RESOURCES),
                         "cat inside sub/renamed text local; ./script; ls", uris=uris)
    assert status["state"] == "TASK_FINISHED", status
    assert stdout.splitlines() == [
        "from the archivefrom the webfrom the webfrom the archiveran", "archive.tar.gz", "inside",
        "kept.tar.gz", "local", "script", "stderr", "stdout", "sub", "text"]


def test_a_query_stays_in_the_name_and_a_zip_keeps_its_modes(local_mesos: StartMesos, web: str,
                                                             tmp_path: Path) -> None:
    uris = [{"value": f"{web}/archive.tar.gz?x=1"},
            {"value": f"{tmp_path}/web/x.zip", "output_file": "d/x.zip"}]
    status, stdout = run(local_mesos(resources=RESOURCES), "bin/run; ls; ls d", uris=uris)
    assert status["state"] == "TASK_FINISHED", status
    assert stdout.splitlines() == ["ran", "archive.tar.gz?x=1", "bin", "d", "stderr", "stdout",
                                   "x.zip"]


@pytest.mark.parametrize("uri", [
    {"value": "{web}/no-such-file"}, {"value": "relative/path"},
    {"value": "{web}/text", "output_file": "../outside"},
    {"value": "http://127.0.0.1:1/refused"}, {"value": "{web}/"}, {"value": "/dev/zero"},
])
def test_a_fetch_that_fails_ends_the_task(local_mesos: StartMesos, web: str, uri: Json) -> None:
    uri = {name: value.format(web=web) for name, value in uri.items()}
    status, _ = run(local_mesos(resources=RESOURCES), "true", uris=[uri])
    assert (status["state"], status["reason"]) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED")
    assert re.fullmatch(
        r"Failed to launch container: Failed to fetch all URIs for container '[0-9a-f-]{36}': exited"
                        r" with status 1", status["message"])


def test_a_fetch_that_never_ends_is_given_up(local_mesos: StartMesos) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uris = [{"value": f"http://127.0.0.1:{silent.getsockname()[1]}/never"}]
        status, _ = run(local_mesos(resources=RESOURCES, executor_registration_timeout=0.5), "true", uris=uris)
    assert (status["reason"], status["message"]) == (
        "REASON_CONTAINER_LAUNCH_FAILED",
        "Failed to launch container: Container is being destroyed during fetching")


def test_what_no_process_can_be_started_with_ends_the_task(local_mesos: StartMesos) -> None:
    """Nobody has thought of it, but nobody waits for ever."""
    variables = [{"name": "A", "value": "b\0c"}]
    status, _ = run(local_mesos(resources=RESOURCES), "true", environment={"variables": variables})
    assert (status["state"], status["reason"]) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED"), status
    assert "embedded null byte" in status["message"]


def test_the_environment_of_a_command(local_mesos: StartMesos) -> None:
    _, stdout = run(local_mesos(resources=RESOURCES), "env | sort | cut -d= -f1; pwd; echo $A",
                    environment={"variables": [{"name": "A", "value": "b c"}]})
    names = [line for line in stdout.splitlines() if line.startswith(("MESOS_", "LIBPROCESS_"))]
    assert names == [
        "LIBPROCESS_IP", "LIBPROCESS_PORT", "MESOS_AGENT_ENDPOINT", "MESOS_CHECKPOINT",
        "MESOS_DIRECTORY",
        "MESOS_EXECUTOR_ID", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "MESOS_FRAMEWORK_ID",
        "MESOS_HTTP_COMMAND_EXECUTOR", "MESOS_SANDBOX", "MESOS_SLAVE_ID", "MESOS_SLAVE_PID"]
    assert stdout.splitlines()[-1] == "b c"


def test_settings_that_cannot_be_read() -> None:
    with pytest.raises(SpecError, match="Bad value for resources"):
        LocalMesos(resources="cpus")
    with pytest.raises(TypeError, match="no_such_flag"):
        LocalMesos(no_such_flag=1)


@pytest.fixture
def command(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`mesos-docker local` with a task that does not want to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from deploy.cli.main import main; main()", "local", "--port=0",
         "--agents=2", f"--work-dir={tmp_path}", "--executor_shutdown_grace_period=1secs"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_behind(command: subprocess.Popen[str], tmp_path: Path,
                                      number: signal.Signals) -> None:
    assert command.stdout is not None
    first = command.stdout.readline()
    match = re.fullmatch(
        r"Mesos master at (127\.0\.0\.1:\d+), agents: 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+\n", first)
    assert match, first
    assert "for development and tests" in command.stdout.readline() + command.stdout.readline()
    scheduler = Scheduler(match.group(1))
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer, "trap '' TERM; sleep 600 & sleep 601"))
    scheduler.update("t", "TASK_RUNNING")
    command.send_signal(number)
    _, errors = command.communicate(timeout=60)
    assert command.returncode == 0
    warning, ending = errors.splitlines()
    assert warning.startswith("warning: it asks nobody who they are")
    assert ending == "Ending all executors ..."
    processes = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True,
                               text=True).stdout
    assert str(tmp_path) not in processes
    assert "sleep 601" not in processes


def test_a_port_that_is_taken_is_said(local_mesos: StartMesos) -> None:
    port = local_mesos(agents=0).address.rpartition(":")[2]
    done = subprocess.run([sys.executable, "-c", "from deploy.cli.main import main; main()",
                           "local", f"--port={port}"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert done.stderr == f"error: cannot listen: 127.0.0.1:{port} is taken\n"


def test_a_framework_without_multi_role_sees_no_allocations(local_mesos: StartMesos) -> None:
    scheduler = Scheduler(local_mesos(resources=RESOURCES).address, roles=[], capabilities=[])
    scheduler.subscribe()
    offer = scheduler.offer()
    assert "allocation_info" not in offer
    assert {(item["role"], "allocation_info" in item)
            for item in offer["resources"]} == {("*", False)}
    scheduler.launch(offer, command_task("t", offer, "true"))
    assert scheduler.update("t", "TASK_FINISHED")["message"] == "Command exited with status 0"


@pytest.mark.parametrize("operation", [
    {"type": "LAUNCH"}, {"type": "LAUNCH_GROUP"}, {},
    {"type": "RESERVE", "reserve": {"resources": []}},
    {"type": "LAUNCH_GROUP", "launch_group": {"executor": {"executor_id": {"value": "e"}},
                                              "task_group": {}}},
])
def test_operations_without_content_change_nothing(local_mesos: StartMesos,
                                                   operation: Json) -> None:
    scheduler = Scheduler(local_mesos(resources=RESOURCES).address)
    scheduler.subscribe()
    offer = scheduler.offer()
    assert scheduler.call("ACCEPT", offer_ids=[offer["id"]], operations=[operation],
                          filters={"refuse_seconds": 0})[0] == 202
    again = scheduler.offer(cpus=4)
    assert again["resources"] == offer["resources"]


def test_tasks_on_several_agents_with_roles(local_mesos: StartMesos) -> None:
    mesos = local_mesos(agents=3, resources="cpus:1;mem:512;ports:[31000-31009]", roles=["web"])
    refused = Scheduler(mesos.address, roles=["other"])
    with pytest.raises(AssertionError, match="are not present in the master's --roles"):
        refused.subscribe()
    scheduler = Scheduler(mesos.address, roles=["web"])
    scheduler.subscribe()
    for agent_id in mesos.agent_ids:
        offer = scheduler.offer(agent_id)
        assert offer["allocation_info"] == {"role": "web"}
        scheduler.launch(offer, command_task(agent_id[-2:], offer, "exec sleep 600"))
    for agent_id in mesos.agent_ids:
        assert scheduler.update(agent_id[-2:], "TASK_RUNNING")["agent_id"] == {"value": agent_id}
    wait_for(lambda: len(get(mesos.address, "/tasks")[1]["tasks"]) == 3)


def test_a_kill_grace_beyond_an_int64_is_negative_to_a_master(local_mesos: StartMesos) -> None:
    scheduler = Scheduler(local_mesos(resources=RESOURCES).address)
    scheduler.subscribe()
    offer = scheduler.offer()
    task = command_task("t", offer, "true")
    task["kill_policy"] = {"grace_period": {"nanoseconds": 1 << 63}}
    scheduler.launch(offer, task)
    status = scheduler.update("t")
    assert (status["state"], status["message"]) == (
        "TASK_ERROR", "Task's 'kill_policy.grace_period' must be non-negative")
    scheduler.call("TEARDOWN")
