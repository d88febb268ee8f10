"""One pull per image, its result for all who wait, its progress now and then."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from executor.engine.cancellation import Cancellation
from executor.engine.failures import ImageNotFound
from executor.engine.port import PullProgress
from executor.life.events import Pulled, PullFailed, PullProgressed
from executor.life.outcomes import Failure
from executor.supervision.blocking.pulls import Pulls, progress_text
from tests.executor.supervision.told import Told, entry


@dataclass
class Begun:
    """A pull under way."""

    image: str
    platform: str | None
    force: bool
    cancel: Cancellation
    listener: Callable[[PullProgress], None]
    done: Callable[[Failure | None], None]


class Scene(Told):
    """`begun` has the pulls that were begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Begun] = []
        self.pulls = Pulls(self.loop, self, "/sandbox")

    def pull(self, image: str, platform: str | None, sandbox: str, *, force: bool, cancel: Cancellation,
             listener: Callable[[PullProgress], None], done: Callable[[Failure | None], None]) -> None:
        assert sandbox == "/sandbox"
        self.begun.append(Begun(image, platform, force, cancel, listener, done))


def test_one_pull_for_all() -> None:
    scene = Scene()
    scene.pulls.want(entry("a"), "app", None, force=False)
    scene.pulls.want(entry("b"), "app", None, force=True)
    scene.pulls.want(entry("c"), "other", None, force=True)
    assert [(each.image, each.force) for each in scene.begun] == [("app", False), ("other", True)]
    scene.begun[0].done(None)
    scene.settle()
    assert scene.events == [("a", Pulled()), ("b", Pulled())]
    scene.pulls.want(entry("d"), "app", None, force=False)
    assert len(scene.begun) == 3


def test_each_platform_has_a_pull_of_its_own() -> None:
    scene = Scene()
    scene.pulls.want(entry("a"), "app", None, force=False)
    scene.pulls.want(entry("b"), "app", "linux/arm64", force=False)
    scene.pulls.want(entry("c"), "app", "linux/arm64", force=False)
    assert [each.platform for each in scene.begun] == [None, "linux/arm64"]
    scene.begun[1].done(None)
    scene.settle()
    assert scene.events == [("b", Pulled()), ("c", Pulled())]


def test_its_failure_is_everybodys() -> None:
    scene = Scene()
    scene.pulls.want(entry("a"), "app", None, force=False)
    scene.pulls.want(entry("b"), "app", None, force=False)
    failure = Failure(ImageNotFound, "no")
    scene.begun[0].done(failure)
    scene.settle()
    assert scene.events == [("a", PullFailed(failure)), ("b", PullFailed(failure))]


def test_the_last_one_to_go_cancels() -> None:
    scene = Scene()
    first, second = entry("a"), entry("b")
    scene.pulls.want(first, "app", None, force=False)
    scene.pulls.want(second, "app", None, force=False)
    scene.pulls.drop(entry("a"))  # another task of this id, which wants nothing
    scene.pulls.drop(first)
    assert not scene.begun[0].cancel.is_set()
    scene.pulls.drop(second)
    assert scene.begun[0].cancel.is_set()
    scene.begun[0].done(Failure(ImageNotFound, "cancelled"))
    scene.settle()
    assert scene.events == []
    scene.pulls.want(entry("c"), "app", None, force=False)  # a new one: the cancelled one is nobody's
    assert len(scene.begun) == 2


def test_progress_is_told_once_a_second_and_of_long_pulls_less_often() -> None:
    scene = Scene()
    scene.pulls.want(entry("a"), "app", None, force=False)
    told: list[float] = []
    for quarter in range(400):
        scene.now = quarter / 4
        before = len(scene.events)
        scene.begun[0].listener(PullProgress("app", 1, 3, 500_000 * quarter, 200_000_000))
        scene.settle()
        if len(scene.events) > before:
            told.append(scene.now)
    assert told[:10] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    pauses = [later - earlier for earlier, later in pairwise(told)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 5.0
    assert scene.events[0] == ("a", PullProgressed("Pulling image app: 1 of 3 layers, 2.0 of 200.0 MB"))


def test_what_is_not_new_is_not_told() -> None:
    scene = Scene()
    scene.pulls.want(entry("a"), "app", None, force=False)
    for second in range(20):
        scene.now = float(second)
        scene.begun[0].listener(PullProgress("app", 1, 3, 500_000, 2_000_000))
        scene.settle()
    assert len(scene.events) == 1


def test_progress_without_sizes() -> None:
    assert progress_text(PullProgress("app", 0, 2, 0, 0)) == "Pulling image app: 0 of 2 layers"
