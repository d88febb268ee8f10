"""Requests as libprocess writes them, cut anywhere, and what is none."""
from __future__ import annotations

import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.agent.v0 import requests
from executor.agent.v0.requests import BadRequest, Request, RequestReader, message
from specs.network.pid import parse_pid

AGENT, EXECUTOR = parse_pid("slave(1)@127.0.0.1:5051"), parse_pid("executor(1)@127.0.0.1:34557")


def read(data: bytes, sizes: Sequence[int] = ()) -> list[Request]:
    reader, found = RequestReader(), []
    for size in sizes:
        found += reader.feed(data[:size])
        data = data[size:]
    return found + reader.feed(data)


def test_a_message_is_written_as_mesos_writes_it() -> None:
    assert message(EXECUTOR, AGENT, "mesos.internal.X", b"body") == (
        b"POST /slave(1)/mesos.internal.X HTTP/1.1\r\n"
        b"User-Agent: libprocess/executor(1)@127.0.0.1:34557\r\n"
        b"Libprocess-From: executor(1)@127.0.0.1:34557\r\n"
        b"Connection: Keep-Alive\r\nHost: 127.0.0.1:5051\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n")


def test_an_empty_message_has_no_body() -> None:
    assert message(EXECUTOR, AGENT, "mesos.internal.X", b"").endswith(b"Host: 127.0.0.1:5051\r\n\r\n")


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.lists(st.integers(1, 200), max_size=40))
def test_whatever_is_written_is_read_however_it_is_cut(bodies: list[bytes], sizes: list[int]) -> None:
    data = b"".join(message(AGENT, EXECUTOR, f"mesos.internal.N{number}", body) for number, body in enumerate(bodies))
    found = read(data, sizes)
    assert [each.body for each in found] == bodies
    assert [each.target for each in found] == [("executor(1)", f"mesos.internal.N{number}")
                                               for number in range(len(bodies))]
    assert {each.sender for each in found} == {"slave(1)@127.0.0.1:5051"}


@given(st.binary(max_size=400), st.lists(st.integers(1, 50), max_size=20))
def test_garbage_is_refused_or_waited_for_and_never_anything_else(data: bytes, sizes: list[int]) -> None:
    with contextlib.suppress(BadRequest):
        read(data, sizes)


@given(st.binary(min_size=1, max_size=30), st.integers(0, 200))
def test_a_message_with_garbage_in_it_is_a_message_or_refused(garbage: bytes, place: int) -> None:
    data = message(AGENT, EXECUTOR, "mesos.internal.X", b"x" * 50)
    with contextlib.suppress(BadRequest):
        assert len(read(data[:place] + garbage + data[place:])) <= 2


def test_several_chunks_extensions_and_trailers() -> None:
    (found,) = read(b"POST /e/x HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n"
                    b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n")
    assert found.body == b"abcde"


def test_a_body_with_its_length_and_the_next_request_behind_it() -> None:
    found = read(b"POST /e/x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n")
    assert [(each.method, each.body) for each in found] == [("POST", b"abc"), ("GET", b"")]


@pytest.mark.parametrize(("headers", "sender"), [
    ("User-Agent: libprocess/a@1.2.3.4:5", "a@1.2.3.4:5"),
    ("User-Agent: libprocess/a@1.2.3.4:5\r\nLibprocess-From: b@1.2.3.4:6", "b@1.2.3.4:6"),
    ("Libprocess-From: b@1.2.3.4:6", "b@1.2.3.4:6"),
    ("User-Agent: curl/8", None),
])
def test_who_says_it(headers: str, sender: str | None) -> None:
    (found,) = read(f"POST /e/x HTTP/1.1\r\n{headers}\r\n\r\n".encode())
    assert found.sender == sender


def test_the_actor_may_be_percent_encoded() -> None:
    (found,) = read(b"POST /executor%281%29/mesos.internal.X HTTP/1.1\r\n\r\n")
    assert found.target == ("executor(1)", "mesos.internal.X")


@pytest.mark.parametrize("data", [
    b"\x16\x03\x01\x02\x00\r\n",
    b"hello\r\n",
    b"POST /e/x HTTP/2\r\n\r\n",
    b"POST /e/x HTTP/1.1\r\nno header\r\n\r\n",
    b"POST /e/x HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    b"POST /e/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /e/x HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n",
    b"POST /e/x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /e/x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"POST /e/x HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST /e/x HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    b"POST /e/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    b"POST /e/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n",
    b"POST /e/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    b"POST /e/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 300,
    b"POST /e/x HTTP/1.1\r\n" + b"A: b\r\n" * 4000,
    b"A" * requests.MAX_HEAD,
])
def test_refused(data: bytes) -> None:
    with pytest.raises(BadRequest):
        read(data)


def test_chunks_together_are_bounded_too() -> None:
    reader = RequestReader()
    reader.feed(b"POST /e/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = requests.MAX_BODY // 2
    reader.feed(f"{chunk:x}\r\n".encode() + bytes(chunk) + b"\r\n")
    with pytest.raises(BadRequest):
        reader.feed(f"{chunk + 1:x}\r\n".encode())
