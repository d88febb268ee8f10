"""`mesos-docker run` as a command, against a scripted cluster: what it launches, shows, refuses, and ends with."""
from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cluster import FakeCluster, runs
from tests.fakes.master import ScriptedMaster, offer
from tests.patience import SLOW

WAIT = 60.0 * SLOW
COMMAND = [str(Path(sys.executable).parent / "mesos-docker"), "run"]


def run(*arguments: str, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, text=True, timeout=WAIT,
                          check=False, env={**os.environ, **environment})


def on(cluster: FakeCluster, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return run("--master", cluster.address, *arguments, stdin=stdin)


def ends(*ends: tuple[str, str | None]) -> Callable[[dict[str, Any]], Sequence[tuple[str, str | None]]]:
    return lambda _task: (("TASK_STARTING", None), ("TASK_RUNNING", None), *ends)


def test_lines_for_people_and_the_containers_exit_status() -> None:
    with FakeCluster(ends(("TASK_FAILED", "Container exited with status 7"))) as cluster:
        done = on(cluster, "--image", "busybox", "--name", "t", "--", "sh", "-c", "exit 7")
    assert done.returncode == 7, done
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["t", "launching"], ["t", "TASK_STARTING"], ["t", "TASK_RUNNING"], ["t", "TASK_FAILED"]]
    assert "Container exited with status 7" in done.stdout
    assert cluster.calls.count("ACKNOWLEDGE") == 3
    assert cluster.calls[-1] == "TEARDOWN"


def test_json_is_one_status_per_line_and_nothing_else() -> None:
    with FakeCluster() as cluster:
        done = on(cluster, "--image", "busybox", "--name", "t", "--output", "json")
    statuses = [json.loads(line) for line in done.stdout.splitlines()]
    assert [status["state"] for status in statuses] == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]
    assert all(status["task_id"] == {"value": "t"} and status["uuid"] for status in statuses)
    assert done.returncode == 0


def test_our_executor_gets_the_command_in_data() -> None:
    import base64
    with FakeCluster() as cluster:
        on(cluster, "--image", "busybox", "--name", "t", "--instances", "2", "--", "echo", "hi")
    one, two = cluster.launched
    assert [task["task_id"]["value"] for task in (one, two)] == ["t-1", "t-2"]
    assert json.loads(base64.b64decode(one["data"])) == {
        "command": {"shell": False, "value": "echo", "arguments": ["hi"]}}
    assert one["executor"] == two["executor"]
    assert one["executor"]["type"] == "CUSTOM"
    assert one["executor"]["command"]["value"].startswith(str(Path(sys.executable).parent / "mesos-docker-executor"))
    assert one["container"] == {"type": "DOCKER", "docker": {"image": "busybox", "network": "HOST"}}
    assert "command" not in one


def test_an_executor_to_fetch() -> None:
    with FakeCluster() as cluster:
        on(cluster, "--image", "busybox", "--executor-command", "./executor.pyz", "--executor-uri", "http://x/executor.pyz",
           "--executor-uri", "http://x/more.tar.gz")
    command = cluster.launched[0]["executor"]["command"]
    assert command["value"] == "./executor.pyz"
    assert [(uri["value"], uri["executable"], uri["extract"]) for uri in command["uris"]] == [
        ("http://x/executor.pyz", True, False), ("http://x/more.tar.gz", False, True)]


def test_plain_tasks_for_the_clusters_own_executor() -> None:
    with FakeCluster() as cluster:
        on(cluster, "--executor", "mesos", "--image", "busybox", "--", "echo", "hi")
    task, = cluster.launched
    assert task["command"] == {"shell": False, "value": "echo", "arguments": ["hi"]}
    assert not {"executor", "data"} & task.keys()


def test_ports_out_of_the_offer_and_constraints() -> None:
    offers = [offer(0, ports=((8080, 8080), (31000, 31005)), attributes={"rack": "r1"}), offer(1)]
    with FakeCluster(offers=offers) as cluster:
        done = on(cluster, "--image", "busybox", "-p", "8080:80", "-p", "443/tcp", "--constraint", "rack=r1")
    task, = cluster.launched
    assert task["agent_id"] == {"value": "S0"}
    assert task["container"]["docker"]["port_mappings"] == [
        {"host_port": 8080, "container_port": 80}, {"host_port": 31000, "container_port": 443, "protocol": "tcp"}]
    taken = [each["begin"] for resource in task["resources"] if resource["name"] == "ports"
             for each in resource["ranges"]["range"]]
    assert sorted(taken) == [8080, 31000]
    assert "8080→80, 31000→443/tcp" in done.stdout


TASK: dict[str, Any] = {
    "name": "job", "task_id": {"value": "job"}, "command": {"shell": False, "value": "true"},
    "container": {"type": "DOCKER", "docker": {"image": "busybox", "network": "HOST"}},
    "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                  {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}}],
}


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_a_task_from_a_file(tmp_path: Path, way: str) -> None:
    file = tmp_path / "task.json"
    file.write_text(json.dumps({**TASK, "labels": {"labels": [{"key": "a", "value": "b"}]}}))
    with FakeCluster() as cluster:
        done = on(cluster, "--task", str(file) if way == "file" else "-", stdin=file.read_text())
    assert done.returncode == 0, done
    task, = cluster.launched
    assert task["labels"] == {"labels": [{"key": "a", "value": "b"}]}
    assert task["task_id"] == {"value": "job"}


def test_kill_after() -> None:
    with FakeCluster(runs) as cluster:
        done = on(cluster, "--image", "busybox", "--name", "t", "--kill-after", "50ms")
    assert done.returncode == 137
    assert cluster.killed == ["t"]


def start(cluster: FakeCluster, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, "--master", cluster.address, "--image", "busybox", *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_kills_the_tasks_and_waits_for_their_ends(number: signal.Signals) -> None:
    with FakeCluster(runs) as cluster:
        process = start(cluster, "--instances", "2", "--name", "t")
        assert cluster.running.wait(WAIT)
        process.send_signal(number)
        output, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 137
    assert sorted(cluster.killed) == ["t-1", "t-2"]
    assert output.count("TASK_KILLED") == 2
    assert "Ctrl-C again" in errors
    assert "Traceback" not in errors


class Deaf(FakeCluster):
    """Never answers a KILL."""

    process: subprocess.Popen[str]

    def __enter__(self) -> Deaf:
        super().__enter__()
        return self

    def _answer(self, call: dict[str, Any], subscription: Any) -> None:
        if call["type"] == "KILL":
            self.killed.append(call["kill"]["task_id"]["value"])
            os.kill(self.process.pid, signal.SIGINT)  # the second Ctrl-C
        else:
            super()._answer(call, subscription)


def test_a_connection_that_breaks_does_not_end_the_tasks() -> None:
    with FakeCluster(runs) as cluster:
        process = start(cluster, "--image", "busybox", "--name", "t")
        assert cluster.running.wait(WAIT)
        cluster.break_connection()
        assert process.stderr is not None
        news = [process.stderr.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT)
    told = [line.split("(")[0].strip() for line in news[1:]]
    assert told == ["lost the master", f"connected to {cluster.address} again"]
    first, second = cluster.frameworks
    assert first["failover_timeout"] == 30.0  # or a master would kill them at once
    assert second == {**first, "id": {"value": "F1"}}
    assert len(cluster.launched) == 1
    assert cluster.calls[-1] == "TEARDOWN"


def test_a_second_ctrl_c_ends_everything_at_once() -> None:
    with Deaf(runs) as cluster:
        cluster.process = start(cluster)
        assert cluster.running.wait(WAIT)
        cluster.process.send_signal(signal.SIGINT)
        _, errors = cluster.process.communicate(timeout=WAIT)
        assert cluster.process.returncode == 130
    assert errors.splitlines()[-1] == "the end of 1 task was not seen; the cluster ends what still runs"
    assert cluster.calls[-1] == "TEARDOWN"
    assert "Traceback" not in errors


def test_given_up_while_no_master_is_there() -> None:
    with FakeCluster(runs) as cluster:
        process = start(cluster, "--name", "t")
        assert cluster.running.wait(WAIT)
    assert process.stderr is not None
    while "lost the master" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    while "ending 1 task" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == ("the end of 1 task was not seen; no master was there to be told of it: "
                                       "framework F1 may still run")


def misspelt(path: str, name: str) -> dict[str, Any]:
    """TASK with the field at this dotted path called otherwise."""
    task: dict[str, Any] = json.loads(json.dumps(TASK))
    holder = task
    *way, last = path.split(".")
    for step in way:
        holder = holder[step]
    holder[name] = holder.pop(last)
    return task


def changed(path: str, value: Any) -> dict[str, Any]:
    """TASK with this value at this dotted path; None: without the field."""
    task: dict[str, Any] = json.loads(json.dumps(TASK))
    holder = task
    *way, last = path.split(".")
    for step in way:
        holder = holder[step]
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return task


@pytest.mark.parametrize(("text", "parts"), [
    ("", ("is not JSON", "line 1 column 1")),
    ("{", ("is not JSON",)),
    ("[]", ("must be an object",)),
    (json.dumps(misspelt("container.docker", "dokcer")), ("container.dokcer", 'did you mean "docker"')),
    (json.dumps(misspelt("container.docker.image", "imgae")), ("container.docker.imgae", 'did you mean "image"')),
    (json.dumps(changed("name", None)), ("name",)),
    (json.dumps(changed("task_id", None)), ("task_id",)),
    (json.dumps(changed("container.docker.image", None)), ("container.docker.image",)),
    (json.dumps(changed("container.docker", None)), ("DockerInfo 'docker' is not set for DOCKER typed ContainerInfo",)),
    (json.dumps(changed("container.docker.image", 5)), ("container.docker.image", "must be a text", "the number 5")),
    (json.dumps(changed("container.docker.network", "BRIGDE")), ("container.docker.network", "BRIDGE")),
    (json.dumps(changed("resources", [])), ("Task uses no resources",)),
    (json.dumps(changed("resources", [{"name": "cpus", "type": "SCALAR", "scalar": {"value": "many"}}])),
     ("resources[0].scalar",)),
    (json.dumps(changed("command", None)), ("at least one (but not both) of CommandInfo or ExecutorInfo",)),
    (json.dumps(changed("task_id", {"value": "a/b"})), ("task_id", "a/b")),
    (json.dumps(changed("kill_policy", {"grace_period": {"nanoseconds": -1}})),
     ("kill_policy.grace_period", "negative")),
    (json.dumps(changed("container.volumes", [{"mode": "RW", "container_path": "a", "host_path": "b"}])),
     ("Both host_path 'b' and container_path 'a' of a volume are relative",)),
    (json.dumps(changed("container.docker.parameters", [{"key": "memmory", "value": "5"}])),
     ("unknown flag: --memmory",)),
    (json.dumps(changed("container.docker.port_mappings", [{"host_port": 80, "container_port": 80}])),
     ("Port mappings are only supported for bridge and user-defined networks",)),
])
def test_a_task_that_is_refused(text: str, parts: tuple[str, ...]) -> None:
    with FakeCluster() as cluster:
        done = on(cluster, "--task", "-", stdin=text)
    assert done.returncode == 2, done
    assert all(part in done.stderr for part in parts), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert not cluster.calls
    assert cluster.master.subscriptions.empty()


@pytest.mark.parametrize(("arguments", "part"), [
    ((), "--image"),
    (("--image", ""), "--image"),
    (("--image", "busybox", "-p", "99999:80"), "99999 is not a port"),
    (("--image", "busybox", "-p", "80:80", "--network", "host"), "network host"),
    (("--image", "busybox", "-v", "/a"), "is not HOST:CONTAINER"),
    (("--image", "busybox", "--cpus", "many"), "--cpus"),
    (("--image", "busybox", "--mem", "-5"), "--mem"),
    (("--image", "busybox", "--mem", "inf"), "Invalid value for '--mem': inf is not an amount"),
    (("--image", "busybox", "--cpus", "nan"), "Invalid value for '--cpus': nan is not an amount"),
    (("--image", "busybox", "--name", "a/b"), "a/b"),
    (("--image", "busybox", "--kill-after", "soon"), "'soon' is not a duration, as 30secs, 1.5mins or 5m"),
    (("--image", "busybox", "ls", "-la", "/"), "Options of COMMAND stand behind --"),
    (("--image", "busybox", "--rm"), "Containers are removed after their end"),
    (("--image", "busybox", "-it"), "A task has no terminal"),
    (("--image", "busybox", "-d"), "mesos-docker serve"),
    (("--image", "busybox", "--mem", "64q"), "'64q' is not an amount of memory, as 64, 64m or 1g"),
    (("--image", "busybox", "--mem", "1.2.3"), "'1.2.3' is not an amount of memory"),
    (("--image", "busybox", "--output", "xml"), "--output"),
    (("--image", "busybox", "--constraint", "rack"), "--constraint"),
    (("--image", "busybox", "--master", "host:port"), "--master"),
    (("--image", "busybox", "--master", "http://host:5050"), "--master"),
    (("--image", "busybox", "--nonsense"), "--nonsense"),
    (("--task", "/no/such/file"), "/no/such/file: No such file or directory"),
    (("--task", "-", "--image", "busybox"), "--image cannot be given together with --task"),
    (("--task", "-", "echo"), "COMMAND cannot be given together with --task"),
])
def test_a_command_line_that_is_refused(arguments: tuple[str, ...], part: str) -> None:
    done = run(*arguments, stdin="")
    assert done.returncode == 2, done
    assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_not_enough_on_any_offer() -> None:
    with FakeCluster(offers=[offer(0, cpus=2), offer(1, cpus=4, mem=64)]) as cluster:
        done = on(cluster, "--image", "busybox", "--name", "t", "--cpus", "16", "--offer-timeout", "0.3")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-3:] == [
        "error: t: no offer has had enough for 0.3 s:", "  host0 (S0): cpus: 16.1 needed, 2 offered",
        "  host1 (S1): cpus: 16.1 needed, 4 offered; mem: 192 needed, 64 offered"]
    assert done.stdout.splitlines()[-1].endswith("host0 (S0): cpus: 16.1 needed, 2 offered (and 1 agent more)")


def test_a_port_that_no_offer_has() -> None:
    with FakeCluster() as cluster:
        done = on(cluster, "--image", "busybox", "--name", "t", "-p", "80:80", "--offer-timeout", "0.3")
    assert done.returncode == 3
    assert "ports: 80 needed, 31000-32000 offered" in done.stderr.splitlines()[-1]


def test_nobody_offers() -> None:
    with FakeCluster(offers=[]) as cluster:
        done = on(cluster, "--image", "busybox", "--name", "t", "--offer-timeout", "0.3")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "error: t: no agent has offered anything within 0.3 s"


def test_an_unreachable_master() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    done = run("--master", address, "--image", "busybox", "--connect-timeout", "0.5")
    assert done.returncode == 3
    assert done.stderr == f"error: no Mesos master could be reached within 0.5 s: {address}: Connection refused\n"


def test_a_name_that_does_not_resolve() -> None:
    done = run("--master", "no-such-host.invalid:5050", "--image", "busybox", "--connect-timeout", "0.5")
    assert done.returncode == 3
    assert "no-such-host.invalid:5050" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_is_no_master() -> None:
    with ScriptedMaster() as master:
        master.subscribe_replies.append((404, {}, b"nothing here"))
        done = run("--master", master.address, "--image", "busybox")
        assert done.returncode == 3
        assert done.stderr == (f"error: what answers at {master.address} is not a Mesos master "
                               "(404 for its scheduler API)\n")


def test_a_master_that_ends_the_framework() -> None:
    with ScriptedMaster() as master:
        process = subprocess.Popen([*COMMAND, "--master", master.address, "--image", "busybox"], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        subscription = master.subscription()
        subscription.subscribed()
        subscription.send({"type": "ERROR", "error": {"message": "Framework has been removed"}})
        _, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 3
    assert errors.splitlines()[-1] == "error: the master ended the framework: Framework has been removed"


@pytest.mark.parametrize(("make", "part"), [
    (lambda path: None, "Docker is not running"),
    (lambda path: path.touch(), "Docker is not running"),
])
def test_docker_is_not_running(tmp_path: Path, make: Callable[[Path], None], part: str) -> None:
    path = tmp_path / "docker.sock"
    make(path)
    done = run("--image", "busybox", "--docker-socket", str(path))
    assert done.returncode == 3
    assert part in done.stderr
    assert str(path) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_rights_on_the_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        path = f"/tmp/mesos-docker-test-{os.getpid()}.sock"
        server.bind(path)
        try:
            server.listen()
            Path(path).chmod(0o000)
            program = ("import os, sys\n"
                       "from deploy.cli.docker_socket import ping\n"
                       "from deploy.cli.problems import Problem\n"
                       "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
                       "try: ping(sys.argv[1])\n"
                       "except Problem as error: print(error)")
            done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
        finally:
            Path(path).unlink()
    assert done.stdout.startswith(f"no rights on the Docker socket {path}: ")
    assert "usermod -aG docker" in done.stdout


def test_an_image_that_no_engine_takes_is_refused_before_anything_runs() -> None:
    result = run("--image", "UPPER/case")
    assert result.returncode == 2
    assert "container.docker.image" in result.stderr


@pytest.mark.parametrize(("said", "megabytes"), [
    ("64", 64), ("64m", 64), ("64MB", 64), ("1g", 1024), ("1.5g", 1536), ("65536k", 64), ("67108864b", 64), ("0", 0)])
def test_memory_as_docker_and_as_mesos_write_it(said: str, megabytes: float) -> None:
    from deploy.run.command import megabytes as read
    assert read(said) == megabytes


def test_a_terminal_that_has_no_arrow() -> None:
    with FakeCluster() as cluster:
        done = run("--master", cluster.address, "--image", "busybox", "--name", "t", "-p", "31000:80",
                   PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, done
    assert "31000\\u219280" in done.stdout
