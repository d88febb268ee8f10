"""How fast lost instances are replaced, and who ends that."""
from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scheduler.deployments.facts import Changes, Decision
from scheduler.service.replacements import Replacements
from scheduler.storage.sqlite import SqliteStorage
from tests.deploy.serve.killing_serve import armed
from tests.scheduler.service.losing_serving import LOST
from tests.scheduler.service.losing_serving import lose as lose_all
from tests.scheduler.service.serving import Serving

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


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_the_commit_that_records_a_mass_loss(when: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    program = [sys.executable, "-m", "tests.scheduler.service.losing_serving", str(state), when]
    assert subprocess.run(program, check=False, timeout=120).returncode == -signal.SIGKILL
    armed(state).unlink()
    killed_at = time.time()
    with Serving(state) as serving:
        lose_all(serving, killed_at)  # as the master says when it is asked; some may have been replaced by now
        serving.wait(lambda: serving.get("/api/v1/losses")["slowed"])
        serving.wait(lambda: len(serving.running("/web")) == 2)
        assert serving.get("/api/v1/losses")["givenUp"] == 2
        states = [each["state"] for each in serving.get("/v2/apps/web/tasks")["tasks"]]
        assert sorted(states) == ["TASK_RUNNING"] * 2 + ["TASK_UNREACHABLE"] * (LOST - 2)
        assert serving.master.launched == 2
