"""`docker run` in the foreground, on the real engine: output, exit status, giving up."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from executor.docker.mesos_docker import Docker
from executor.engine.cancellation import Cancellation
from executor.engine.failures import Cancelled
from specs.container.run_options import PublishedPort
from tests.contract.reading import PATIENCE
from tests.docker.made import Made, Output, options

SOCKET = "/var/run/docker.sock"


@pytest.fixture
def forgotten(docker: Docker) -> Iterator[list[str]]:
    """Names of containers that carry no label of the test, to be removed at its end."""
    names: list[str] = []
    yield names
    for name in names:
        docker.rm(name, force=True)


def test_run_passes_output_and_status_on(docker: Docker, made: Made, forgotten: list[str]) -> None:
    wanted = options(made, "sh", "-c", "echo $GREETING; echo bad >&2; exit 6", env={"GREETING": "hello"})
    forgotten.append(wanted.name)
    output = Output()
    assert docker.run(wanted, output) == 6
    assert output.text == {1: b"hello\n", 2: b"bad\n"}
    assert docker.inspect(wanted.name).started


@pytest.mark.parametrize(("argv", "more", "status", "said"), [
    (["no-such-program"], {}, 127, b"executable file not found"),
    (["/etc"], {}, 126, b"permission denied"),
    (["true"], {"image": "no/such:image"}, 125, b"No such image: no/such:image"),
    (["true"], {"network": "nowhere"}, 125, b"network nowhere not found"),
    (["true"], {"memory": 1}, 125, b"Minimum memory limit"),
])
def test_run_exits_as_the_docker_command_does_when_it_cannot(
        docker: Docker, made: Made, forgotten: list[str], argv: list[str], more: dict[str, object], status: int,
        said: bytes) -> None:
    wanted = options(made, *argv, **more)
    forgotten.append(wanted.name)
    output = Output()
    assert docker.run(wanted, output) == status
    assert said in output.text[2]
    assert output.text[2].startswith(b"docker: Error response from daemon: ")


def test_run_with_a_published_port(docker: Docker, made: Made, forgotten: list[str]) -> None:
    wanted = options(made, "true", network="bridge", port_mappings=(PublishedPort(0, 80, "tcp"),))
    forgotten.append(wanted.name)
    assert docker.run(wanted, Output()) == 0


def test_run_is_cancelled_at_any_moment(docker: Docker, made: Made, forgotten: list[str]) -> None:
    wanted = options(made, "sh", "-c", "echo here; sleep 600")
    forgotten.append(wanted.name)
    cancel = Cancellation()
    with pytest.raises(Cancelled):
        docker.run(wanted, lambda *_: cancel.set(), cancel)
    assert docker.containers.wait(wanted.name, PATIENCE) == 137


def test_a_terminal_has_no_frames(made: Made) -> None:
    output = Output()
    payload = made.payload("sh", "-c", "echo out; echo err >&2", Tty=True)
    assert made.docker.run_payload(payload, made.name(), output) == 0
    assert output.text == {1: b"out\r\nerr\r\n", 2: b""}
