"""What a real engine refuses is blamed on whom it should be, whatever names a task has chosen."""
from __future__ import annotations

import subprocess
from typing import Any

import pytest

from executor.engine.errors import refusal
from executor.engine.failures import (
    BadOption,
    Blame,
    CommandNotExecutable,
    CommandNotFound,
    NodeLacks,
    NoSuchNetwork,
    RuntimeFailure,
)
from tests.docker.made import Made

OMINOUS = ("/bin/echo hello world", 'a"b', "new\nline", "/a: permission denied", "no space left on device",
           "/x: no such file or directory", "it's", 'exec: "b": is a directory', "unauthorized")


@pytest.mark.parametrize("program", OMINOUS)
def test_a_program_of_any_name_that_is_not_there(made: Made, program: str) -> None:
    container = made.docker.containers.create(made.payload(program), made.name())
    with pytest.raises(CommandNotFound) as caught:
        made.docker.containers.start(container)
    assert (caught.value.blame, caught.value.exit_status) == (Blame.TASK, 127)


@pytest.mark.parametrize("name", OMINOUS)
def test_a_program_of_any_name_that_cannot_be_executed(made: Made, name: str) -> None:
    folder = f"/mine/{name}".replace("\n", " ")
    payload = made.payload(folder, host={"Tmpfs": {folder: "size=4k"}})
    container = made.docker.containers.create(payload, made.name())
    with pytest.raises(CommandNotExecutable) as caught:
        made.docker.containers.start(container)
    assert (caught.value.blame, caught.value.exit_status) == (Blame.TASK, 126)


MISTAKES: dict[str, dict[str, Any]] = {
    "a device that is not there": {"Devices": [{"PathOnHost": "/dev/none", "PathInContainer": "/dev/none",
                                                "CgroupPermissions": "rwm"}]},
    "a device with an ominous name": {"Devices": [{"PathOnHost": "/dev/x: no space left on device", "PathInContainer":
                                                   "/dev/x", "CgroupPermissions": "rwm"}]},
    "a limit of a disk that is not there": {"BlkioDeviceReadBps": [{"Path": "/dev/none", "Rate": 1000}]},
    "an option of a storage driver": {"StorageOpt": {"size": "10G"}},
    "a group that is not in the image": {"GroupAdd": ["nobody-has-this"]},
    "a log driver that is not there": {"LogConfig": {"Type": "nobody-has-this", "Config": {}}},
    "a log server that is away": {"LogConfig": {"Type": "syslog", "Config": {"syslog-address": "tcp://127.0.0.1:1"}}},
    "a runtime that is not there": {"Runtime": "nobody-has-this"},
    "volumes of a container that is not there": {"VolumesFrom": ["nobody-has-this"]},
    "the network of a container that is not there": {"NetworkMode": "container:nobody-has-this"},
    "a source that is not there": {"Mounts": [{"Type": "bind", "Source": "/x: no space left on device",
                                               "Target": "/x"}]},
    "a place below /proc": {"Binds": ["/tmp:/proc/foo"]},
    "an option of a tmpfs": {"Tmpfs": {"/x": "nobody-has-this"}},
    "a kernel parameter": {"Sysctls": {"net.nobody-has-this": "1"}},
    "a mode of ipc": {"IpcMode": "nobody-has-this"},
    "more memory nodes than there are": {"CpusetMems": "99"},
}


@pytest.mark.parametrize("host", MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_of_the_task(made: Made, host: dict[str, Any]) -> None:
    """An engine answers them with 400, 404, 409 or 500."""
    blamed(made, BadOption, {"HostConfig": {"NetworkMode": "none", **host}})


@pytest.mark.parametrize("config", [{"WorkingDir": "/bin/sh"}, {"WorkingDir": "/bin/sh/x"}, {"User": "nobody-has-this"},
                                    {"User": "1:nobody-has-this"}, {"StopSignal": "NOPE"}])
def test_mistakes_of_the_task_beside_the_host(made: Made, config: dict[str, Any]) -> None:
    blamed(made, BadOption, config)


@pytest.mark.parametrize("network", ["nobody-has-this", "address already in use", "x not found: no such image: y"])
def test_a_network_that_is_not_there(made: Made, network: str) -> None:
    blamed(made, NoSuchNetwork, {"HostConfig": {"NetworkMode": network}})


def test_what_the_node_has_not_got(made: Made) -> None:
    blamed(made, NodeLacks, {"HostConfig": {"DeviceRequests": [{"Driver": "nobody-has-this", "Count": 1,
                                                                "Capabilities": [["gpu"]]}]}}, Blame.NODE)


def blamed(made: Made, kind: type[RuntimeFailure], more: dict[str, Any], blame: Blame = Blame.TASK) -> None:
    with pytest.raises(RuntimeFailure) as caught:
        made.docker.containers.start(made.docker.containers.create({**made.payload("true"), **more}, made.name()))
    assert type(caught.value) is kind, caught.value
    assert caught.value.blame is blame


@pytest.mark.parametrize("words", [
    ("busybox:static", "no-such-program"), ("busybox:static", "/etc"), ("busybox:static", "/etc/passwd"),
    ("busybox:static", "/x: permission denied"), ("--device=/dev/none", "busybox:static", "true"),
    ("--sysctl=net.none=1", "busybox:static", "true"), ("--workdir=/bin/sh", "busybox:static", "true"),
    ("--cap-add=NONE", "busybox:static", "true"), ("--network=none-such", "busybox:static", "true"),
    ("--user=none", "busybox:static", "true"), ("--volume=/tmp:/proc/none", "busybox:static", "true"),
], ids=" ".join)
def test_the_exit_status_is_the_docker_commands(words: tuple[str, ...]) -> None:
    """That of the drop-in, in whose place `docker run` would be."""
    done = subprocess.run(["docker", "run", "--rm", *words], capture_output=True, text=True, check=False)
    said = done.stderr.split("Error response from daemon: ")[1].split("\n\nRun 'docker run")[0].strip()
    assert refusal(500, said).docker_status(said) == done.returncode
