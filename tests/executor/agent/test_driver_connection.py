"""How the driver reaches an agent: TCP, unix socket, TLS; large events; agents that misbehave on the line."""
from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.agent.connection import EventStream, Keepalive, open_socket
from executor.agent.first_call import request
from executor.agent.session import Timing
from specs.forms.recordio import encode_record
from specs.messages.status import TaskState, TaskStatus
from tests.fakes.agent_events import RecordedEvents
from tests.fakes.agent_server import Answer, ScriptedAgent
from tests.fakes.certificates import Certificate, make_authority, make_certificate
from tests.fakes.driving import driving, settings_for

HASTY = Timing(answer=0.3)


def works(agent: ScriptedAgent, timing: Timing | None = None, **environment: str) -> RecordedEvents:
    """Subscribe, take an event, send an update, get it acknowledged."""
    events = RecordedEvents()
    with driving(agent, events, timing, **environment) as driver:
        events.wait("registered")
        agent.launch("t1")
        events.wait("launch")
        driver.send(TaskStatus("t1", TaskState.STARTING))
        assert driver.drained(30)
    assert agent.states("t1") == ["TASK_STARTING"]
    return events


# 4. Token, domain socket, TLS.


def test_defect_4_the_token_goes_with_every_call() -> None:
    with ScriptedAgent(token="header.claims.signature") as agent:
        works(agent)
        assert {each.headers["authorization"] for each in agent.received} == {"Bearer header.claims.signature"}
        assert {each.kind for each in agent.received} == {"SUBSCRIBE", "UPDATE"}


def test_defect_4_a_wrong_token_is_an_error_event_told_once_and_tried_again() -> None:
    events = RecordedEvents()
    with ScriptedAgent(token="right") as agent:
        with driving(agent, events, MESOS_EXECUTOR_AUTHENTICATION_TOKEN="wrong"):
            agent.wait_for(lambda: len(agent.calls("SUBSCRIBE")) >= 3)
        assert events.of("error") == [("Received unexpected '401 Unauthorized' () for SUBSCRIBE",)]
        assert set(events.names()) == {"error"}


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="agent") as folder:  # pytest's own are too long for a socket's path
        yield Path(folder)


def test_defect_4_the_domain_socket(short_folder: Path) -> None:
    with ScriptedAgent(str(short_folder / "agent.sock"), token="secret") as agent:
        works(agent)
        assert {each.path for each in agent.received} == {"/slave(1)/api/v1/executor"}


def test_defect_4_a_domain_socket_in_a_deep_sandbox_is_reached_from_within(short_folder: Path) -> None:
    deep = short_folder / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    script = """
import sys
from executor.program import told_by_the_agent
from executor.agent.driver import MesosDriver
from tests.fakes.agent_events import RecordedEvents
events = RecordedEvents()
settings = told_by_the_agent()
assert settings.domain_socket == "./agent.sock", settings
driver = MesosDriver(settings)
driver.start(events)
events.wait("registered")
driver.stop()
"""
    with contextlib.chdir(deep), ScriptedAgent("/proc/self/cwd/agent.sock") as agent:
        environment = agent.environment(MESOS_DOMAIN_SOCKET=str(deep / "agent.sock"),
                                        PYTHONPATH=str(Path(__file__).parents[3]))
        subprocess.run([sys.executable, "-c", script], check=True, env=environment, timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Certificate:
    return make_authority(folder)


@pytest.fixture(scope="module")
def certificate(folder: Path, authority: Certificate) -> Certificate:
    return make_certificate(folder, authority, "agent", address="127.0.0.1")


def test_defect_4_tls_without_verification_as_libprocess_by_default(certificate: Certificate) -> None:
    with ScriptedAgent(tls=certificate.server()) as agent:
        works(agent)


def test_defect_4_tls_with_a_verified_agent(certificate: Certificate, authority: Certificate) -> None:
    with ScriptedAgent(tls=certificate.server()) as agent:
        works(agent, LIBPROCESS_SSL_VERIFY_SERVER_CERT="true", LIBPROCESS_SSL_VERIFY_IPADD="true",
              LIBPROCESS_SSL_CA_FILE=str(authority.certificate))


def test_defect_4_tls_with_a_certificate_of_ours(folder: Path, certificate: Certificate,
                                                 authority: Certificate) -> None:
    ours = make_certificate(folder, authority, "executor", address="127.0.0.1")
    with ScriptedAgent(tls=certificate.server(clients=authority.certificate)) as agent:
        works(agent, LIBPROCESS_SSL_CERT_FILE=str(ours.certificate), LIBPROCESS_SSL_KEY_FILE=str(ours.key))


@pytest.mark.parametrize("fault", ["authority", "address"])
def test_defect_4_an_agent_that_cannot_prove_itself_gets_nothing(fault: str, folder: Path, certificate: Certificate,
                                                                 authority: Certificate) -> None:
    stranger = make_authority(folder, "stranger")
    elsewhere = make_certificate(folder, authority, "elsewhere", address="127.0.0.2")
    trusted = stranger if fault == "authority" else authority
    shown = elsewhere if fault == "address" else certificate
    events = RecordedEvents()
    with ScriptedAgent(tls=shown.server(), token="secret") as agent, driving(
            agent, events, LIBPROCESS_SSL_VERIFY_CERT="true", LIBPROCESS_SSL_VERIFY_IPADD="true",
            LIBPROCESS_SSL_CA_FILE=str(trusted.certificate), MESOS_RECOVERY_TIMEOUT="300ms"):
        events.wait("shutdown")
        assert not agent.received


def test_large_events_over_tls(certificate: Certificate) -> None:
    events = RecordedEvents()
    with ScriptedAgent(tls=certificate.server()) as agent, driving(agent, events):
        agent.wait_subscribed()
        for number in range(20):
            agent.launch(f"t{number}", padding="x" * (1 << 17))
        events.wait("launch", times=20)
        assert [task["task_id"]["value"] for (task,) in events.of("launch")] == [f"t{n}" for n in range(20)]


# 5. Half-open connections.


def test_defect_5_the_kernel_watches_both_connections() -> None:
    keepalive = Keepalive(idle=11, interval=6, count=3, user_timeout=31.5)
    with ScriptedAgent() as agent:
        settings = settings_for(agent)
        with contextlib.closing(open_socket(settings, settings.address, 5.0, keepalive)) as connected:
            options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 11),
                       (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 6), (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
                       (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 31500)]
            assert [(level, name, connected.getsockopt(level, name)) for level, name, _ in options] == options


def test_defect_5_an_agent_whose_heartbeats_stop_is_lost() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events, Timing(answer=0.2, heartbeat=0.2)) as driver:
        agent.wait_subscribed()
        agent.event("HEARTBEAT")  # and never again
        events.wait("reregistered")
        assert len(agent.calls("SUBSCRIBE")) >= 2  # on a busy machine it is silent for so long again
        driver.send(TaskStatus("t1", TaskState.STARTING))
        assert driver.drained(30)


def test_defect_5_an_old_agent_without_heartbeats_is_not_lost_for_its_silence() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events, Timing(answer=0.05, heartbeat=0.05)):
        events.wait("registered")
        agent.wait_for(lambda: len(agent.calls("HEARTBEAT")) >= 8)  # longer than the silence allowed above
        assert events.names() == ["registered"]


def test_defect_5_we_send_heartbeats_ourselves() -> None:
    with ScriptedAgent() as agent, driving(agent, RecordedEvents(), Timing(heartbeat=0.02)):
        agent.wait_for(lambda: len(agent.calls("HEARTBEAT")) >= 3)
        assert agent.calls("HEARTBEAT")[0].call == {
            "type": "HEARTBEAT", "executor_id": {"value": agent.executor_id},
            "framework_id": {"value": agent.framework_id}}


def test_an_agent_that_does_not_know_heartbeats_is_no_error() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent:
        agent.next_calls.extend([Answer(status=400, body="Failed to find enum for 'HEARTBEAT'")] * 2)
        with driving(agent, events, Timing(heartbeat=0.02)):
            agent.wait_for(lambda: len(agent.calls("HEARTBEAT")) >= 4)
            assert events.names() == ["registered"]


@pytest.mark.parametrize("answer", [
    Answer(stall=True),
    Answer(cut=True),
    Answer(raw=b""),
    Answer(raw=b"HTTP/1.1 200 OK\r\n"),
    Answer(raw=b"not HTTP at all\r\n\r\n"),
    Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12\n{}\r\n"),
    Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ngarbage\r\n"),
    Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    Answer(status=404), Answer(status=503, body="Agent has not finished recovery"), Answer(status=500),
    Answer(status=202), Answer(status=307), Answer(status=307, headers={"Location": "http://[broken"}),
], ids=repr)
def test_an_agent_that_answers_subscribe_badly_is_asked_again(answer: Answer) -> None:
    with ScriptedAgent() as agent:
        agent.next_subscribes.append(answer)
        works(agent, HASTY)
        assert len(agent.calls("SUBSCRIBE")) == 2


def test_a_stream_that_ends_on_a_connection_that_stays_is_ended() -> None:
    event = encode_record(b'{"type": "SUBSCRIBED", "subscribed": {}}')
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(event), event)
    events = RecordedEvents()
    with ScriptedAgent() as agent:
        agent.next_subscribes.append(
            Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, stall=True))
        with driving(agent, events):
            events.wait("reregistered")
            assert events.names() == ["registered", "disconnected", "reregistered"]


def test_not_yet_is_neither_an_error_nor_a_loss() -> None:
    with ScriptedAgent() as agent:
        agent.next_subscribes.extend([Answer(status=503), Answer(status=404), Answer(status=503)])
        events = works(agent, MESOS_CHECKPOINT="0")
        assert events.names() == ["registered", "launch", "acknowledged"]


def test_a_refusal_is_told_as_mesos_tells_it() -> None:
    with ScriptedAgent() as agent:
        agent.next_subscribes.append(Answer(status=400, body="Failed to validate it"))
        events = works(agent)
        assert events.of("error") == [
            ("Received unexpected '400 Bad Request' (Failed to validate it) for SUBSCRIBE",)]


def test_an_agent_that_does_not_know_us_is_not_waited_for() -> None:
    with ScriptedAgent() as agent:
        events = RecordedEvents()
        with driving(agent, events):
            events.wait("registered")
            agent.next_subscribes.append(Answer(status=400, body="Framework cannot be found"))
            agent.go_away()
            agent.come_back()
            events.wait("shutdown")
            assert events.of("shutdown") == [("the agent does not know this executor any more",)]


@pytest.mark.parametrize("location", ["http://{}/slave(1)/api/v1/executor", "//{}/slave(1)/api/v1/executor"])
def test_a_redirect_is_followed(location: str) -> None:
    with ScriptedAgent() as first, ScriptedAgent() as second:
        target = location.format(f"127.0.0.1:{second.port}")
        first.next_subscribes.append(Answer(status=307, headers={"Location": target}))
        events = RecordedEvents()
        with driving(first, events) as driver:
            events.wait("registered")
            driver.send(TaskStatus("t1", TaskState.STARTING))
            assert driver.drained(30)
            assert second.states("t1") == ["TASK_STARTING"]
            assert (len(first.received), events.of("error")) == (1, [])


# 11. IPv6 and large events.


def test_defect_11_ipv6() -> None:
    with ScriptedAgent("::1") as agent:
        works(agent)
        assert {each.headers["host"] for each in agent.received} == {f"[::1]:{agent.port}"}


def test_defect_11_large_events_arrive_whole_and_in_order() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events):
        agent.wait_subscribed()
        sizes = [1, 4095, 4096, 4097, 1 << 20, 24 << 20, 3]
        for size in sizes:
            agent.launch("t1", padding="x" * size)
        events.wait("launch", times=len(sizes))
        assert [len(task["padding"]) for (task,) in events.of("launch")] == sizes


def test_defect_11_reading_a_large_event_copies_each_byte_a_few_times_only() -> None:
    """Counted in reads: 32 MiB take a number of reads that grows with the size, each of a bounded amount."""
    size = 32 << 20
    record = b'"%s"' % (b"x" * (size - 2))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10.0)
        stream = EventStream(ours, b"")
        framed = encode_record(record)
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(framed), framed)
        sender = threading.Thread(target=theirs.sendall, args=(answer,))
        sender.start()
        records: list[bytes] = []
        while not records:
            records = stream.read()
        sender.join()
        assert records == [record]
        stream.close()


def test_an_event_in_many_pieces_and_many_events_in_one() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10.0)
        stream = EventStream(ours, request("/path", {"Host": "h"}, b"body"))
        assert theirs.recv(4096) == b"POST /path HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
        records = [json.dumps({"n": n}).encode() for n in range(5)]
        body = b"".join(encode_record(record) for record in records)
        whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
            b"%x\r\n%s\r\n" % (len(body[at:at + 3]), body[at:at + 3]) for at in range(0, len(body), 3))
        seen: list[bytes] = []
        for at in range(len(whole) - 40):
            theirs.sendall(whole[at:at + 1])
            seen += stream.read()
        theirs.sendall(whole[len(whole) - 40:] + b"0\r\n\r\n")
        seen += stream.read()
        assert seen == records
        with pytest.raises(OSError, match="End-Of-File"):
            stream.read()
        stream.close()


def test_descriptors_above_1023_are_no_limit() -> None:
    """select() cannot wait for them, and an executor of many containers has them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    taken = [os.open("/dev/null", os.O_RDONLY) for _ in range(1030)]
    try:
        with ScriptedAgent() as agent:
            works(agent)
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
