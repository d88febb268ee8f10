"""Ids that nobody else has: UUIDs of version 4, as RFC 9562 has them.

Not by the standard library's `uuid`: that finds out on what platform it is, and takes a hundredth of
the memory that an executor may have.
"""
from __future__ import annotations

import os


def unique_bytes() -> bytes:
    """16 of them."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40  # the version
    data[8] = data[8] & 0x3F | 0x80  # the variant
    return bytes(data)


def unique_id() -> str:
    """The same as a text, `xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx`."""
    digits = unique_bytes().hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
