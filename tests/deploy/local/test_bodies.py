"""Bodies that are too large, packed or not; and that others are served meanwhile."""
from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import threading
import zlib
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.pytest_plugin import StartMesos
from deploy.local.wire.bodies import MAX_BODY, Bodies, BodyError
from deploy.local.wire.events import LARGE, MAX_VALUES, CallError, in_turn, read_call
from specs.forms.json_text import JsonSyntaxError, parse_json
from tests.deploy.local.client import HEADERS, get, post

CALL = "mesos.v1.scheduler.Call"


async def stream(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def read(*pieces: bytes, encoding: str = "", most: int = 100, together: int = 1000) -> bytes:
    async def whole() -> bytes:
        bodies = Bodies(most, together)
        body = await bodies.read(stream(pieces), encoding)
        bodies.release(body)
        assert await bodies.read(stream([b"x" * min(most, together)]), "")  # nothing was kept
        return body

    return asyncio.run(whole())


@given(st.lists(st.binary(max_size=40), max_size=4), st.integers(1, 50), st.booleans())
def test_what_fits_arrives_whole_however_it_is_cut(members: list[bytes], cut: int,
                                                   padded: bool) -> None:
    packed = b"".join(gzip.compress(member)
                      for member in members) + bytes(8 if padded and members else 0)
    pieces = [packed[begin:begin + cut] for begin in range(0, len(packed), cut)]
    assert read(*pieces, encoding="gzip", most=200) == b"".join(members)
    assert read(*pieces, most=1000) == packed


@pytest.mark.parametrize(("length", "fits"),
                         [(0, True), (99, True), (100, True), (101, False), (1 << 20, False)])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_the_limit_counts_unpacked_bytes(encoding: str, length: int, fits: bool) -> None:
    body = b"x" * length
    packed = gzip.compress(body) if encoding else body
    if fits:
        assert read(packed, encoding=encoding) == body
        return
    with pytest.raises(BodyError) as refused:
        read(packed[:10], packed[10:], encoding=encoding)
    assert refused.value.status == 413


def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()  # 256 MiB in 256 KiB
    with pytest.raises(BodyError) as refused:
        read(bomb, encoding="gzip", most=1 << 20, together=1 << 21)
    assert refused.value.status == 413


@pytest.mark.parametrize("packed", [
    b"no gzip at all", gzip.compress(b"x" * 50)[:-4], gzip.compress(b"x") + b"more",
    gzip.compress(b"x")[:5]], ids=["text", "cut short", "more behind", "half a header"])
def test_what_is_no_gzip(packed: bytes) -> None:
    with pytest.raises(BodyError) as refused:
        read(packed, encoding="gzip")
    assert (refused.value.status, str(refused.value)) == (500, "failed to decode body")


def test_all_bodies_together_have_a_limit() -> None:
    async def several() -> None:
        bodies = Bodies(most=100, together=150)
        held = await bodies.read(stream([b"x" * 100]), "")
        with pytest.raises(BodyError) as refused:
            await bodies.read(stream([b"y" * 51]), "")
        assert refused.value.status == 503
        bodies.release(held)
        assert await bodies.read(stream([b"y" * 51]), "") == b"y" * 51

    asyncio.run(several())


def test_a_sender_that_falls_silent_is_not_waited_for() -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    async def wait() -> None:
        bodies = Bodies(100, 100, silence=0.01)
        with pytest.raises(BodyError) as refused:
            await bodies.read(never(), "")
        assert refused.value.status == 408
        assert await bodies.read(stream([b"y" * 100]), "") == b"y" * 100

    asyncio.run(wait())


# ---- reading them


def test_a_large_body_is_read_beside_the_loop_and_a_small_one_at_once() -> None:
    async def where(length: int) -> threading.Thread:
        return await in_turn(bytes(length), threading.current_thread)

    assert asyncio.run(where(LARGE)) is threading.main_thread()
    assert asyncio.run(where(LARGE + 1)) is not threading.main_thread()


@pytest.mark.parametrize(("text", "stopped"), [
    (" " * (2 << 20), ""), ('{"a": "' + "x" * (2 << 20), '"' + "x" * 100),
    ("[" * (2 << 20), "[" * 100),
    ("\n" * (2 << 20) + "x", "x"), ('["\\ud800", "' + "x" * (2 << 20) + '"]', '["\\ud800", "xxx'),
    ("[" + "1, " * (1 << 20) + "x]", "x]")])
def test_megabytes_that_are_no_json(text: str, stopped: str) -> None:
    with pytest.raises(JsonSyntaxError) as refused:
        parse_json(text)
    assert str(refused.value).startswith(
        f"syntax error at line {text.count(chr(10)) + 1} near: {stopped}")


def test_megabytes_of_json_are_read() -> None:
    value = {"a": ["\U0001f600", "x" * (2 << 20)]}
    assert parse_json(json.dumps(value)) == value


def test_a_body_of_too_many_values() -> None:
    with pytest.raises(CallError) as refused:
        read_call(CALL, b"[" + b"0," * (MAX_VALUES + 1) + b"0]", "application/json")
    assert refused.value.status == 413


# ---- over HTTP


def test_bodies_that_are_too_large_over_http(local_mesos: StartMesos) -> None:
    mesos = local_mesos(agents=1)
    for address, path in ((mesos.address, "/api/v1/scheduler"),
                          (mesos.agent_addresses[0], "/api/v1")):
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.putrequest("POST", path)  # its length is enough, nothing of it is sent
        connection.putheader("Content-Length", str(MAX_BODY + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()
        bomb = gzip.compress(bytes(MAX_BODY + 1))
        assert post(address, path, bomb, {**HEADERS, "Content-Encoding": "gzip"}) == (
            413, f"The body is larger than {MAX_BODY} bytes")
        assert post(address, path, b" " * MAX_BODY, HEADERS)[0] == 400
        assert get(address, "/health")[0] == 200


def test_a_body_without_a_length_is_cut_off_at_the_limit(local_mesos: StartMesos) -> None:
    connection = http.client.HTTPConnection(local_mesos(agents=0).address, timeout=30)
    connection.putrequest("POST", "/api/v1")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    piece = b"%x\r\n%b\r\n" % (1 << 20, bytes(1 << 20))
    for _ in range((MAX_BODY >> 20) + 1):
        connection.send(piece)
    assert connection.getresponse().status == 413
    connection.close()
