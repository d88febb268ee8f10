"""WebSocket's frames, cut anywhere."""
from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.endpoint.frames import (
    BINARY,
    CLOSE,
    PING,
    TEXT,
    ExecFrameDecoder,
    FrameError,
    WebSocketMessage,
    accepted,
    frame,
)

KINDS = st.sampled_from([TEXT, BINARY, PING])


def served(kind: int, data: bytes, *, last: bool = True) -> bytes:
    """As a server sends it: without a mask."""
    first = (0x80 if last else 0) | kind
    if len(data) < 126:
        return struct.pack("!BB", first, len(data)) + data
    if len(data) < 1 << 16:
        return struct.pack("!BBH", first, 126, len(data)) + data
    return struct.pack("!BBQ", first, 127, len(data)) + data


def unmasked(sent: bytes) -> tuple[int, bytes]:
    """Kind and data of a client's frame, as RFC 6455 says it."""
    length, at = sent[1] & 0x7F, 2
    if length > 125:
        at = 4 if length == 126 else 10
        length = int.from_bytes(sent[2:at], "big")
    mask, data = sent[at:at + 4], sent[at + 4:]
    assert len(data) == length
    return sent[0] & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))


@given(KINDS, st.binary(max_size=300) | st.integers(65_530, 65_545).map(bytes), st.binary(min_size=4, max_size=4))
def test_what_is_sent_is_masked_and_whole(kind: int, data: bytes, mask: bytes) -> None:
    sent = frame(kind, data, mask)
    assert sent[1] & 0x80
    assert unmasked(sent) == (kind, data)


@given(st.lists(st.tuples(KINDS, st.binary(max_size=300)), max_size=5), st.data())
def test_messages_are_the_same_however_they_are_cut(messages: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(served(kind, content) for kind, content in messages)
    decoder = ExecFrameDecoder(1000)
    found = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += decoder.feed(stream[:cut])
        stream = stream[cut:]
    assert found == [WebSocketMessage(*each) for each in messages]


def test_a_message_in_parts_with_a_ping_between_them() -> None:
    stream = served(BINARY, b"a", last=False) + served(PING, b"p") + served(0, b"b", last=False) + served(0, b"c")
    assert ExecFrameDecoder(10).feed(stream) == [WebSocketMessage(PING, b"p"), WebSocketMessage(BINARY, b"abc")]


@pytest.mark.parametrize("stream", [
    served(BINARY, bytes(11)), served(BINARY, bytes(6), last=False) + served(0, bytes(6)), served(0, b"x"),
    served(BINARY, b"a", last=False) + served(TEXT, b"b"), b"\x82\x81aaaab", b"\xc2\x01a", b"HTTP/1.1 400"])
def test_what_no_server_sends_is_an_error(stream: bytes) -> None:
    with pytest.raises(FrameError):
        ExecFrameDecoder(10).feed(stream)


def test_the_answer_to_a_key() -> None:
    assert accepted("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455: 1.3
    assert ExecFrameDecoder(10).feed(served(CLOSE, b"\x03\xe8")) == [WebSocketMessage(CLOSE, b"\x03\xe8")]
