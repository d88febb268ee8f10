"""How long a task has to end by itself."""
from __future__ import annotations

import pytest

from executor.life.outcomes import Cause
from executor.life.stopping import kill_grace


@pytest.mark.parametrize(("cause", "override", "policy", "shutdown", "seconds"), [
    (Cause.KILL, None, None, 30.0, 30.0),
    (Cause.KILL, None, 1.0, 30.0, 1.0),
    (Cause.KILL, None, 0.0, 5.0, 0.0),
    (Cause.KILL, 60.0, 5.0, 5.0, 60.0),
    (Cause.KILL, 0.5, 5.0, 5.0, 0.5),
    (Cause.HEALTH, None, 7.0, 5.0, 7.0),
    (Cause.SHUTDOWN, None, 60.0, 5.0, 3.0),
    (Cause.SHUTDOWN, None, None, 1.0, 0.0),
    (Cause.COMPLETION, None, 60.0, 5.0, 0.0),
])
def test_kill_grace(
        cause: Cause, override: float | None, policy: float | None, shutdown: float, seconds: float) -> None:
    assert kill_grace(cause, override=override, policy=policy, shutdown_grace=shutdown) == seconds
