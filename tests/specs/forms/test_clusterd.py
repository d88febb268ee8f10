"""What Clusterd has added to Mesos's messages is read without harm: it is skipped, as Mesos itself does.

Both versions of the API, agent.proto and master.proto: numbers and names only, by its master branch of
August 2026. All else that an executor or a scheduler is sent is as in Mesos.
"""
from __future__ import annotations

from typing import Any

import pytest

from specs.forms import wire

ADDED = [  # message, the number of its new kind, the new fields' numbers
    ("agent.Call", 33, (23,)), ("agent.Call", 34, (24,)), ("agent.Response", 18, (19,)),
    ("master.Call", 40, (24,)), ("master.Response", 20, (21,)),
]


def varint(number: int) -> bytes:
    return bytes([number & 0x7f | 0x80, number >> 7]) if number > 0x7f else bytes([number])


@pytest.mark.parametrize(("message", "kind", "fields"), ADDED)
def test_a_new_kind_of_call_is_none_and_its_fields_are_skipped(message: str, kind: int,
                                                               fields: tuple[int, ...]) -> None:
    new = b"".join(varint(field << 3 | 2) + b"\x05\x08\x01\x12\x01x" for field in fields)
    known: dict[str, Any] = {"type": "GET_HEALTH"}
    name = f"mesos.v1.{message}"
    assert wire.decode(name, b"\x08" + varint(kind) + new) == {}
    assert wire.decode(name, wire.encode(name, known) + new) == known
    assert wire.encode(name, {**known, "read_log": {"source": "AGENT"},
                              "update_container_memory_limit": {}}) == wire.encode(name, known)
