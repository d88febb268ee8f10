"""Who leads, as ZooKeeper tells it: kazoo's client, and a thread that looks again whenever
something may have changed.

Every master that could lead writes its MasterInfo as JSON into a sequential node
`json.info_0000000007` under the path; the one with the lowest number leads (as Mesos:
zookeeper/group.cpp and master/detector/zookeeper.cpp). Other nodes there, such as `log_replicas`,
are no masters.

A ZooKeeper that does not answer says nothing about the masters: who led before is believed until
somebody else is named. A connection is tried for ever, and a path that does not exist is waited
for, since masters make it when they start; how long that may take is the framework's patience, not
ours.

pymesos's own detector gives up after 15 seconds or at a missing path, and is not used.
"""
from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from typing import Any, Protocol

from scheduler.address import Ensemble
from specs.network.address import HostPort

log = logging.getLogger(__name__)

SESSION_TIMEOUT = 10.0  # seconds, as Mesos's own detectors; also the patience with a host that does not answer
FIRST_LOOK = 0.5  # seconds for a connection before it is said that there is none
LAST_PAUSE = 3.0  # seconds at most between tries for a connection
_LABEL = "json.info_"


class LeaderEvents(Protocol):
    """Called on the detector's thread; must return at once."""

    def leads(self, master: HostPort) -> None: ...

    def nobody_leads(self, why: str) -> None: ...

    def unreachable(self, why: str) -> None:
        """ZooKeeper does not answer; nothing is known about masters."""
        ...


class ZkDetector:
    """`start` once, then `stop`. What was told is not told again."""

    def __init__(self, ensemble: Ensemble, events: LeaderEvents) -> None:
        self._ensemble = ensemble
        self._events = events
        self._told: object = None
        self._stopping = False
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mesos leader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Wait at most so many seconds for a goodbye to ZooKeeper, which it does not need."""
        self._stopping = True
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        from kazoo.client import KazooClient
        logging.getLogger("kazoo").addHandler(logging.NullHandler())  # its lines are for those who set logging up
        login = self._ensemble.login
        client = KazooClient(
            hosts=",".join(map(str, self._ensemble.hosts)), timeout=SESSION_TIMEOUT,
            connection_retry={"max_tries": -1, "delay": 0.2, "max_delay": LAST_PAUSE},
            auth_data=None if login is None else [("digest", login)])
        client.add_listener(self._wake)
        client.start_async()
        try:
            self._changed.wait(FIRST_LOOK)
            while not self._stopping:
                self._changed.clear()
                self._look(client)
                self._changed.wait()
        finally:
            client.stop()
            client.close()

    def _wake(self, _news: object) -> None:
        """For kazoo's listeners and watches; returns nothing, or the listener would be dropped."""
        self._changed.set()

    def _look(self, client: Any) -> None:
        from kazoo.exceptions import ConnectionLoss, KazooException, NoNodeError, SessionExpiredError
        hosts, path = ", ".join(map(str, self._ensemble.hosts)), self._ensemble.path
        if not client.connected:
            self._tell(None, f"no ZooKeeper answers at {hosts}")
            return
        try:
            if client.exists(path, watch=self._wake) is None:
                self._tell(False, f"{path} does not exist in the ZooKeeper at {hosts}")
                return
            leader = lowest(client.get_children(path, watch=self._wake))
            if leader is None:
                self._tell(False, f"no master leads in {path} of the ZooKeeper at {hosts}")
                return
            data, _ = client.get(f"{path}/{leader}")
        except (NoNodeError, ConnectionLoss, SessionExpiredError):
            return  # of the first a watch tells, of the others the listener
        except KazooException as error:
            self._tell(False,
                       f"the ZooKeeper at {hosts} does not let us read {path}: {type(error).__name__}")
            return
        try:
            self._tell(master_of(data), "")
        except (ValueError, KeyError, TypeError) as error:
            log.warning("What ZooKeeper holds is no MasterInfo: %r (%s)", data, error)

    def _tell(self, leader: HostPort | bool | None, why: str) -> None:
        if self._stopping or (leader, why) == self._told:
            return
        self._told = (leader, why)
        if isinstance(leader, HostPort):
            self._events.leads(leader)
        elif leader is None:
            self._events.unreachable(why)
        else:
            self._events.nobody_leads(why)


def lowest(nodes: Iterable[str]) -> str | None:
    """The node of the master that leads; None if there is none."""
    masters = [node for node in nodes if node.startswith(_LABEL)
               and node.removeprefix(_LABEL).isdecimal()]
    return min(masters, key=lambda node: int(node.removeprefix(_LABEL)), default=None)


def master_of(data: bytes) -> HostPort:
    """Where the master of a MasterInfo listens. Raises ValueError, KeyError or TypeError."""
    address = json.loads(data)["address"]
    return HostPort(address.get("ip") or address["hostname"], int(address["port"]), address.get("hostname"))
