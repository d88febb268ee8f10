"""One pull per image, its result for all who wait, its progress now and then."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from executor.engine.cancellation import Cancellation
from executor.engine.failures import ImageNotFound
from executor.engine.port import PullProgress
from executor.life.events import Event, Pulled, PullFailed, PullProgressed
from executor.life.outcomes import Failure
from executor.supervision.pulls import Pulls, progress_text


@dataclass
class Begun:
    """A pull under way."""

    image: str
    force: bool
    cancel: Cancellation
    listener: Callable[[PullProgress], None]
    done: Callable[[Failure | None], None]


@dataclass
class Scene:
    """`begun` has the pulls that were begun; time is a number."""

    now: float = 0.0
    events: list[tuple[str, Event]] = field(default_factory=list)
    begun: list[Begun] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pulls = Pulls(self, "/sandbox", lambda task, event: self.events.append((task, event)),
                           lambda call: call(), lambda: self.now)

    def pull(self, image: str, sandbox: str, *, force: bool, cancel: Cancellation,
             listener: Callable[[PullProgress], None], done: Callable[[Failure | None], None]) -> None:
        assert sandbox == "/sandbox"
        self.begun.append(Begun(image, force, cancel, listener, done))


def test_one_pull_for_all() -> None:
    scene = Scene()
    scene.pulls.want("a", "app", force=False)
    scene.pulls.want("b", "app", force=True)
    scene.pulls.want("c", "other", force=True)
    assert [(each.image, each.force) for each in scene.begun] == [("app", False), ("other", True)]
    scene.begun[0].done(None)
    assert scene.events == [("a", Pulled()), ("b", Pulled())]
    scene.pulls.want("d", "app", force=False)
    assert len(scene.begun) == 3


def test_its_failure_is_everybodys() -> None:
    scene = Scene()
    scene.pulls.want("a", "app", force=False)
    scene.pulls.want("b", "app", force=False)
    failure = Failure(ImageNotFound, "no")
    scene.begun[0].done(failure)
    assert scene.events == [("a", PullFailed(failure)), ("b", PullFailed(failure))]


def test_the_last_one_to_go_cancels() -> None:
    scene = Scene()
    scene.pulls.want("a", "app", force=False)
    scene.pulls.want("b", "app", force=False)
    scene.pulls.drop("a")
    assert not scene.begun[0].cancel.is_set()
    scene.pulls.drop("b")
    assert scene.begun[0].cancel.is_set()
    scene.begun[0].done(failure := Failure(ImageNotFound, "cancelled"))
    assert failure
    assert scene.events == []
    scene.pulls.want("c", "app", force=False)  # a new one: the cancelled one is nobody's
    assert len(scene.begun) == 2


def test_progress_is_told_at_most_every_five_seconds() -> None:
    scene = Scene()
    scene.pulls.want("a", "app", force=False)
    told: list[float] = []
    for tenth in range(200):
        scene.now = tenth / 10
        before = len(scene.events)
        scene.begun[0].listener(PullProgress("app", 1, 3, 500_000, 2_000_000))
        if len(scene.events) > before:
            told.append(scene.now)
    assert told == [5.0, 10.0, 15.0]
    assert scene.events[0] == ("a", PullProgressed("Pulling image app: 1 of 3 layers, 0.5 of 2.0 MB"))


def test_progress_without_sizes() -> None:
    assert progress_text(PullProgress("app", 0, 2, 0, 0)) == "Pulling image app: 0 of 2 layers"
