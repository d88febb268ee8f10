"""How often apps that fit nowhere are looked at: less and less, so that a thousand of them hold nobody up.

To find out that an app fits nowhere costs a look at every agent. Whoever found no place waits a
little before it is looked at again, twice as long each time; the more there are of them, the
longer, and not all until the same moment. Another definition is looked at anew, and so are a few of
them whenever something may have become free.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

FIRST: Final = 0.5  # seconds
LONGEST: Final = 10.0
EACH: Final = 0.1  # seconds more at most for each app that waits so
FEW: Final = 40  # so many are looked at again at once when something is free


@dataclass(frozen=True, slots=True)
class _Pause:
    version: str
    seconds: float
    until: float


class OfferPatience:
    """The loop's alone. Times are seconds since 1970."""

    def __init__(self) -> None:
        self._pauses: dict[str, _Pause] = {}

    def waits(self, app_id: str, version: str, now: float) -> bool:
        """Whether the app, at this version, is not looked at now."""
        pause = self._pauses.get(app_id)
        return pause is not None and pause.version == version and now < pause.until

    def found(self, placed: Iterable[str], nowhere: Iterable[tuple[str, str]], now: float) -> None:
        """What a match came to: apps of which some were placed, and apps with their versions that found nothing."""
        for app_id in placed:
            self._pauses.pop(app_id, None)
        longest = max(LONGEST, EACH * len(self._pauses))
        found = list(nowhere)
        for place, (app_id, version) in enumerate(found):
            before = self._pauses.get(app_id)
            seconds = FIRST if before is None or before.version != version else min(longest,
                                                                                    2 * before.seconds)
            self._pauses[app_id] = _Pause(version, seconds,
                                          now + seconds * (1 + place / len(found)))

    def hope(self) -> None:
        """Something may have become free: a task has ended, an agent has come."""
        if len(self._pauses) <= FEW:
            self._pauses.clear()

    def keep(self, app_ids: Iterable[str]) -> None:
        """Only these wait at all."""
        kept = set(app_ids)
        for app_id in [each for each in self._pauses if each not in kept]:
            del self._pauses[app_id]
