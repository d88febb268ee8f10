"""How fast lost instances are replaced, and when a mass loss is over."""
from __future__ import annotations

from pathlib import Path

from scheduler.deployments.facts import Changes, Decision
from scheduler.service.replacements import Replacements
from scheduler.storage.sqlite import SqliteStorage
from scheduler.tasks.losses import QUIET


def lose(replacements: Replacements, count: int, instances: int, now: float) -> bool:
    for _ in range(count):
        replacements.note_lost()
    return replacements.count(instances, now)


def test_one_of_three_agents_is_slowed_and_over_by_itself(tmp_path: Path) -> None:
    with SqliteStorage(str(tmp_path / "state")) as storage:
        replacements = Replacements(storage)
        assert lose(replacements, 4, 12, 1000.0)
        assert replacements.permits(1000.0) == 2
        replacements.decided("/a", Decision(Changes(), given_up=2, held=2))
        assert not replacements.is_over(1000.0 + QUIET)  # somebody waits still
        replacements.decided("/a", Decision(Changes(), given_up=2))
        assert replacements.next_due(1100.0) == 1000.0 + QUIET
        assert not replacements.is_over(999.0 + QUIET)
        assert replacements.is_over(1000.0 + QUIET)
        assert replacements.permits(5000.0) is None
        assert lose(replacements, 4, 12, 5000.0)  # another one is one of its own


def test_a_loss_more_and_it_goes_on(tmp_path: Path) -> None:
    with SqliteStorage(str(tmp_path / "state")) as storage:
        lose(Replacements(storage), 4, 12, 1000.0)
        again = Replacements(storage)  # as after a restart
        lose(again, 1, 12, 1500.0)
        assert not again.is_over(1000.0 + QUIET)
        assert again.is_over(1500.0 + QUIET)
