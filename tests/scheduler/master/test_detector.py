"""Following the leading master through a ZooKeeper that speaks the real protocol, and is not one."""
from __future__ import annotations

import json
import queue
import subprocess
import sys
from typing import Any

import pytest

from scheduler.address import Ensemble, ensemble
from scheduler.master.detector import ZkDetector, lowest
from specs.errors import SpecError
from specs.network.address import HostPort
from tests.fakes.master import WAIT
from tests.fakes.zookeeper import FakeZooKeeper
from tests.ports import free_port


class Leaders:
    """Writes down what the detector tells."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[str, Any]] = queue.Queue()

    def leads(self, master: HostPort) -> None:
        self.told.put(("leads", master.port))

    def nobody_leads(self, why: str) -> None:
        self.told.put(("nobody", why))

    def unreachable(self, why: str) -> None:
        self.told.put(("unreachable", why))

    def next(self, what: str) -> Any:
        """The next of this kind; what comes before is dropped."""
        while True:
            kind, value = self.told.get(timeout=WAIT)
            if kind == what:
                return value


class Detecting:
    """A started detector; stopped at the end of the block."""

    def __init__(self, *ports: int, path: str = "/mesos", login: str | None = None) -> None:
        self.leaders = Leaders()
        hosts = tuple(HostPort("127.0.0.1", port) for port in ports)
        self.detector = ZkDetector(Ensemble(hosts, path, login), self.leaders)

    def __enter__(self) -> Leaders:
        self.detector.start()
        return self.leaders

    def __exit__(self, *_: object) -> None:
        self.detector.stop(WAIT)


def info(port: int) -> bytes:
    """What a master writes, with a field more than we read."""
    return json.dumps({"address": {"hostname": "127.0.0.1", "ip": "127.0.0.1", "port": port}, "ip": 16777343}).encode()


def test_the_lowest_number_leads_until_it_is_gone() -> None:
    nodes = {"/mesos/json.info_0000000009": info(1), "/mesos/json.info_0000000010": info(2), "/mesos/log_replicas": b""}
    with FakeZooKeeper(nodes) as zookeeper, Detecting(zookeeper.port) as leaders:
        assert leaders.next("leads") == 1
        zookeeper.remove("/mesos/json.info_0000000009")
        assert leaders.next("leads") == 2
        zookeeper.remove("/mesos/json.info_0000000010")
        assert leaders.next("nobody") == f"no master leads in /mesos of the ZooKeeper at 127.0.0.1:{zookeeper.port}"
        zookeeper.put("/mesos/json.info_0000000011", info(3))
        assert leaders.next("leads") == 3


def test_a_path_that_does_not_exist_is_waited_for() -> None:
    with FakeZooKeeper() as zookeeper, Detecting(zookeeper.port, path="/a/b") as leaders:
        assert leaders.next("nobody") == f"/a/b does not exist in the ZooKeeper at 127.0.0.1:{zookeeper.port}"
        zookeeper.put("/a/b/json.info_0000000001", info(1))
        assert leaders.next("leads") == 1


def test_a_zookeeper_that_comes_later_and_goes_and_comes_back() -> None:
    port = free_port()
    with Detecting(port) as leaders:
        assert leaders.next("unreachable") == f"no ZooKeeper answers at 127.0.0.1:{port}"
        with FakeZooKeeper({"/mesos/json.info_0000000001": info(1)}, port=port):
            assert leaders.next("leads") == 1
        leaders.next("unreachable")
        with FakeZooKeeper({"/mesos/json.info_0000000002": info(2)}, port=port):
            assert leaders.next("leads") == 2


def test_one_of_several_hosts_is_enough() -> None:
    with (FakeZooKeeper({"/mesos/json.info_0000000001": info(1)}) as zookeeper,
          Detecting(free_port(), zookeeper.port, free_port()) as leaders):
        assert leaders.next("leads") == 1


def test_logs_in() -> None:
    nodes = {"/mesos/json.info_0000000001": info(1)}
    with FakeZooKeeper(nodes) as zookeeper, Detecting(zookeeper.port, login="me:secret") as leaders:
        leaders.next("leads")
        assert b"digest" in zookeeper.logins[0]
        assert b"me:secret" in zookeeper.logins[0]


def test_what_is_no_master_info_is_skipped() -> None:
    with FakeZooKeeper({"/mesos/json.info_0000000001": b"{}"}) as zookeeper, Detecting(zookeeper.port) as leaders:
        zookeeper.put("/mesos/json.info_0000000000", info(2))
        assert leaders.next("leads") == 2


def test_nothing_is_written_where_nobody_set_logging_up() -> None:
    program = ("import sys; from scheduler.address import ensemble; from scheduler.master.detector import ZkDetector\n"
               "import threading; told = threading.Event()\n"
               "class Leaders:\n    def unreachable(self, why): told.set()\n"
               f"detector = ZkDetector(ensemble('zk://127.0.0.1:{free_port()}/mesos'), Leaders())\n"
               "detector.start(); told.wait(); detector._thread.join(1.0); detector.stop(30)")
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(("nodes", "leader"), [
    ([], None), (["log_replicas"], None), (["info_0000000001"], None), (["json.info_x"], None),
    (["json.info_0000000010", "json.info_0000000009", "log_replicas"], "json.info_0000000009"),
])
def test_which_node_leads(nodes: list[str], leader: str | None) -> None:
    assert lowest(nodes) == leader


def test_urls() -> None:
    assert ensemble("zk://a,b:2182,[::1]:3/mesos") == Ensemble(
        (HostPort("a", 2181), HostPort("b", 2182), HostPort("::1", 3)), "/mesos")
    assert ensemble("zk://me:p@ss@a/x/y/") == Ensemble((HostPort("a", 2181),), "/x/y", "me:p@ss")


@pytest.mark.parametrize("url", ["zk://a:1", "zk://a/", "zk:///mesos", "zk://a,/mesos", "zk://a:x/mesos", "http://a/mesos",
                                 "zk://me@a/mesos", "zk://"])
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(SpecError):
        ensemble(url)


def test_a_password_is_not_told() -> None:
    with pytest.raises(SpecError) as refused:
        ensemble("zk://me:secret@a:x/mesos")
    assert "secret" not in str(refused.value)
