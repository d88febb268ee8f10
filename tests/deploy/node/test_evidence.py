"""What agents, work directories and processes say of executors."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from deploy.node.evidence import ask, ended, followed, others, processes, read_state, sees_all
from deploy.node.verdicts import ExecutorId
from scheduler.master.transport import Transport
from specs.network.address import HostPort
from tests.ports import free_port


def test_an_agents_state() -> None:
    state = {"id": "A", "frameworks": [
        {"id": "F", "executors": [{"id": "E"}, {"id": "E2"}], "completed_executors": [{"id": "old"}]},
        {"id": "G", "executors": []}], "completed_frameworks": [{"id": "H", "executors": [{"id": "E"}]}]}
    found = read_state("127.0.0.1:5051", state)
    assert found.id == "A"
    assert found.executors == {("F", "E"), ("F", "E2")}


@pytest.mark.parametrize("state", [None, [], {}, {"id": 7}, {"id": "A"}, {"id": "A", "frameworks": [{"id": "F"}]},
                                   {"id": "M", "slaves": [], "frameworks": []}, {"id": "A", "frameworks": 3}])
def test_what_is_no_agents_state(state: object) -> None:
    with pytest.raises(ValueError, match="no "):
        read_state("127.0.0.1:5051", state)


def test_nobody_answers() -> None:
    asked = ask(HostPort("127.0.0.1", free_port()), Transport())
    assert asked.problem == "Connection refused"
    assert asked.id == ""


def test_who_listens_at_an_agents_port(tmp_path: Path) -> None:
    row = " 0: 0100007F:13BB 00000000:0000 {} 00000000:00000000 00:00000000 00000000 {} 0 1 1 0 100 0 0 10 0"
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text("\n".join(["head", row.format("0A", 0), row.format("01", 7)]))
    assert others(5051, tmp_path) == []
    (tmp_path / "net/tcp6").write_text("\n".join(["head", row.format("0A", 1234), row.format("0A", os.geteuid())]))
    assert others(5051, tmp_path) == [1234]
    assert others(5052, tmp_path) == []


def test_nobody_believes_another_users_agent() -> None:
    """Whoever has a login may listen where an agent is expected while it is away."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            with socket.create_server(("127.0.0.1", 0)) as server:
                os.write(write, b"%d\n" % server.getsockname()[1])
                threading.Event().wait(600)
        finally:
            os._exit(0)
    try:
        with os.fdopen(read) as port:
            asked = ask(HostPort("127.0.0.1", int(port.readline())), Transport())
        assert asked.problem.startswith("user 65534 listens there")
    finally:
        os.close(write)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def runs(work_dir: Path, agent: str, executor: str, *sentinels: bool) -> None:
    for number, sentinel in enumerate(sentinels):
        run = work_dir / f"meta/slaves/{agent}/frameworks/F/executors/{executor}/runs/run{number}"
        run.mkdir(parents=True)
        if sentinel:
            (run / "executor.sentinel").touch()
    latest = work_dir / f"meta/slaves/{agent}/frameworks/F/executors/{executor}/runs/latest"
    latest.symlink_to(f"run{len(sentinels) - 1}")


def test_a_work_directory(tmp_path: Path) -> None:
    runs(tmp_path, "A", "ended", True)
    runs(tmp_path, "A", "twice", True, True)
    runs(tmp_path, "A", "again", True, False)
    runs(tmp_path, "A", "runs", False)
    runs(tmp_path, "B", "ended", True)
    (tmp_path / "meta/slaves/latest").symlink_to(tmp_path / "meta/slaves/B")
    assert followed(tmp_path) == {"A": "B"}
    assert ended(tmp_path) == {ExecutorId("F", "ended", "A"), ExecutorId("F", "twice", "A"),
                               ExecutorId("F", "ended", "B")}


@pytest.mark.parametrize("made", [(), ("meta/slaves",), ("meta/slaves/A",)])
def test_a_work_directory_that_says_nothing(made: tuple[str, ...], tmp_path: Path) -> None:
    for each in made:
        (tmp_path / each).mkdir(parents=True)
    assert followed(tmp_path) == {}
    assert ended(tmp_path) == frozenset()


def test_processes_of_an_executor() -> None:
    ids = {"MESOS_FRAMEWORK_ID": "F-of-test", "MESOS_EXECUTOR_ID": f"E {os.getpid()}", "MESOS_SLAVE_ID": "A"}
    ours = ExecutorId(*ids.values())
    program = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(program, env=ids, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        group = Path(f"/proc/{child.pid}/cgroup").read_text().splitlines()[0]
        assert processes([])[0].get(ours) == child.pid
        assert ours not in processes([group])[0]  # it runs in a container
        child.communicate(b"\n")
    assert ours not in processes([])[0]


@pytest.mark.parametrize(("command", "seen"), [
    ("/usr/bin/python3 -I -m executor", False), ("sh /opt/mesos-docker-executor", False), ("/sbin/init", True),
    (None, True)])
def test_a_process_that_cannot_be_looked_at(command: str | None, *, seen: bool) -> None:
    """By somebody who is not root."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        process = Path(folder, "7")
        process.mkdir()
        (process / "environ").touch(0o600)
        if command is not None:
            (process / "cmdline").write_text(command.replace(" ", "\0"))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.setuid(65534)
                status = 0 if processes([], Path(folder)) == ({}, seen) else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_whether_all_processes_are_seen(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7/cgroup").write_text("0::/docker/abc\n")
    assert sees_all({}, tmp_path)
    assert sees_all({"abc": 7}, tmp_path)
    assert sees_all({"abc": 7, "def": 8}, tmp_path)  # which has ended
    assert not sees_all({"def": 7}, tmp_path)
