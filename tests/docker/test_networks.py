"""Every network mode, proved by traffic: what is sent arrives, or does not."""
from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

from executor.docker.networks import NewNetwork
from executor.engine.failures import BadOption, NameConflict, NoSuchNetwork, PortInUse, RuntimeFailure
from tests.docker.made import Made
from tests.patience import SLOW
from tests.ports import free_port

HTTP = 'mkdir /www; printf "hello from $(hostname)" > /www/index.html; exec httpd -f -p 8080 -h /www'
UDP = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind(("", 5353))
    sock.sendto(*sock.recvfrom(100))
"""  # busybox has no server for UDP, so this runs beside the container, on its network stack
EXIT_FAST = 20.0 * SLOW


def fetched(address: str, port: int) -> str:
    """What the web server says, once it has started to listen."""
    ends = time.monotonic() + EXIT_FAST
    while True:
        connection = http.client.HTTPConnection(address, port, timeout=EXIT_FAST)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < ends
            time.sleep(0.05)
        finally:
            connection.close()


def echoed(address: str, port: int, text: bytes) -> bytes:
    """What comes back over UDP, once somebody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.3)
        ends = time.monotonic() + EXIT_FAST
        while True:
            try:
                sock.sendto(text, (address, port))
                return sock.recv(100)
            except OSError:
                assert time.monotonic() < ends
                time.sleep(0.05)


def published(port: int, container_port: str) -> dict[str, Any]:
    return {"ExposedPorts": {container_port: {}},
            "host": {"PortBindings": {container_port: [{"HostIp": "", "HostPort": str(port)}]}}}


def get_from(made: Made, client: str, address: str) -> tuple[int | None, str]:
    """A web page, fetched by one container from another."""
    fetch = f"timeout 5 wget -q -O - http://{address}:8080"
    return made.shell(client, f"for i in $(seq 100); do {fetch} && exit; sleep 0.1; done; exit 1")


def test_bridge_a_published_tcp_port_is_reached_from_the_host(made: Made) -> None:
    port = free_port()
    server = made.start("sh", "-c", HTTP, network="bridge", Hostname="web", **published(port, "8080/tcp"))
    assert fetched("127.0.0.1", port) == "hello from web"
    (address,) = made.inspect(server).addresses
    assert address.network == "bridge"
    assert fetched(str(address.ipv4), 8080) == "hello from web"


def test_bridge_a_published_udp_port_is_reached_from_the_host(made: Made) -> None:
    port = free_port(socket.SOCK_DGRAM)
    container = made.start("sleep", "600", network="bridge", **published(port, "5353/udp"))
    enter = ["nsenter", "--net", "--target", str(made.inspect(container).pid)]
    with subprocess.Popen([*enter, sys.executable, "-c", UDP]) as server:
        assert echoed("127.0.0.1", port, b"are you there?") == b"are you there?"
        assert server.wait(EXIT_FAST) == 0


def test_bridge_two_containers_reach_each_other(made: Made) -> None:
    server = made.start("sh", "-c", HTTP, network="bridge", Hostname="web")
    client = made.start("sleep", "600", network="bridge")
    (address,) = made.inspect(server).addresses
    assert get_from(made, client, str(address.ipv4)) == (0, "hello from web")
    _, interfaces = made.shell(client, "ip -o link")
    assert "eth0" in interfaces  # a stack of its own


def test_bridge_a_port_that_is_taken_is_a_clear_error(made: Made) -> None:
    port = free_port()
    made.start("sleep", "600", network="bridge", **published(port, "80/tcp"))
    with pytest.raises(PortInUse, match="port is already allocated"):
        made.start("sleep", "600", network="bridge", **published(port, "80/tcp"))
    with socket.socket() as sock:
        sock.bind(("0.0.0.0", 0))
        sock.listen()
        with pytest.raises(PortInUse, match="address already in use"):
            made.start("sleep", "600", network="bridge", **published(sock.getsockname()[1], "80/tcp"))


def test_host_shares_the_hosts_stack(made: Made) -> None:
    port = free_port()
    server = made.start("sh", "-c", HTTP.replace("8080", str(port)), network="host")
    assert fetched("127.0.0.1", port).startswith("hello from ")
    assert made.inspect(server).addresses == ()
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        late = made.start("httpd", "-f", "-p", f"127.0.0.1:{sock.getsockname()[1]}", network="host")
        assert made.docker.containers.wait(late, 60) == 1
    made.wait_for_output(late, "Address already in use")


def test_none_has_a_loopback_and_nothing_else_for_ever(made: Made) -> None:
    container = made.start("sleep", "600", network="none")
    _, links = made.shell(container, "ip -o link | cut -d: -f2")
    assert [link.strip().partition("@")[0] for link in links.split()][:1] == ["lo"]
    assert "eth" not in links
    assert made.shell(container, "wget -q -O - http://192.0.2.1")[0] == 1
    assert made.inspect(container).addresses == ()
    with pytest.raises(BadOption, match="none"):
        made.docker.networks.connect("bridge", container)


def test_user_defined_names_are_resolved_between_containers(made: Made) -> None:
    network = made.network()
    name = made.name()
    endpoint = {"EndpointsConfig": {network: {"Aliases": ["shop"]}}}
    made.start("sh", "-c", HTTP, network=network, name=name, Hostname="web", NetworkingConfig=endpoint)
    client = made.start("sleep", "600", network=network)
    assert get_from(made, client, name) == (0, "hello from web")
    assert get_from(made, client, "shop") == (0, "hello from web")
    outsider = made.start("sleep", "600", network="bridge")
    assert made.shell(outsider, f"timeout 5 wget -q -O - http://{name}:8080")[0] != 0


def test_user_defined_several_networks_from_the_start(made: Made) -> None:
    front, back = made.network(), made.network()
    server = made.start("sh", "-c", HTTP, network=front, Hostname="web", NetworkingConfig={
        "EndpointsConfig": {front: {"Aliases": ["in-front"]}, back: {"Aliases": ["behind"]}}})
    addresses = made.inspect(server).addresses
    assert addresses[0].network == front  # the one it was created on is the first
    assert {address.network for address in addresses} == {front, back}
    for network, alias in ((front, "in-front"), (back, "behind")):
        client = made.start("sleep", "600", network=network)
        assert get_from(made, client, alias) == (0, "hello from web")


def test_user_defined_connect_and_disconnect_while_running(made: Made) -> None:
    home, other = made.network(), made.network()
    server = made.start("sh", "-c", HTTP, network=home, Hostname="web")
    client = made.start("sleep", "600", network=other)
    made.docker.networks.connect(other, server, {"Aliases": ["guest"]})
    made.docker.networks.connect(other, server)  # once more does no harm
    assert get_from(made, client, "guest") == (0, "hello from web")
    assert server in made.docker.networks.inspect(other).containers
    made.docker.networks.disconnect(other, server)
    made.docker.networks.disconnect(other, server)
    assert made.shell(client, "timeout 5 wget -q -O - http://guest:8080")[0] != 0
    assert [address.network for address in made.inspect(server).addresses] == [home]


def test_a_second_network_that_does_not_exist(made: Made) -> None:
    first, name = made.network(), made.name()
    with pytest.raises(NoSuchNetwork, match="nowhere"):  # at create, or with Docker 20.10 at start
        made.start("true", network=first, name=name, NetworkingConfig={"EndpointsConfig": {first: {}, "nowhere": {}}})
    assert not made.docker.containers.ls(made.labels, all=False)


def test_container_mode_shares_the_stack_of_another(made: Made) -> None:
    server = made.start("sh", "-c", HTTP, network="bridge", Hostname="web")
    client = made.start("sleep", "600", network=f"container:{server}")
    assert get_from(made, client, "127.0.0.1")[0] == 0
    assert made.shell(client, "ip -o addr")[1] == made.shell(server, "ip -o addr")[1]


def test_addresses_of_both_families_are_reported_and_work(made: Made) -> None:
    network = made.network(ipv6=True, subnets=("fd00:4242:1::/64",))
    server = made.start("sh", "-c", HTTP, network=network, Hostname="web")
    (address,) = made.inspect(server).addresses
    assert address.ipv4 is not None
    assert str(address.ipv6).startswith("fd00:4242:1::")
    client = made.start("sleep", "600", network=network)
    assert get_from(made, client, f"[{address.ipv6}]") == (0, "hello from web")
    assert get_from(made, client, address.ipv4) == (0, "hello from web")
    found = made.docker.inspect(server)
    assert (found.ip_address, found.ip6_address) == (address.ipv4, address.ipv6)


def test_a_network_name_with_dots(made: Made) -> None:
    name = f"net.work.{made.name()}"
    made.docker.networks.create(NewNetwork(name))
    try:
        container = made.start("sleep", "600", network=name)
        assert made.inspect(container).addresses[0].network == name
        assert made.inspect(container).addresses[0].ipv4 is not None
        assert made.docker.inspect(container).ip_address is None  # as Mesos, which splits the name at its dots
    finally:
        made.remove()
        made.docker.networks.rm(name)


def test_create_list_inspect_and_remove(made: Made) -> None:
    name = made.network(subnets=("10.253.42.0/24",), internal=True)
    found = made.docker.networks.inspect(name)
    assert (found.name, found.driver, found.scope, found.internal) == (name, "bridge", "local", True)
    assert found.subnets == ("10.253.42.0/24",)
    assert [row.id for row in made.docker.networks.ls({"name": [name]})] == [found.id]
    assert {row.name for row in made.docker.networks.ls()} >= {"bridge", "host", "none", name}
    with pytest.raises(NameConflict, match="already exists"):
        made.docker.networks.create(NewNetwork(name))
    made.docker.networks.rm(name)
    made.docker.networks.rm(name)
    with pytest.raises(NoSuchNetwork):
        made.docker.networks.inspect(name)


def test_a_network_in_use_is_not_removed(made: Made) -> None:
    network = made.network()
    made.start("sleep", "600", network=network)
    with pytest.raises(RuntimeFailure, match="has active endpoints"):
        made.docker.networks.rm(network)
