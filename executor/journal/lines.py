"""The form of a journal: a line for each record, with its checksum; the first one says whose it is.

    8 hex digits of CRC-32, a blank, JSON without a line break, a line break

A process that dies in the middle of a write leaves a last line that is not whole: it is cut, with
the room that may be behind it (zeros). A line that is damaged in front of whole ones is no such
thing, unless the host went down meanwhile: of what it had not brought to the disk any part may be
there, in any order, so all behind the first damage is cut. A file that begins otherwise is not ours:
it is refused, with the reason, as is a format that is too new or too old.
"""
from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

FORMAT: Final = (1, 1)  # a new minor adds records or fields that an older one can do without
NAME: Final = "mesos-docker-journal"


class JournalRefused(Exception):  # noqa: N818 - named after what is done with it
    """A file that is not ours to read, or damaged; the message says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """Whose journal it is. `boot`: the kernel's id of this boot of the host."""

    boot: str
    owner: str  # the label of our containers
    secrets: str  # the folder of the tasks' secret files
    format: tuple[int, int] = FORMAT


def line(value: Sequence[Any]) -> bytes:
    """One value of JSON as a line."""
    text = json.dumps(value, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def header_line(header: Header) -> bytes:
    """The first line."""
    return line([NAME, *header.format, header.boot, header.owner, header.secrets])


def read(content: bytes, boot: str = "") -> tuple[Header | None, list[list[Any]], int]:
    """Header, values and how many bytes of `content` they are: what is behind that is to be cut.

    No header: it is empty. The first line is never torn, as a new file is on the disk before it gets
    its name. `boot`: the kernel's id of this boot; empty: that of the file's. Raises JournalRefused.
    """
    values: list[list[Any]] = []
    good = 0
    for end, value in _lines(content):
        if value is None:
            went_down = boot and values and _header(values[0]).boot != boot
            if not went_down and _any_whole(content[end:]):
                raise JournalRefused(f"it is damaged at byte {good}")
            break
        values.append(value)
        good = end
    if not values:
        if content:
            raise JournalRefused("it is no journal of this executor")
        return None, [], 0
    return _header(values[0]), values[1:], good


def _lines(content: bytes) -> Iterator[tuple[int, list[Any] | None]]:
    begin = 0
    while begin < len(content):
        end = content.find(b"\n", begin) + 1 or len(content)
        yield end, _value(content[begin:end])
        begin = end


def _value(text: bytes) -> list[Any] | None:
    """None: the line is not whole."""
    if len(text) < 10 or text[-1:] != b"\n" or text[8:9] != b" ":
        return None
    try:
        if int(text[:8], 16) != zlib.crc32(text[9:-1]):
            return None
        value = json.loads(text[9:-1])
    except ValueError:
        return None
    return value if isinstance(value, list) and value else None


def _any_whole(content: bytes) -> bool:
    return any(value is not None for _, value in _lines(content))


def _header(value: list[Any]) -> Header:
    known = len(value) >= 6 and value[0] == NAME and all(isinstance(each, int)
                                                         for each in value[1:3])
    if not known or not all(isinstance(each, str) for each in value[3:6]):
        raise JournalRefused("it is no journal of this executor")
    major, minor = value[1:3]
    if major != FORMAT[0] or abs(minor - FORMAT[1]) > 1:
        raise JournalRefused(f"its format is {major}.{minor}, and this executor reads "
                             f"{FORMAT[0]}.{FORMAT[1]} and its next neighbours")
    return Header(value[3], value[4], value[5], (major, minor))
