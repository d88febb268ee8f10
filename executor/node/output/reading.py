"""Which part of a container's output is read, and is to be read next, when it runs more than once.

A stream that is attached to a container ends with the run, and so does one that follows its log.
What comes after that is in the engine's log, where all runs stand one behind the other. So a
further run is read from there, from the end of the run before on. A stream that was opened when a
later run had begun already brings that one, too; when that was is known by the engine's clock,
which is ours. Where both happened in the same moment, or no end was told, the part is read once
more, from where it begins, and what was written of it already is skipped: so nothing is lost, and
nothing comes twice.

A stream that follows the log may end before its last lines do, most often before one that has no
end of line (moby issue 43860). So what such a stream has brought of a run that is over is read once
more, without following. Pure.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple


class Moment(NamedTuple):
    """A call to the engine, from before it to after it; ns since the epoch."""

    before: int = 0
    after: int = 0


NEVER = Moment()


class RunTold(NamedTuple):
    """A further run, as the engine told of it: when the one before ended (0: not told), and when it
    began; ns since the epoch.
    """

    ended: int
    began: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A part of the output. `since`: where it begins, ns since the epoch; 0: with the container."""

    since: int = 0
    opened: Moment = NEVER
    told: tuple[RunTold, ...] = ()  # further runs that may not be in it
    again: bool = False  # it is read from its beginning once more
    until: int = 0  # only what is left of a run that ended then, ns since the epoch; 0: it is followed

    def hears(self, run: RunTold) -> Reading:
        """The engine has told of a further run."""
        return replace(self, told=(*self.told, run))

    def opens(self, opened: Moment) -> Reading:
        """Its stream was opened then."""
        return replace(self, opened=opened)

    @property
    def from_log(self) -> bool:
        """Whether it comes from the engine's log, and not from the attach of the start."""
        return self.opened != NEVER

    def next(self) -> Reading | None:
        """What is to be read when its stream has ended; None if that was all, as far as is known."""
        if self.until:
            return Reading(self.until, told=self.told)
        left = tuple(run for run in self.told if run.began >= self.opened.before)
        if not left:
            return None
        first = left[0]
        if first.ended and first.began > self.opened.after:
            if self.from_log:
                return replace(self, told=left, again=True, until=first.ended)
            return Reading(first.ended, told=left)
        return replace(self, told=left, again=True)
