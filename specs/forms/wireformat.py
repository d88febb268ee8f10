"""protobuf's encoding, without what the fields mean: a message is a row of fields, each of them a
tag (its number and the kind of its value) and a value.

As protobuf: its encoding guide; where that leaves room (how long a varint may be, how deep a group),
upb's decoder, which is what refused bytes before.
"""
from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

VARINT, FIXED64, LENGTH, _GROUP, _END, _FIXED32 = range(6)  # kinds of values
DEPTH: Final = 100  # of messages within messages; whoever sends more means harm
_SIZES: Final = {FIXED64: 8, _FIXED32: 4}
_LONGEST: Final = 10  # bytes of a varint
_SHORT: Final = 5  # bytes of one that says a tag or a length
_UINT32_MAX, _INT32_MAX = (1 << 32) - 1, (1 << 31) - 1


class Malformed(ValueError):  # noqa: N818 - it says what the bytes are
    """The bytes are no message, whatever its fields."""


def fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Number, kind and value of each field as it comes; values are integers from 0 to 2⁶⁴-1 with
    VARINT, and bytes otherwise. Groups, which Mesos has none of, are skipped. Raises Malformed.
    """
    position = 0
    while position < len(data):
        number, kind, value, position = _field(data, position, DEPTH)
        if kind == _END:
            raise Malformed
        if kind != _GROUP:
            yield number, kind, value


def varints(data: bytes) -> Iterator[int]:
    """The values of a packed field. Raises Malformed."""
    position = 0
    while position < len(data):
        value, position = _varint(data, position, _LONGEST)
        yield value


def doubles(data: bytes) -> Iterator[bytes]:
    """The values of a packed field of doubles. Raises Malformed."""
    size = _SIZES[FIXED64]
    if len(data) % size:
        raise Malformed
    return (data[start:start + size] for start in range(0, len(data), size))


def signed(value: int, bits: int) -> int:
    """The lowest `bits` of an integer, as two's complement."""
    low = value & (1 << bits) - 1
    return low - (1 << bits) if low >> bits - 1 else low


def varint_field(number: int, value: int) -> bytes:
    """A field with an integer, a negative one in two's complement of 64 bits."""
    return _to_varint(number << 3 | VARINT) + _to_varint(value & (1 << 64) - 1)


def double_field(number: int, value: float) -> bytes:
    """A field with a double."""
    return _to_varint(number << 3 | FIXED64) + struct.pack("<d", value)


def bytes_field(number: int, value: bytes) -> bytes:
    """A field with bytes: a text's, a message's."""
    return b"".join((_to_varint(number << 3 | LENGTH), _to_varint(len(value)), value))


def _field(data: bytes, position: int, depth: int) -> tuple[int, int, int | bytes, int]:
    tag, position = _varint(data, position, _SHORT)
    number, kind = tag >> 3, tag & 7
    if tag > _UINT32_MAX or not number or kind > _FIXED32:
        raise Malformed
    if kind == VARINT:
        return number, kind, *_varint(data, position, _LONGEST)
    if kind == _GROUP:
        return number, kind, b"", _after_group(data, position, number, depth - 1)
    if kind == _END:
        return number, kind, b"", position
    if kind == LENGTH:
        size, position = _varint(data, position, _SHORT)
    else:
        size = _SIZES[kind]
    end = position + size
    if size > _INT32_MAX or end > len(data):
        raise Malformed
    return number, kind, data[position:end], end


def _after_group(data: bytes, position: int, group: int, depth: int) -> int:
    if depth < 0:
        raise Malformed
    while position < len(data):
        number, kind, _, position = _field(data, position, depth)
        if kind == _END:
            if number != group:
                break
            return position
    raise Malformed


def _varint(data: bytes, position: int, longest: int) -> tuple[int, int]:
    """Seven bits in each byte, the lowest first; the eighth says that more follow."""
    value = 0
    for shift, byte in enumerate(data[position:position + longest]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value & (1 << 64) - 1, position + shift + 1
    raise Malformed


def _to_varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    result = bytearray()
    while value >= 0x80:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)
