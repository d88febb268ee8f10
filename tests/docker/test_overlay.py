"""An attachable overlay network, on a swarm of one node that the test makes in an engine of its own, and leaves."""
from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from executor.docker.door.api import Api
from executor.docker.mesos_docker import Docker
from tests.docker.dockerd import Dockerd
from tests.docker.made import Made


@pytest.fixture
def swarm(private_dockerd: Dockerd) -> Iterator[Docker]:
    docker = Docker(Api(private_dockerd.socket))
    docker.api.call("swarm init", 60, lambda sdk: sdk.init_swarm(
        advertise_addr="127.0.0.1", listen_addr="127.0.0.1:0"))
    yield docker
    docker.api.call("swarm leave", 60, lambda sdk: sdk.leave_swarm(force=True))
    docker.close()


def test_overlay_two_containers_talk_across_it(swarm: Docker) -> None:
    made = Made(swarm, {"mesos-docker.test": uuid.uuid4().hex})
    network = made.network(driver="overlay", attachable=True)
    try:
        server = made.start("sh", "-c", "echo ready; nc -l -p 8080 -e echo over the overlay", network=network,
                            name="overlay-server")
        client = made.start("sleep", "600", network=network)
        made.wait_for_output(server, "ready")
        found = swarm.networks.inspect(network)  # a swarm fills in the driver in its own time, but before one joins
        assert (found.driver, found.scope, found.attachable) == ("overlay", "swarm", True)
        (address,) = made.inspect(server).addresses
        assert address.network == network
        assert address.ipv4 is not None
        script = "for i in $(seq 100); do nc overlay-server 8080 && exit; sleep 0.1; done; exit 1"
        assert made.shell(client, script) == (0, "over the overlay\n")
    finally:
        made.remove()
