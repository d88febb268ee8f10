"""The funnel, and what is kept of an app that waits."""
from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.placement.reasons import FUNNEL, Attempt, QueueDelay, Reason, Rejected, first, queue_delay, summary

CPUS, MEMORY, ROLE = Reason.INSUFFICIENT_CPUS, Reason.INSUFFICIENT_MEMORY, Reason.UNFULFILLED_ROLE
REASONS = st.lists(st.sampled_from(FUNNEL), max_size=4)


def rejected(agent_id: str, *reasons: Reason, at: float = 1.0) -> Rejected:
    return Rejected(agent_id, reasons, at)


@given(st.lists(REASONS, max_size=20))
def test_the_funnel_adds_up(offers: list[list[Reason]]) -> None:
    steps = summary(offers)
    assert [step.reason for step in steps] == list(FUNNEL)
    assert steps[0].processed == len(offers)
    assert all(after.processed == step.processed - step.declined
               for step, after in itertools.pairwise(steps))
    assert sum(step.declined for step in steps) == sum(bool(reasons) for reasons in offers)


def test_the_first_reason_counts() -> None:
    assert first([MEMORY, CPUS]) is CPUS
    assert first([CPUS, ROLE]) is ROLE
    assert first([]) is None


def test_newest_offers_and_all_offers() -> None:
    attempt = Attempt().rejected([rejected("S1", CPUS), rejected("S2", CPUS, at=2.0)])
    attempt = attempt.used(3.0).rejected([rejected("S1", MEMORY, at=4.0)])
    declined = {step.reason: step.declined for step in attempt.last_offers if step.declined}
    assert declined == {CPUS: 1, MEMORY: 1}
    assert attempt.last_offers[0].processed == 2
    declined = {step.reason: step.declined for step in attempt.launch_attempt if step.declined}
    assert declined == {CPUS: 2, MEMORY: 1}
    assert (attempt.processed, attempt.unused) == (4, 3)
    assert (attempt.last_used_at, attempt.last_unused_at) == (3.0, 4.0)
    assert attempt.rejected([]) is attempt


def test_an_offer_without_a_reason_is_processed_all_the_same() -> None:
    attempt = Attempt().rejected([rejected("S1")])
    assert attempt.launch_attempt[-1].processed == 1


@pytest.mark.parametrize(("until", "delay"), [
    (None, QueueDelay(0, overdue=True)), (112.7, QueueDelay(12, overdue=False)), (100.0, QueueDelay(0, overdue=False)),
    (99.5, QueueDelay(0, overdue=False)), (98.9, QueueDelay(0, overdue=True)),
])
def test_the_delay_in_whole_seconds(until: float | None, delay: QueueDelay) -> None:
    assert queue_delay(until, 100.0) == delay
