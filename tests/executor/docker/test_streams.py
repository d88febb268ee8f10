"""Frames and chunks, cut anywhere."""
from __future__ import annotations

import itertools
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.docker.door.streams import (
    ChunkDecoder,
    ChunkError,
    Decoder,
    FrameDecoder,
    LineDecoder,
    RawDecoder,
    SocketStream,
    pieces,
)

TEXTS = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=300)), max_size=20)


def framed(texts: list[tuple[int, bytes]]) -> bytes:
    return b"".join(bytes([kind, 0, 0, 0]) + len(text).to_bytes(4, "big") + text for kind, text in texts)


def chunked(data: bytes, size: int) -> bytes:
    chunks = [data[at:at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def fed(decoder: Decoder, data: bytes, cuts: list[int]) -> dict[int, bytes]:
    found = {1: b"", 2: b""}
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        for kind, text in decoder.feed(data[start:end]):
            found[kind] += text
    return found


def wanted(texts: list[tuple[int, bytes]]) -> dict[int, bytes]:
    return {kind: b"".join(text for each, text in texts if each == kind) for kind in (1, 2)}


@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=30))
def test_frames_cut_anywhere(texts: list[tuple[int, bytes]], cuts: list[int]) -> None:
    assert fed(FrameDecoder(), framed(texts), cuts) == wanted(texts)


@given(TEXTS, st.integers(1, 50), st.lists(st.integers(0, 20_000), max_size=30))
def test_frames_in_chunks_cut_anywhere(texts: list[tuple[int, bytes]], size: int, cuts: list[int]) -> None:
    decoder = ChunkDecoder(FrameDecoder())
    assert fed(decoder, chunked(framed(texts), size), cuts) == wanted(texts)
    assert decoder.ended


LINES = st.lists(st.binary(min_size=1, max_size=50).filter(lambda line: b"\n" not in line and bool(line.strip())))


@given(LINES, st.lists(st.integers(0, 2000), max_size=20))
def test_lines_cut_anywhere(lines: list[bytes], cuts: list[int]) -> None:
    decoder = LineDecoder()
    data = b"".join(line + b"\r\n" for line in lines)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    found = [line for start, end in itertools.pairwise(edges) for _, line in decoder.feed(data[start:end])]
    assert [line.rstrip(b"\r") for line in found] == [line.rstrip(b"\r") for line in lines]


def test_a_frame_is_handed_on_before_it_is_whole() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(framed([(2, b"x" * 1000)])[:100]) == [(2, b"x" * 92)]


def test_the_engines_own_complaint_is_stderr() -> None:
    assert FrameDecoder().feed(framed([(3, b"no log")])) == [(2, b"no log")]


def test_a_terminal_is_stdout() -> None:
    assert RawDecoder().feed(b"x") == [(1, b"x")]
    assert RawDecoder().feed(b"") == []


@pytest.mark.parametrize("data", [b"xyz\r\n", b"-5\r\n", b"f" * 100])
def test_what_is_no_chunk(data: bytes) -> None:
    with pytest.raises(ChunkError):
        ChunkDecoder(RawDecoder()).feed(data)


def test_a_socket_stream_never_blocks_and_ends_once() -> None:
    theirs, ours = socket.socketpair()
    stream = SocketStream(ours, FrameDecoder())
    assert stream.read() == []
    theirs.sendall(framed([(1, b"a")]))
    assert stream.read() == [(1, b"a")]
    theirs.close()
    assert stream.read() is None
    assert stream.read() is None
    stream.close()


def test_a_socket_stream_ends_with_its_last_chunk() -> None:
    theirs, ours = socket.socketpair()
    stream = SocketStream(ours, ChunkDecoder(FrameDecoder()))
    theirs.sendall(chunked(framed([(1, b"a")]), 5))
    assert stream.read() == [(1, b"a")]
    assert stream.read() is None
    stream.close()
    theirs.close()


def test_an_answer_that_breaks_off_is_an_error() -> None:
    theirs, ours = socket.socketpair()
    theirs.sendall(b"5\r\nab")
    theirs.close()
    with pytest.raises(ConnectionError, match="broke off"):
        list(pieces(ours, ChunkDecoder(RawDecoder())))
    ours.close()
