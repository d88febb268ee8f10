"""The scheduler's driver against a master that does exactly what each test says, over real HTTP."""
from __future__ import annotations

import base64
import http.client
import io
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from scheduler.config import CAPABILITIES, Config, Timing
from scheduler.master.driver import MesosDriver
from specs.errors import SpecError
from specs.messages.status import TaskState, TaskStatus
from specs.messages.task import TaskInfo
from tests.fakes.master import WAIT, ScriptedMaster, offer, update
from tests.fakes.zookeeper import FakeZooKeeper
from tests.scheduler.master.driver_events import DriverEvents

QUICK = Timing(answer=5.0, first_pause=0.01, last_pause=0.05)


@pytest.fixture
def master() -> Iterator[ScriptedMaster]:
    with ScriptedMaster() as scripted:
        yield scripted


def driver_for(address: str, timing: Timing = QUICK, **arguments: Any) -> MesosDriver:
    return MesosDriver(address, arguments.pop("config", Config()), timing=timing, **arguments)


class Running:
    """A started driver; stopped at the end of the block."""

    def __init__(self, address: str, **arguments: Any) -> None:
        self.driver = driver_for(address, **arguments)
        self.events = DriverEvents()

    def __enter__(self) -> Running:
        self.driver.start(self.events)
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.stop()


def test_subscribes_as_what_it_is(master: ScriptedMaster) -> None:
    with Running(master.address, config=Config(user="nobody", roles=("a", "b"))) as running:
        subscription = master.subscription()
        subscription.subscribed("F7")
        assert running.events.next("subscribed") == ("F7", master.address)
    assert subscription.request == {"type": "SUBSCRIBE", "subscribe": {"framework_info": {
        "name": "mesos-docker", "user": "nobody", "roles": ["a", "b"], "checkpoint": True, "failover_timeout": 0.0,
        "capabilities": [{"type": name} for name in CAPABILITIES]}}}  # no GPU_RESOURCES, which pymesos would add
    assert "Mesos-Stream-Id" not in subscription.headers


def test_comes_back_with_its_id_after_a_break(master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        first = master.subscription()
        first.subscribed("F7")
        running.events.next("subscribed")
        first.close()
        running.events.next("disconnected")
        second = master.subscription()
        assert second.request["framework_id"] == {"value": "F7"}
        assert second.request["subscribe"]["framework_info"]["id"] == {"value": "F7"}
        second.subscribed("F7")
        running.events.next("subscribed")
        running.driver.suppress()
        assert master.call()["type"] == "SUPPRESS"
        assert master.call_headers[-1]["Mesos-Stream-Id"] == second.stream_id


def test_subscribes_as_the_framework_that_it_was(master: ScriptedMaster) -> None:
    with Running(master.address, framework_id="F3"):
        request = master.subscription().request
    assert request["framework_id"] == {"value": "F3"} == request["subscribe"]["framework_info"]["id"]


def test_drops_a_stream_without_heartbeats(master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        master.subscription().subscribed(heartbeat=0.05)
        running.events.next("subscribed")
        assert "no answer" in running.events.next("disconnected")[0]
        master.subscription()


def test_heartbeats_keep_a_stream(master: ScriptedMaster) -> None:
    with Running(master.address, timing=Timing(answer=5.0, missed_heartbeats=20)) as running:
        subscription = master.subscription()
        subscription.subscribed(heartbeat=0.1)  # two seconds of patience
        running.events.next("subscribed")
        until = time.monotonic() + 3
        while time.monotonic() < until:
            subscription.send({"type": "HEARTBEAT"})
            time.sleep(0.05)
        subscription.update(update("t", "TASK_RUNNING"))
        assert running.events.seen.get(timeout=WAIT)[0] == "update"


def test_an_event_that_cannot_be_handled_is_skipped(master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        subscription = master.subscription()
        subscription.subscribed()
        subscription.send({"type": "UPDATE", "update": {}}, {"type": "RESCIND"}, {"type": "TOMORROW", "tomorrow": {}},
                          {"type": "UNKNOWN"}, {})
        subscription.update(update("t", "TASK_RUNNING"))
        assert running.events.next("update")[0].task_id == "t"


def test_an_offer_that_cannot_be_read_goes_back(master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        subscription = master.subscription()
        subscription.subscribed()
        subscription.offers(offer(1), {**offer(2, offer_id="odd"), "resources": 7}, offer(3))
        assert [each.agent_id for each in running.events.next("offers")[0]] == ["S1", "S3"]
        assert master.call("DECLINE")["decline"]["offer_ids"] == [{"value": "odd"}]


@pytest.mark.parametrize("odd", [
    {"labels": 7}, {"state": "TASK_NO_SUCH"}, {"healthy": "yes"}, {"timestamp": "now"}, {"message": ["x"]},
    {"container_status": {"network_infos": 5}}])
def test_an_update_that_cannot_be_read_does_not_come_again(odd: dict[str, Any], master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        subscription = master.subscription()
        subscription.subscribed()
        said = update("t", "TASK_RUNNING") | odd
        subscription.update(said)
        assert master.call("ACKNOWLEDGE")["acknowledge"] == {
            "agent_id": {"value": "S0"}, "task_id": {"value": "t"}, "uuid": said["uuid"]}
        subscription.update(update("next", "TASK_RUNNING"))
        assert running.events.next("update")[0].task_id == "next"


@pytest.mark.parametrize("odd", [{"labels": 7}, {"timestamp": "now"}, {"source": 3}, {"message": ["x"]}])
def test_that_a_task_has_ended_is_heard_whatever_else_is_said(odd: dict[str, Any], master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        subscription = master.subscription()
        subscription.subscribed()
        said = update("t", "TASK_FAILED") | odd
        subscription.update(said)
        [status] = running.events.next("update")
        assert (status.task_id, status.state, status.agent_id) == ("t", TaskState.FAILED, "S0")
        assert status.uuid == base64.b64decode(said["uuid"])
        assert status.message.startswith("The rest of this update cannot be read: ")


@pytest.mark.parametrize("odd", [{"uuid": 7}, {"agent_id": "S0"}, {"task_id": None}, {"task_id": {}}])
def test_what_does_not_say_how_is_not_acknowledged(odd: dict[str, Any], master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        subscription = master.subscription()
        subscription.subscribed()
        subscription.update(update("t", "TASK_RUNNING") | odd)
        subscription.update(update("next", "TASK_RUNNING"))
        assert running.events.next("update")[0].task_id == "next"
        assert master.calls.empty()


@pytest.mark.parametrize("garbage", [b"x\n{}", b"5\nabcde", b"0\n"])
def test_a_stream_that_is_not_recordio_is_made_anew(master: ScriptedMaster, garbage: bytes) -> None:
    with Running(master.address) as running:
        subscription = master.subscription()
        subscription.subscribed()
        subscription.send_bytes(garbage)
        assert "not a Mesos event stream" in running.events.next("disconnected")[0]
        master.subscription()


def test_callbacks_that_raise_do_not_end_the_driver(master: ScriptedMaster) -> None:
    class Raising(DriverEvents):
        def offers(self, offers: object) -> None:
            raise RuntimeError("a fault in the framework")

    running = Running(master.address)
    running.events = Raising()
    with running:
        subscription = master.subscription()
        subscription.subscribed()
        subscription.offers(offer())
        subscription.update(update("t", "TASK_RUNNING"))
        running.events.next("update")


def test_follows_a_redirect_and_returns_when_that_one_is_gone(master: ScriptedMaster) -> None:
    with ScriptedMaster() as leader, Running(master.address) as running:
        first = None
        while first is None:  # the fixture's master answered the first SUBSCRIBE normally: let it go
            first = master.subscription()
        master.subscribe_replies.append((307, {"Location": f"//{leader.address}/api/v1/scheduler"}, b""))
        first.close()
        subscription = leader.subscription()
        subscription.subscribed()
        assert running.events.next("subscribed") == ("F1", leader.address)
        running.driver.revive()
        assert leader.call()["type"] == "REVIVE"
        subscription.close()
        running.events.next("disconnected")
        master.subscription()


def test_a_master_that_dies_has_closed_the_connection(master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        subscription = master.subscription()
        subscription.subscribed()
        running.events.next("subscribed")
        subscription.close()  # without the chunk that ends a stream
        assert running.events.next("disconnected") == (f"{master.address}: the master closed the connection",)


def test_a_master_that_knows_no_leader_sends_us_to_itself(master: ScriptedMaster) -> None:
    master.subscribe_replies.append((307, {"Location": f"//{master.address}"}, b""))
    with Running(master.address) as running:
        assert "does not lead" in running.events.next("disconnected")[0]
        master.subscription()


def test_waits_while_no_master_leads(master: ScriptedMaster) -> None:
    master.subscribe_replies += [(503, {}, b"No leading master elected"), (503, {}, b"")]
    with Running(master.address) as running:
        assert "503" in running.events.next("disconnected")[0]
        running.events.next("disconnected")
        master.subscription()


@pytest.mark.parametrize(("reply", "parts"), [
    ((404, {}, b"<html>"), ("not a Mesos master", "404")),
    ((401, {}, b""), ("wants a principal and a secret",)),
    ((401, {}, b""), ("does not take our principal and secret", "401")),
    ((403, {}, b"Not allowed to use role 'x'"), ("refuses us", "Not allowed to use role 'x'")),
    ((400, {}, b"Failed to validate agent::Call: Expecting 'type' to be present"), ("is a Mesos agent, not a master",)),
    ((400, {}, b"Failed to validate scheduler::Call"), ("refuses us", "Failed to validate scheduler::Call")),
])
def test_a_refusal_is_final_and_says_why(master: ScriptedMaster, reply: Any, parts: tuple[str, ...]) -> None:
    master.subscribe_replies.append(reply)
    known = {"config": Config(principal="me"), "secret": "wrong"} if "our principal" in parts[0] else {}
    with Running(master.address, **known) as running:
        why = running.events.next("refused")[0]
    assert all(part in why for part in (master.address, *parts)), why
    assert master.subscriptions.empty()


def test_what_answers_is_not_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer() -> None:
            connection, _ = server.accept()
            connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            while connection.recv(65536):
                pass
            connection.close()
        threading.Thread(target=answer, daemon=True).start()
        with Running(f"127.0.0.1:{server.getsockname()[1]}") as running:
            assert "not HTTP" in running.events.next("disconnected")[0]


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with Running(address) as running:
        assert running.events.next("disconnected") == (f"{address}: Connection refused",)


def test_ipv6() -> None:
    try:
        scripted = ScriptedMaster("::1")
    except OSError:
        pytest.fail("this machine has no IPv6 on loopback")
    with scripted as master, Running(master.address) as running:
        subscription = master.subscription()
        assert subscription.headers["Host"] == master.address
        subscription.subscribed()
        running.events.next("subscribed")
        running.driver.suppress()
        master.call("SUPPRESS")


def test_a_large_offers_event_arrives_whole(master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        subscription = master.subscription()
        subscription.subscribed()
        subscription.offers(*(offer(agent) for agent in range(5000)))
        assert len(running.events.next("offers")[0]) == 5000


def calls(driver: MesosDriver) -> None:
    driver.accept(["O1", "O2"], [TaskInfo("t", "t", "S1")], 3.0)
    driver.decline(["O3"], 4.0)
    driver.kill("t", "S1", 2.5)
    driver.kill("u", None, None)
    driver.acknowledge(TaskStatus("t", TaskState.RUNNING, uuid=b"abc", agent_id="S1"))
    driver.reconcile([("t", "S1"), ("u", None)])
    driver.reconcile([])
    driver.suppress()
    driver.revive()
    driver.message("S1", "E1", b"\x00hello")


EXPECTED: list[tuple[str, dict[str, Any]]] = [
    ("ACCEPT", {"offer_ids": [{"value": "O1"}, {"value": "O2"}], "filters": {"refuse_seconds": 3.0},
                "operations": [{"type": "LAUNCH", "launch": {"task_infos": [
                    {"task_id": {"value": "t"}, "name": "t", "agent_id": {"value": "S1"}}]}}]}),
    ("DECLINE", {"offer_ids": [{"value": "O3"}], "filters": {"refuse_seconds": 4.0}}),
    ("KILL", {"task_id": {"value": "t"}, "agent_id": {"value": "S1"},
              "kill_policy": {"grace_period": {"nanoseconds": 2_500_000_000}}}),
    ("KILL", {"task_id": {"value": "u"}}),
    ("ACKNOWLEDGE", {"task_id": {"value": "t"}, "agent_id": {"value": "S1"}, "uuid": "YWJj"}),
    ("RECONCILE", {"tasks": [{"task_id": {"value": "t"}, "agent_id": {"value": "S1"}}, {"task_id": {"value": "u"}}]}),
    ("RECONCILE", {"tasks": []}),
    ("SUPPRESS", {}),
    ("REVIVE", {}),
    ("MESSAGE", {"agent_id": {"value": "S1"}, "executor_id": {"value": "E1"},
                 "data": base64.b64encode(b"\x00hello").decode()}),
]


def test_every_call_as_mesos_wants_it(master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        subscription = master.subscription()
        subscription.subscribed()
        running.events.next("subscribed")
        calls(running.driver)
        for kind, arguments in EXPECTED:
            call = master.call()
            expected = {"type": kind, "framework_id": {"value": "F1"}}
            if arguments:
                expected[kind.lower()] = arguments
            assert call == expected
    headers = master.call_headers[0]
    assert headers["Mesos-Stream-Id"] == subscription.stream_id
    assert master.call()["type"] == "TEARDOWN"
    assert all(other == headers | {"Content-Length": other["Content-Length"]} for other in master.call_headers)


def test_no_calls_without_a_subscription(master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        calls(running.driver)
        subscription = master.subscription()
        calls(running.driver)  # connected, but not yet subscribed: a master would answer 403
        subscription.subscribed()
        running.events.next("subscribed")
        running.driver.revive()
        assert master.call()["type"] == "REVIVE"


def test_headers_do_not_leak_between_calls_or_drivers(master: ScriptedMaster) -> None:
    with Running(master.address, config=Config(principal="me"), secret="word") as running:
        subscription = master.subscription()
        assert subscription.headers["Authorization"] == "Basic " + base64.b64encode(b"me:word").decode()
        subscription.subscribed()
        running.events.next("subscribed")
    with ScriptedMaster() as other, Running(other.address) as running:
        subscription = other.subscription()
        assert "Authorization" not in subscription.headers
        subscription.subscribed()
        running.events.next("subscribed")
        running.driver.revive()
        other.call("REVIVE")
        assert "Authorization" not in other.call_headers[-1]


def test_a_call_without_an_answer_is_sent_again_but_an_accept_is_not(master: ScriptedMaster) -> None:
    master.call_replies += [None, (202, {}, b""), None, (202, {}, b"")]
    with Running(master.address) as running:
        master.subscription().subscribed()
        running.events.next("subscribed")
        running.driver.revive()
        assert [master.call()["type"], master.call()["type"]] == ["REVIVE", "REVIVE"]
        running.driver.accept(["O1"], [TaskInfo("t", "t", "S1")], 1.0)
        assert master.call()["type"] == "ACCEPT"
        assert running.events.next("call_failed")[0] == "ACCEPT"
        running.driver.suppress()
        assert master.call()["type"] == "SUPPRESS"


def test_a_call_that_is_refused_is_told(master: ScriptedMaster) -> None:
    master.call_replies.append((400, {}, b"Expecting 'agent_id' to be present"))
    with Running(master.address) as running:
        master.subscription().subscribed()
        running.events.next("subscribed")
        running.driver.kill("t", None, None)
        kind, why = running.events.next("call_failed")
    assert kind == "KILL"
    assert "Expecting 'agent_id' to be present" in why


def test_a_master_that_has_not_got_the_subscription_any_more_is_asked_for_another(
        master: ScriptedMaster) -> None:
    master.call_replies.append((403, {}, b"Framework is not subscribed"))
    with Running(master.address) as running:
        first = master.subscription()
        first.subscribed("F7")
        running.events.next("subscribed")
        running.driver.kill("t", None, None)
        assert running.events.next("call_failed")[0] == "KILL"
        running.events.next("disconnected")
        second = master.subscription()  # the first one's connection stands, as far as we know
        assert second.request["framework_id"] == {"value": "F7"}
        assert not first.over.is_set()


def test_many_calls_keep_their_order_whatever_breaks_between(master: ScriptedMaster) -> None:
    master.call_replies += [(202, {}, b""), (400, {}, b"no"), (202, {}, b""), None]
    with Running(master.address) as running:
        master.subscription().subscribed()
        running.events.next("subscribed")
        for i in range(200):
            running.driver.kill(f"t{i}", None, None)
        seen = [master.call("KILL")["kill"]["task_id"]["value"] for _ in range(200)]
        assert running.events.next("call_failed")[0] == "KILL"
        assert list(dict.fromkeys(seen)) == [f"t{i}" for i in range(len(set(seen)))]
        assert seen.count("t3") == 2  # the one that got no answer


def test_stop_tears_down_unless_it_is_a_failover(master: ScriptedMaster) -> None:
    for failover in (True, False):
        running = Running(master.address)
        running.driver.start(running.events)
        master.subscription().subscribed()
        running.events.next("subscribed")
        running.driver.stop(failover=failover)
        if failover:
            assert master.calls.empty()
    assert master.call() == {"type": "TEARDOWN", "framework_id": {"value": "F1"}}
    assert not running.driver._io_thread.is_alive()


def test_events_of_every_kind(master: ScriptedMaster) -> None:
    with Running(master.address) as running:
        subscription = master.subscription()
        subscription.subscribed()
        running.events.next("subscribed")
        subscription.send(
            {"type": "RESCIND", "rescind": {"offer_id": {"value": "O1"}}},
            {"type": "MESSAGE", "message": {"agent_id": {"value": "S1"}, "executor_id": {"value": "E1"},
                                            "data": "aGk="}},
            {"type": "FAILURE", "failure": {"agent_id": {"value": "S1"}, "executor_id": {"value": "E1"}}},
            {"type": "FAILURE", "failure": {"agent_id": {"value": "S1"}, "executor_id": {"value": "E1"}, "status": 9}},
            {"type": "FAILURE", "failure": {"agent_id": {"value": "S1"}}},
            {"type": "ERROR", "error": {"message": "Framework has been removed"}})
        told = [running.events.seen.get(timeout=WAIT) for _ in range(6)]
    assert told == [("rescinded", "O1"), ("message", "S1", "E1", b"hi"), ("executor_failed", "S1", "E1", None),
                    ("executor_failed", "S1", "E1", 9), ("agent_failed", "S1"), ("error", "Framework has been removed")]


def master_info(address: str) -> bytes:
    host, _, port = address.rpartition(":")
    return json.dumps({"address": {"ip": host.strip("[]"), "port": int(port)}}).encode()


def test_the_leader_that_zookeeper_names() -> None:
    with (ScriptedMaster() as first, ScriptedMaster("::1") as second, FakeZooKeeper() as zookeeper,
          Running(f"zk://127.0.0.1:{zookeeper.port}/mesos") as running):
        while "/mesos does not exist" not in running.events.next("disconnected")[0]:
            pass
        zookeeper.put("/mesos/json.info_0000000001", master_info(first.address))
        subscription = first.subscription()
        subscription.subscribed("F7")
        running.events.next("subscribed")
        zookeeper.put("/mesos/json.info_0000000002", master_info(second.address))
        subscription.close()
        zookeeper.remove("/mesos/json.info_0000000001")
        running.events.next("disconnected")
        subscription = second.subscription()
        assert subscription.request["framework_id"] == {"value": "F7"}
        subscription.subscribed("F7")
        assert running.events.next("subscribed") == ("F7", second.address)


def test_a_subscription_outlives_zookeeper() -> None:
    with ScriptedMaster() as master:
        with FakeZooKeeper({"/mesos/json.info_0000000001": master_info(master.address)}) as zookeeper:
            running = Running(f"zk://127.0.0.1:{zookeeper.port}/mesos")
            running.driver.start(running.events)
            subscription = master.subscription()
            subscription.subscribed()
            running.events.next("subscribed")
        try:
            with FakeZooKeeper({"/mesos/json.info_0000000001": master_info(master.address)}, port=zookeeper.port):
                subscription.offers(offer())
                assert running.events.seen.get(timeout=WAIT)[0] == "offers"  # and nothing before it
                running.driver.suppress()
                assert master.call()["type"] == "SUPPRESS"
        finally:
            running.driver.stop()


def test_a_zookeeper_that_cannot_be_reached() -> None:
    with Running("zk://127.0.0.1:1/mesos") as running:
        assert running.events.next("disconnected") == ("no ZooKeeper answers at 127.0.0.1:1",)


@pytest.mark.parametrize("address", ["", "host:port", "host:0", "host:70000", "[::1", "[::1]x", "a b", "user@host:1"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(SpecError):
        driver_for(address)


def test_sigint_stays_with_whoever_had_it() -> None:
    program = ("import signal; before = signal.getsignal(signal.SIGINT); import scheduler.master.driver;"
               "assert signal.getsignal(signal.SIGINT) is before; import logging;"
               "assert not logging.getLogger('pymesos').handlers")
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(("answer", "why"), [
    (b"X: y\r\n" * 99 + b"\r\n", None),
    (b"X: y\r\n" * 200 + b"\r\n", "more than 100 headers"),
    (b"".join(b"X-%d: y\r\n" % number for number in range(200)) + b"\r\n", "more than 100 headers"),
    (b"Content-Length: 99999999999\r\n\r\n", "an answer of 99999999999 bytes"),
    (b"Content-Length: -5\r\n\r\n", "an answer of -5 bytes"),
    (b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n", "an answer of 1099511627775 bytes"),
])
def test_an_answer_to_a_call_is_bounded(answer: bytes, why: str | None) -> None:
    from scheduler.master.connection import _answer
    stream = io.BytesIO(b"HTTP/1.1 202 Accepted\r\n" + answer)
    if why is None:
        assert _answer(stream) is None
    else:
        with pytest.raises(http.client.HTTPException, match=why):
            _answer(stream)
