"""What is put into the inbox is taken in its order, a fault stays where it is, and clocks ring in between."""
from __future__ import annotations

import threading

from executor.life.effects import Timer
from executor.life.events import Noticed, PidGone, Pulled
from executor.life.task import ImpossibleEvent
from executor.supervision.loop import Loop
from executor.supervision.timers import Clock, Idle, TaskClock
from tests.executor.supervision.told import Told, entry


def test_everything_in_its_turn() -> None:
    scene, told = Told(), entry("a")
    scene.loop.tell(told, Noticed())
    scene.loop.call(lambda: scene.loop.tell(told, PidGone()))
    scene.loop.ask(told, Pulled)
    scene.loop.ask(told, lambda: None)
    scene.settle()
    assert scene.events == [("a", Noticed()), ("a", Pulled()), ("a", PidGone())]


def test_a_fault_ends_neither_the_loop_nor_the_turn() -> None:
    scene, told = Told(), entry("a")

    def fault() -> None:
        raise ZeroDivisionError

    def impossible() -> None:
        raise ImpossibleEvent(told.task, Noticed(), "cannot happen now")

    scene.loop.call(fault)
    scene.loop.call(impossible)
    scene.loop.tell(told, Noticed())
    scene.settle()
    assert scene.events == [("a", Noticed())]


def test_clocks_ring_when_their_time_has_come() -> None:
    scene = Told()
    scene.loop.timers.start(TaskClock("a", Timer.STEP), 1.0)
    scene.loop.timers.start(Idle(), 2.0)
    scene.settle()
    assert scene.clocks == []
    scene.now = 1.0
    scene.settle()
    assert scene.clocks == [TaskClock("a", Timer.STEP)]
    scene.now = 2.0
    scene.loop.call(lambda: scene.loop.end("the clocks of the same turn still ring"))
    scene.loop.run(scene)
    assert scene.clocks == [TaskClock("a", Timer.STEP), Idle()]


def test_a_clock_is_waited_for() -> None:
    rung: list[Clock] = []
    loop = Loop()

    class Ends(Told):
        def rang(self, clock: Clock) -> None:
            rung.append(clock)
            loop.end("it rang")

    loop.timers.start(Idle(), 0.01)
    assert loop.run(Ends()) == "it rang"
    assert rung == [Idle()]


def test_it_runs_until_it_is_told_to_end() -> None:
    scene, why = Told(), []
    thread = threading.Thread(target=lambda: why.append(scene.loop.run(scene)))
    thread.start()
    scene.loop.tell(entry("a"), Noticed())
    scene.loop.call(lambda: scene.loop.end("enough"))
    thread.join(30)
    assert why == ["enough"]
    assert scene.events == [("a", Noticed())]
