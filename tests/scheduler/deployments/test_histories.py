"""What deployments promise, over random histories; `promises` has what is held at each decision.

300 histories, or as many as DEPLOYMENT_HISTORIES says; half of them crash in the middle of a
deployment. With DEPLOYMENT_SHRINK=no the first failure is not made smaller.
"""
from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.scheduler.deployments.history import History

HISTORIES = int(os.environ.get("DEPLOYMENT_HISTORIES", "300"))
PHASES = [Phase.generate] if os.environ.get("DEPLOYMENT_SHRINK") == "no" else [Phase.generate, Phase.shrink]
STEPS = 60
CHOICES = st.binary(min_size=8 * STEPS, max_size=8 * STEPS)


@pytest.mark.parametrize("crashes", [False, True], ids=["no crash", "crashes"])
@pytest.mark.timeout(0)
@settings(max_examples=HISTORIES // 2, deadline=None, suppress_health_check=list(HealthCheck), database=None,
          phases=PHASES)
@given(choices=CHOICES)
def test_promises(crashes: bool, choices: bytes) -> None:
    numbers = iter(choices)
    history = History(lambda below: next(numbers, 0) % below, crashes=crashes)
    history.live(STEPS)
    assert bool(history.crashed) == crashes
    history.come_to_rest()
