"""How long an agent is waited for, as a table."""
from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.agent.outage import RETURN_WAIT, Outage, Reaction, awaited, lost, pause, reaction, reason, refused
from executor.agent.outage import found as back
from executor.settings.agent import AgentSettings
from specs.network.address import HostPort

PLAIN = AgentSettings(address=HostPort("127.0.0.1", 5051), path="/", framework_id="f", executor_id="e",
                      agent_id="a", directory="/", shutdown_grace=5.0)
CHECKPOINTING = dataclasses.replace(PLAIN, checkpoint=True, recovery_timeout=900.0, subscription_backoff_max=4.0)


@pytest.mark.parametrize(("outage", "now", "expected"), [
    (Outage(), 1e9, Reaction.TRY_AGAIN),
    (Outage(since=100.0), 100.0, Reaction.TRY_AGAIN),
    (Outage(since=100.0), 999.9, Reaction.TRY_AGAIN),
    (Outage(since=100.0), 1000.0, Reaction.SHUT_DOWN),
    (Outage(since=100.0, shutdown=1000.0), 1000.0, Reaction.TRY_AGAIN),
    (Outage(since=100.0, shutdown=1000.0), 1004.9, Reaction.TRY_AGAIN),
    (Outage(since=100.0, shutdown=1000.0), 1005.0, Reaction.GIVE_UP),
    (Outage(since=100.0, shutdown=50.0), 104.9, Reaction.TRY_AGAIN),  # SHUTDOWN came first: no need for patience
    (Outage(since=100.0, shutdown=50.0), 105.0, Reaction.GIVE_UP),
    (Outage(shutdown=1000.0), 1e9, Reaction.TRY_AGAIN),
])
def test_with_checkpointing_the_recovery_timeout_is_waited_for(outage: Outage, now: float, expected: Reaction) -> None:
    assert reaction(outage, CHECKPOINTING, now) is expected


@pytest.mark.parametrize(("outage", "now", "expected"), [
    (Outage(since=100.0), 100.0, Reaction.SHUT_DOWN),
    (Outage(since=100.0, shutdown=100.0), 100.0, Reaction.TRY_AGAIN),
    (Outage(since=100.0, shutdown=100.0), 105.0, Reaction.GIVE_UP),
])
def test_without_checkpointing_a_loss_is_the_end(outage: Outage, now: float, expected: Reaction) -> None:
    assert reaction(outage, PLAIN, now) is expected


def test_the_first_of_several_losses_counts() -> None:
    assert lost(lost(Outage(), 1.0), 2.0) == Outage(since=1.0)


@pytest.mark.parametrize(("status", "since"), [(503, None), (404, None), (400, 5.0), (401, 5.0), (403, 5.0)])
def test_an_agent_that_says_not_yet_is_in_reach(status: int, since: float | None) -> None:
    assert refused(Outage(since=5.0), status, "", 7.0) == Outage(since=since)


def test_a_refusal_is_an_outage() -> None:
    assert refused(Outage(), 400, "Failed to validate Executor::Call", 7.0) == Outage(since=7.0)


@pytest.mark.parametrize("text", ["Framework cannot be found", "Executor cannot be found"])
def test_an_agent_that_does_not_know_us_never_will(text: str) -> None:
    found = refused(Outage(), 400, text, 7.0)
    assert reaction(found, CHECKPOINTING, 7.0) is Reaction.SHUT_DOWN
    assert reason(found, CHECKPOINTING) == "the agent does not know this executor any more"
    assert reaction(lost(back(found, 7.5), 8.0), CHECKPOINTING, 8.0) is Reaction.TRY_AGAIN
    told = dataclasses.replace(found, shutdown=7.0)
    assert reaction(told, CHECKPOINTING, 11.9) is Reaction.TRY_AGAIN
    assert reaction(told, CHECKPOINTING, 12.0) is Reaction.GIVE_UP


@given(st.floats(0, 1, exclude_max=True), st.booleans(), st.floats(0, 10))
def test_a_pause_is_never_longer_than_the_agent_allows(chance: float, answered: bool, session: float) -> None:
    for settings in (PLAIN, CHECKPOINTING, dataclasses.replace(CHECKPOINTING, subscription_backoff_max=0.01)):
        assert 0 <= pause(settings, answered=answered, session=session, chance=chance) \
            <= settings.subscription_backoff_max / 2  # the agent kills an executor that takes the whole


@pytest.mark.parametrize(("answered", "session", "chance", "expected"), [
    (False, 0.0, 0.0, 0.0),
    (False, 0.0, 0.5, 1.0),
    (False, 0.9, 0.5, 1.0),  # it broke off at once: not again at once
    (False, 1.0, 0.5, 0.0),  # a good connection that broke: try at once
    (True, 0.0, 0.5, 1.0),  # it answers, but will not have us yet: as Mesos, every second
])
def test_the_pause_before_the_next_try(answered: bool, session: float, chance: float, expected: float) -> None:
    assert pause(CHECKPOINTING, answered=answered, session=session, chance=chance) == expected


def test_it_is_worth_waiting_while_it_may_come_back_and_a_little_after() -> None:
    away = lost(Outage(), 100.0)
    assert awaited(Outage(), CHECKPOINTING, 0.0) == 0.0
    assert awaited(away, CHECKPOINTING, 101.0) == CHECKPOINTING.recovery_timeout - 1.0
    assert awaited(away, PLAIN, 101.0) == 0.0
    assert awaited(back(away, 110.0), CHECKPOINTING, 112.0) == RETURN_WAIT - 2.0
    assert awaited(back(away, 110.0), CHECKPOINTING, 1000.0) == 0.0
