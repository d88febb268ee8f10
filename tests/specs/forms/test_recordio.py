"""RecordIO, however its pieces are cut."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.forms.recordio import RecordDecoder, RecordError, encode_record


def test_a_record_is_its_length_a_newline_and_its_bytes() -> None:
    assert encode_record(b'{"a":1}') == b'7\n{"a":1}'


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20), st.lists(st.integers(1, 50), max_size=200))
def test_records_come_out_as_they_went_in_however_they_are_cut(records: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(encode_record, records))
    decoder = RecordDecoder()
    seen: list[bytes] = []
    for cut in cuts:
        piece, stream = stream[:cut], stream[cut:]
        seen += decoder.feed(piece)
    seen += decoder.feed(stream)
    assert seen == records


@pytest.mark.parametrize("stream", [b"0\n", b"-1\n", b"x\n", b"\n", b" 5\nhello", b"5 \nhello", b"1" * 21])
def test_what_is_not_a_length_is_an_error(stream: bytes) -> None:
    with pytest.raises(RecordError):
        RecordDecoder().feed(stream)


def test_a_length_beyond_the_limit_is_an_error_before_its_bytes_arrive() -> None:
    assert RecordDecoder(max_record=10).feed(b"10\n0123456789") == [b"0123456789"]
    with pytest.raises(RecordError, match="11"):
        RecordDecoder(max_record=10).feed(b"11\n")


def test_each_byte_of_a_large_record_is_copied_a_constant_number_of_times() -> None:
    """Counted, not timed: the decoder never holds more than the bytes it was given and the record it makes of them."""
    size = 4 << 20
    decoder = RecordDecoder()
    assert decoder.feed(b"%d\n" % size) == []
    piece = bytes(4096)
    held = []
    for _ in range(size // 4096 - 1):
        assert decoder.feed(piece) == []
        held.append(len(decoder._buffer))
    assert held == [4096 * (i + 1) for i in range(len(held))]
    assert [len(record) for record in decoder.feed(piece)] == [size]
    assert len(decoder._buffer) == 0
