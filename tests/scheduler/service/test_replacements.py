"""How fast lost instances are replaced, and who ends that."""
from __future__ import annotations

from pathlib import Path

from scheduler.deployments.facts import Changes, Decision
from scheduler.service.replacements import Replacements
from scheduler.storage.sqlite import SqliteStorage

YEAR = 365 * 24 * 3600.0


def lose(replacements: Replacements, count: int, instances: int, now: float) -> bool:
    for _ in range(count):
        replacements.note_lost()
    return replacements.count(instances, now)


def test_one_of_three_agents_is_slowed_until_somebody_lifts_it(tmp_path: Path) -> None:
    with SqliteStorage(str(tmp_path / "state")) as storage:
        replacements = Replacements(storage)
        assert lose(replacements, 4, 12, 1000.0)
        assert replacements.permits(1000.0) == 2
        replacements.decided("/a", Decision(Changes(), given_up=2, held=2))
        assert replacements.next_due(1000.0) is not None
        replacements.decided("/a", Decision(Changes(), given_up=2))
        assert replacements.next_due(1100.0) is None
        again = Replacements(storage)  # as after a restart
        assert again.permits(1000.0 + YEAR) is not None  # time alone ends nothing
        assert not lose(again, 4, 12, 1000.0 + YEAR)  # it is the same one still
        again.lift()
        assert again.permits(1000.0 + YEAR) is None
        assert Replacements(storage).permits(1000.0 + YEAR) is None
        assert lose(again, 4, 12, 1100.0 + YEAR)  # another one is one of its own
