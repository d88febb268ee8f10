"""When Python looks for circles of values that nobody uses any more.

It looks again and again while a process loads its modules and its state, which is all to stay: a
quarter of the time that a service with ten thousand instances needs to start. So it does not look
until they are there, and never at them. Later it looks less often than by itself, since a service
makes thousands of values in a turn and few circles.
"""
from __future__ import annotations

import gc
from typing import Final

_NEW: Final = 20_000  # values, more than have gone, until it looks at the new ones; Python's own is 700


def pause() -> None:
    """Nothing is looked for until `resume`."""
    gc.disable()


def resume() -> None:
    """What is there by now stays, and is not looked at."""
    gc.freeze()
    gc.set_threshold(_NEW)
    gc.enable()
