"""Which images are removed when their store is fuller than it may be. Pure.

Never one that a container is made of, running or not, whoever made it, and none that has come
within `grace`, which a task may be about to use, or of which nobody knows when it came. An image
that is just being pulled is not listed, one that has been pulled has just come. Of the others those
go first that have been here longest, until the store is expected to be below the low mark; layers
that others need, too, stay, so it is asked again how large it is. An executor whose image is gone
all the same pulls it again.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One image. Sizes are bytes, times seconds since the epoch."""

    id: str
    names: tuple[str, ...]  # with tag or digest; empty: it has none
    size: int
    own: int  # of that, what no other image has
    since: float | None  # when it came, or got its last name; None: that cannot be known from here
    used_by: tuple[str, ...] = ()  # names of containers


@dataclass(frozen=True, slots=True)
class Marks:
    """From `high` bytes on images are removed until `low` is reached; `grace`: seconds."""

    high: int
    low: int
    grace: float


def superfluous(images: Iterable[StoredImage], size: int, marks: Marks, now: float) -> tuple[StoredImage, ...]:
    """What is to be removed, in this order; `size`: of the whole store, bytes."""
    if size <= marks.high:
        return ()
    gone = list[StoredImage]()
    for image in sorted(images, key=lambda each: (each.since or 0.0, each.id)):
        if size <= marks.low:
            break
        if image.since is not None and not image.used_by and now - image.since >= marks.grace:
            gone.append(image)
            size -= image.own
    return tuple(gone)
