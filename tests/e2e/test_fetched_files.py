"""`command.uris` end to end: files of the node and the web in a container's sandbox, or a clear end."""
from __future__ import annotations

import gzip
import io
import json
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local import LocalMesos
from tests.e2e.leftovers import WAIT, until
from tests.executor.fetching.web import Web, web_server
from tests.images import busybox_image

RUN = [str(Path(sys.executable).parent / "mesos-docker"), "run"]
EXECUTORS = pytest.mark.parametrize("executor", ["custom", "mesos"])
SCRIPT = b"#!/bin/sh\necho ran $0\n"


@pytest.fixture(scope="module")
def mesos() -> Iterator[LocalMesos]:
    with LocalMesos() as running:
        yield running


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with web_server() as web:
        web.files = {"/app.tgz": packed("app.sh"), "/script": SCRIPT, "/q.tgz?x=1": packed("no.sh"),
                     "/x.zip": zipped("zip.sh"), "/one.gz": gzip.compress(b"one")}
        yield web


def packed(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(SCRIPT), 0o755
        archive.addfile(info, io.BytesIO(SCRIPT))
    return buffer.getvalue()


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, 0o100755 << 16
        archive.writestr(info, SCRIPT)
    return buffer.getvalue()


def described(command: str, *uris: dict[str, Any], user: str | None = None) -> str:
    said = {"value": command, "uris": uris} | ({"user": user} if user else {})
    return json.dumps({
        "name": "t", "task_id": {"value": "t"}, "command": said,
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                      {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}}],
        "container": {"type": "DOCKER", "docker": {"image": busybox_image(), "network": "NONE"}}})


def run(mesos: LocalMesos, executor: str, task: str,
        *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, "--master", mesos.address, "--task", "-", "--executor", executor,
                           *options], input=task, capture_output=True, text=True,
                          timeout=2 * WAIT, check=False)


@EXECUTORS
def test_files_of_all_kinds_as_mesos_fetches_them(mesos: LocalMesos, web: Web, executor: str,
                                                  tmp_path: Path) -> None:
    (tmp_path / "local").write_text("of the node")
    done = run(mesos, executor, described(
        "cd $MESOS_SANDBOX; ls; ./app.sh; ./script; ./zip.sh; cat one local d/renamed",
        {"value": web.url("/app.tgz"), "cache": True}, {"value": web.url("/q.tgz?x=1")},
        {"value": web.url("/script"), "executable": True}, {"value": web.url("/x.zip")},
        {"value": web.url("/one.gz")}, {"value": str(tmp_path / "local")},
        {"value": web.url("/app.tgz"), "extract": False, "output_file": "kept.tgz"},
        {"value": f"file://{tmp_path}/local", "output_file": "d/renamed"}), "--logs")
    assert done.returncode == 0, done
    assert done.stdout.split("\n") == [
        "app.sh", "app.tgz", "d", "kept.tgz", "local", "one", "one.gz", "q.tgz?x=1", "script",
        "stderr", "stdout", "x.zip", "zip.sh", "ran ./app.sh", "ran ./script", "ran ./zip.sh",
        "oneof the nodeof the node"]


def test_they_are_the_users_and_the_cache_is_asked_first(mesos: LocalMesos, web: Web) -> None:
    task = described("cd $MESOS_SANDBOX; stat -c '%u %a' . app.sh a a/app.tgz; echo new > a/new"
                     " && echo written",
                     {"value": web.url("/app.tgz"), "cache": True, "output_file": "a/app.tgz"},
                     user="4321:4322")
    asked = len(web.asked)
    for _ in range(2):
        done = run(mesos, "custom", task, "--logs")
        assert done.returncode == 0, done
        assert done.stdout.split("\n")[1:] == ["4321 755", "4321 755", "4321 644", "written", ""]
    assert [status for _, status in web.asked[asked:]] == [200, 304]


@EXECUTORS
def test_one_that_is_missing_is_the_tasks_end(mesos: LocalMesos, web: Web, executor: str) -> None:
    uri = web.url("/missing.tgz")
    done = run(mesos, executor, described("true", {"value": uri}), "--output", "json")
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["state"], last["reason"]) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED")
    if executor == "custom":
        assert last["message"] == (f"Failed to launch container: Failed to fetch '{uri}': "
                                   "received HTTP return code 404")


def test_a_kill_ends_the_fetching(mesos: LocalMesos, web: Web) -> None:
    process = subprocess.Popen([*RUN, "--master", mesos.address, "--task", "-", "--output", "json"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(described("true", {"value": web.url("/stall")}))
    process.stdin.close()
    process.stdin = None
    until(lambda: ("/stall", 200) in web.asked, "the request")
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=WAIT)
    states = [json.loads(line)["state"] for line in said.splitlines()]
    assert states == ["TASK_STARTING", "TASK_KILLING", "TASK_KILLED"]
