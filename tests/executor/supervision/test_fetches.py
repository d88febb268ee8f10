"""Files that a task wants: in its sandbox before its container is made, or the task's end."""
from __future__ import annotations

import base64
import io
import json
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from executor.settings.settings import FetchSettings
from specs.messages.status import TaskState
from tests.executor.fetching.web import web_server
from tests.executor.program.running import Running, running, task
from tests.fakes.runtime import FakeRuntime

STARTING, RUNNING, FINISHED = TaskState.STARTING, TaskState.RUNNING, TaskState.FINISHED
FAILED, KILLING, KILLED = TaskState.FAILED, TaskState.KILLING, TaskState.KILLED


def launch(run: Running, task_id: str, *uris: str | dict[str, Any], user: str | None = None,
           **fields: Any) -> None:
    wanted = [{"value": uri} if isinstance(uri, str) else uri for uri in uris]
    command: dict[str, Any] = {"value": "true", "uris": wanted}
    if user is not None:
        command["user"] = user
    run.supervisor.launch({**task(task_id, None, **fields), "command": command})


def archive(path: Path, **files: bytes) -> str:
    """A .tar.gz with these files; two underscores are a slash. -> its URI"""
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name.replace("__", "/").replace("dot_", "."))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return f"file://{path}"


def until(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_files_are_there_before_the_container_is(tmp_path: Path) -> None:
    (tmp_path / "greeting").write_text("hello\n")
    runtime = FakeRuntime()
    held = runtime.hold("create")
    with running(tmp_path, runtime) as run, web_server() as web:
        web.files["/app.sh"] = b"#!/bin/sh\n"
        launch(run, "a", f"file://{tmp_path}/greeting",
               {"value": web.url("/app.sh"), "executable": True})
        until(lambda: "create" in [verb for verb, _ in runtime.calls])
        sandbox = tmp_path / "tasks/a"
        assert (sandbox / "greeting").read_text() == "hello\n"
        assert (sandbox / "app.sh").stat().st_mode & 0o777 == 0o755
        held.set()
        assert run.ended("a").state is FINISHED
        assert run.agent.states("a") == [STARTING, RUNNING, FINISHED]


def test_a_missing_file_is_the_tasks_end_and_named(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        launch(run, "a", f"file://{tmp_path}/none")
        status = run.ended("a")
        assert run.agent.states("a") == [STARTING, FAILED]
        assert status.reason == "REASON_CONTAINER_LAUNCH_FAILED"
        assert status.message == (
            f"Failed to launch container: Failed to fetch 'file://{tmp_path}/none': "
                                  "No such file or directory")
        assert "create" not in [verb for verb, _ in run.runtime.calls]


def test_a_server_that_is_away_is_not_the_tasks_fault(tmp_path: Path) -> None:
    with web_server() as web:
        uri = web.url("/file")
    with running(tmp_path) as run:
        launch(run, "a", uri)
        message = run.ended("a").message or ""
        assert message.startswith(f"Failed to launch container: Failed to fetch '{uri}': ")
        assert message.endswith("not the task's fault, another attempt may succeed")


def test_a_kill_ends_the_fetching(tmp_path: Path) -> None:
    with running(tmp_path) as run, web_server() as web:
        launch(run, "a", web.url("/stall"))
        until(lambda: ("/stall", 200) in web.asked)
        run.supervisor.kill("a", None)
        assert run.ended("a").reason == "REASON_TASK_KILLED_DURING_LAUNCH"
        assert run.agent.states("a") == [STARTING, KILLING, KILLED]
        assert "create" not in [verb for verb, _ in run.runtime.calls]


@pytest.mark.parametrize("name", ["dot_docker__config.json", "dot_dockercfg"])
def test_a_pull_uses_the_credentials_that_were_fetched(tmp_path: Path, name: str) -> None:
    logins = {"registry.test": {"auth": base64.b64encode(b"joe:s3cret").decode()}}
    text = json.dumps({"auths": logins} if "config" in name else logins).encode()
    runtime = FakeRuntime(images=(), registry={"registry.test/app:1": 1})
    with running(tmp_path, runtime) as run:
        launch(run, "a", archive(tmp_path / "docker.tar.gz", **{name: text}),
               image="registry.test/app:1")
        assert run.ended("a").state is FINISHED
        (login,) = runtime.images.registry.logins
        assert json.loads(base64.urlsafe_b64decode(login or ""))["username"] == "joe"


def test_a_fetched_file_may_be_what_is_mounted(tmp_path: Path) -> None:
    volumes = [{"container_path": "/etc/app.conf", "host_path": "conf/app.conf", "mode": "RO"},
               {"container_path": "/data", "host_path": "data", "mode": "RW"}]
    with running(tmp_path) as run:
        launch(run, "a", archive(tmp_path / "conf.tgz", conf__app=b"",
                                 **{"conf__app.conf": b"x = 1\n"}),
               container={"volumes": volumes})
        assert run.ended("a").state is FINISHED
        assert (tmp_path / "tasks/a/conf/app.conf").read_text() == "x = 1\n"
        assert (tmp_path / "tasks/a/data").is_dir()


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user can look into, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_they_are_fetched_as_the_tasks_user_and_belong_to_it(tmp_path: Path, public: Path) -> None:
    (public / "open").write_text("x")
    (public / "closed").write_text("x")
    (public / "closed").chmod(0o600)
    with running(tmp_path) as run:
        launch(run, "a", f"file://{public}/open", archive(public / "all.tgz", dir__file=b"x"),
               user="4321:4322")
        assert run.ended("a").state is FINISHED
        for name in ("", "open", "dir", "dir/file", "stdout"):
            path = tmp_path / "tasks/a" / name
            assert (path.stat().st_uid, path.stat().st_gid) == (4321, 4322), name
        launch(run, "b", f"file://{public}/closed", user="4321:4322")
        assert (run.ended("b").message or "").endswith("/closed': Permission denied")


def test_what_a_task_may_fetch_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(2000))
    with running(tmp_path, fetch=FetchSettings(max_bytes=1000)) as run:
        launch(run, "a", f"file://{tmp_path}/large")
        status = run.ended("a")
        assert status.state is FAILED
        assert (status.message or "").endswith(
            "it is more than the 1000B that a task may fetch and unpack")


def test_an_agents_fetcher_is_not_doubled(tmp_path: Path) -> None:
    with running(tmp_path, container="mesos-a") as run:
        launch(run, "a", f"file://{tmp_path}/none")
        assert run.ended("a").state is FINISHED
