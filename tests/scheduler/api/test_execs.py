"""Commands in containers: the service in the middle, our executor's side of it behind, processes of this machine
as their containers.
"""
from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

from deploy.serve.start import fingerprint
from executor.endpoint.execs import Execs
from executor.endpoint.requests import requested
from scheduler.api.access import Access, Password, Role
from scheduler.looking import execs as looking
from scheduler.looking.places import find
from specs.between.exec_frames import PIECE, STDIN, WINDOW
from specs.between.executor_request import ExecRequest
from tests.fakes.certificates import Certificate, make_authority
from tests.fakes.runtime import FakeRuntime
from tests.fakes.sandboxes import FakeSandboxes
from tests.scheduler.service.serving import Serving, app

T = TypeVar("T")
ACCESS = Access({"t": Role.WRITE, "r": Role.READ}, {"ann": Password("secret1"), "bob": Password("secret2")})


class Answering(Serving):
    """With an executor that answers every message."""

    def answer(self) -> None:
        runtime = FakeRuntime()
        container = runtime.containers.create({"Image": "busybox:static", "Cmd": ["sleep", "1000"]}, "c")
        runtime.containers.start(container)
        execs = Execs(lambda: runtime.containers)
        while (sent := self.sandboxes.sent.get())[2]:
            request = requested(sent[2])
            assert isinstance(request, ExecRequest)
            execs.begin(request, container)
            execs.begin(request, container)  # a message may come twice
        runtime.engine.close()


@contextlib.contextmanager
def answering(folder: Path, own: Certificate | None = None) -> Iterator[Answering]:
    """With an app, /web."""
    found = Answering(folder / "state", access=ACCESS)
    found.tls = None if own is None else own.server()
    with found:
        found.headers = {"Authorization": "Bearer t"}
        found.change("POST", "/v2/apps", app("/web", instances=1))
        found.sandboxes.url = found.url()
        found.sandboxes.certificate = None if own is None else fingerprint(own.certificate.read_text())
        thread = threading.Thread(target=found.answer)
        thread.start()
        yield found
        found.sandboxes.sent.put(("", "", b""))
        thread.join(30)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    with answering(tmp_path_factory.mktemp("state")) as found:
        found.change("POST", "/v2/apps", app("/closed", instances=1, labels={"MESOS_DOCKER_EXEC": "false"}))
        found.change("POST", "/v2/apps", app("/plain", instances=1, container=None))
        yield found


def asked(serving: Serving, command: list[str], app_id: str = "/web", **more: Any) -> tuple[int, Any]:
    instance = serving.get(f"/api/v1/instances?app={app_id}")[0]["id"]
    return serving.ask("POST", f"/api/v1/instances/{instance}/exec", {"command": command, **more})[:2]


def talked(serving: Serving, path: str, talk: Callable[[aiohttp.ClientWebSocketResponse], Awaitable[T]],
           headers: dict[str, str] | None = None) -> T:
    async def run() -> T:
        try:
            async with aiohttp.ClientSession() as session, session.ws_connect(
                    serving.url() + path, headers=headers or serving.headers, ssl=False) as link:
                return await asyncio.wait_for(talk(link), 60)
        finally:
            await asyncio.sleep(0.05)  # its connections are closed some turns of the loop later

    return asyncio.run(run())


async def said(link: aiohttp.ClientWebSocketResponse,
               taken: list[int] | None = None) -> tuple[bytes, dict[str, Any]]:
    """All output, and the last word; how much of stdin was taken is added to `taken`."""
    output, last = b"", {}
    async for message in link:
        if message.type is aiohttp.WSMsgType.BINARY:
            output += message.data[1:]
        elif "taken" not in (word := json.loads(message.data)):
            last = word
        elif taken is not None:
            taken.append(word["taken"])
    return output, last


@pytest.mark.parametrize(("command", "output", "last"), [
    (["sh", "-c", "echo a; exit 7"], b"a\n", {"exitCode": 7}), (["sh", "-c", "kill -TERM $$"], b"", {"exitCode": 143}),
    (["head", "-c", "1000000", "/dev/zero"], bytes(1_000_000), {"exitCode": 0})])
def test_output_and_status_come_back(serving: Answering, command: list[str], output: bytes,
                                     last: dict[str, int]) -> None:
    status, body = asked(serving, command)
    assert status == 201
    assert talked(serving, body["url"], said) == (output, last)
    assert serving.ask("GET", body["url"], headers={"Upgrade": "websocket"})[0] == 404


def test_a_program_that_is_not_there_is_an_error(serving: Answering) -> None:
    output, last = talked(serving, asked(serving, ["/no/such/program"])[1]["url"], said)
    assert (output, "/no/such/program" in last["error"]) == (b"", True)


def test_bytes_go_through_both_ways(serving: Answering, tmp_path: Path) -> None:
    content = bytes(range(256)) * 8000

    async def talk(link: aiohttp.ClientWebSocketResponse) -> tuple[bytes, dict[str, Any]]:
        taken = [0]
        answer = asyncio.create_task(said(link, taken))
        for at in range(0, len(content), PIECE):
            while at > taken[-1] + WINDOW - PIECE:
                await asyncio.sleep(0.01)
            await link.send_bytes(bytes([STDIN]) + content[at:at + PIECE])
        await link.send_str('{"closeStdin": true}')
        return await answer

    assert talked(serving, asked(serving, ["cat"])[1]["url"], talk) == (content, {"exitCode": 0})
    with answering(tmp_path, make_authority(tmp_path)) as secured:
        assert talked(secured, asked(secured, ["cat"])[1]["url"], talk) == (content, {"exitCode": 0})


def test_a_signal_is_heard_while_stdin_is_not_read(serving: Answering) -> None:
    async def talk(link: aiohttp.ClientWebSocketResponse) -> tuple[bytes, dict[str, Any]]:
        for _ in range(WINDOW // PIECE - 1):
            await link.send_bytes(bytes([STDIN]) + bytes(PIECE))
        await link.send_str('{"resize": {"columns": 80, "rows": 24}}')
        await link.send_str("what?")
        await link.send_str('{"signal": "TERM"}')
        return await said(link)

    assert talked(serving, asked(serving, ["sleep", "1000"])[1]["url"], talk)[1] == {"exitCode": 143}


@pytest.mark.parametrize("turn", range(15))
def test_the_last_word_is_heard_however_much_is_still_sent(serving: Answering, turn: int) -> None:
    """What nobody reads any more must not reset the connection that the last word is on."""
    async def talk(link: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
        taken, sent = [0], 0
        answer = asyncio.create_task(said(link, taken))
        with contextlib.suppress(ConnectionError):
            while not answer.done():
                if sent - taken[-1] < WINDOW - PIECE:
                    await link.send_bytes(bytes([STDIN]) + bytes(PIECE))
                    sent += PIECE
                else:
                    await asyncio.sleep(0)
        return (await answer)[1]

    path = asked(serving, ["sleep", f"0.0{turn}"])[1]["url"]
    assert talked(serving, path, talk) == {"exitCode": 0}


def test_who_sends_more_than_is_taken_is_cut_off(serving: Answering) -> None:
    async def talk(link: aiohttp.ClientWebSocketResponse) -> tuple[bytes, dict[str, Any]]:
        with contextlib.suppress(ConnectionError):  # when the cut comes first
            for _ in range(2 * WINDOW // PIECE):
                await link.send_bytes(bytes([STDIN]) + bytes(PIECE))
        return await said(link)

    assert "broke" in talked(serving, asked(serving, ["sleep", "1000"])[1]["url"], talk)[1]["error"]


def test_a_command_ends_with_its_connection(serving: Answering, tmp_path: Path) -> None:
    async def talk(link: aiohttp.ClientWebSocketResponse) -> bytes:
        return bytes((await link.receive()).data[1:])

    pid = talked(serving, asked(serving, ["sh", "-c", "echo $$; sleep 1000; true"])[1]["url"], talk).decode().strip()
    serving.wait(lambda: not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize(("app_id", "body", "status", "says"), [
    ("/closed", {"command": ["true"]}, 409, "MESOS_DOCKER_EXEC"),
    ("/plain", {"command": ["true"]}, 409, "no container"),
    ("/web", {"command": []}, 422, "/command"), ("/web", {"command": ["a\0"]}, 422, "/command"),
    ("/web", {"command": ["a"], "rows": 0}, 422, "rows"), ("/web", {"command": ["x" * 70_000]}, 422, "bytes"),
    ("/web", {"command": ["a"], "comand": 1}, 422, "command"), ("/web", {}, 422, "/command"), ("/web", [], 422, "")])
def test_what_cannot_be_run_is_refused(serving: Answering, app_id: str, body: Any, status: int, says: str) -> None:
    instance = serving.get(f"/api/v1/instances?app={app_id}")[0]["id"]
    found, answer, _ = serving.ask("POST", f"/api/v1/instances/{instance}/exec", body)
    assert (found, says in json.dumps(answer)) == (status, True), answer


def test_only_who_asked_is_connected(serving: Answering) -> None:
    path = asked(serving, ["true"])[1]["url"]
    for headers, status in (({"Authorization": "Bearer r"}, 403), ({"Authorization": "Basic Ym9iOnNlY3JldDI="}, 404),
                            ({"Authorization": ""}, 401), ({**serving.headers, "Origin": "http://evil"}, 403)):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            talked(serving, path, said, headers)
        assert caught.value.status == status
    for token in ("", "wrong", "ü"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            talked(serving, path + "/executor", said, {"Authorization": f"Bearer {token}"})
        assert caught.value.status == 404
    assert talked(serving, path, said)[1] == {"exitCode": 0}


def test_an_executor_that_does_not_answer_is_told_of(serving: Answering, tmp_path: Path) -> None:
    agents = FakeSandboxes(tmp_path)

    async def asked_in_vain() -> None:
        view = serving.service.view
        execs = looking.Execs(agents, patience=0.2)
        spot = find(view, serving.running("/web")[0])
        wanted = execs.open(view, spot, ("true",), None, tty=False, user="", address="")
        with pytest.raises(looking.NoExecError, match="has not called back"):
            await execs.executor(wanted, "/back")
        execs.end(wanted)

    asyncio.run(asked_in_vain())
    request = requested(agents.sent.get_nowait()[2])
    assert isinstance(request, ExecRequest)
    assert request.url == "/back"


def test_each_command_is_two_events(serving: Answering) -> None:
    last = serving.service.events.last
    talked(serving, asked(serving, ["sh", "-c", "exit 3"])[1]["url"], said)
    serving.wait(lambda: len(serving.service.events.replay(last).events) >= 2)
    started, ended = (json.loads(each.data) for each in serving.service.events.replay(last).events)
    assert [each["eventType"] for each in (started, ended)] == ["mesos_docker_exec_started", "mesos_docker_exec_ended"]
    assert ended["how"] == "exit status 3"
    for each in (started, ended):
        assert (each["user"], each["address"], each["appId"], each["command"]) == (
            "token", "127.0.0.1", "/web", ["sh", "-c", "exit 3"])
