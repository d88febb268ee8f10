"""What follows for one app: tables of single decisions. What holds over many of them is in
`test_histories`.
"""
from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.apps.instance import Instance, KillReason, Sentence
from scheduler.apps.target import Restart, Rollout, Strategy
from scheduler.deployments.controller import MOST_AT_ONCE, advance, after_launch, may_launch, promoted
from scheduler.deployments.deployment import Progress, paused, resumed
from scheduler.deployments.facts import AppState, Changes, Decision, Expiry
from scheduler.deployments.upkeep import ONCE
from scheduler.tasks.backoff import Backoff, Delay
from scheduler.tasks.conditions import Condition
from scheduler.tasks.states import Patience
from specs.marathon.app import Constraint
from tests.scheduler.deployments.making import NOW, app, applied, asked, change, reached, running, target

V1 = target(app(3))
V2 = target(app(3, cmd="v2"), V1, "v2")
THREE = [running(number) for number in range(3)]


def ended(found: Decision) -> dict[str, KillReason]:
    return {each.id: each.sentence.reason for each in found.changes.instances if each.sentence is not None}


def started(found: Decision) -> list[str]:
    return [each.config for each in found.changes.instances if each.condition is Condition.SCHEDULED]


def test_an_app_that_is_as_it_shall_be_is_left_alone() -> None:
    found = asked(AppState("/a", V1), THREE)
    assert found == Decision(found.changes)
    assert not found.changes


def test_what_is_missing_starts_and_what_is_too_much_ends() -> None:
    assert started(asked(AppState("/a", V1), THREE[:1])) == ["v1", "v1"]
    found = asked(AppState("/a", V1), [*THREE, running(3, started_at=50.0)])
    assert ended(found) == {"i3": KillReason.OVER_CAPACITY}
    assert [each.id for each in found.kills] == ["i3"]


def test_those_that_do_not_serve_go_first() -> None:
    sick = running(9, has_health_check=True, healthy=False)
    assert ended(asked(AppState("/a", V1), [*THREE, sick])) == {"i9": KillReason.OVER_CAPACITY}


def test_an_app_that_is_gone_ends_and_is_forgotten() -> None:
    found = asked(AppState("/a", None), THREE)
    assert set(ended(found).values()) == {KillReason.APP_REMOVED}
    assert not found.gone
    assert asked(AppState("/a", None), []).gone


def test_draining_comes_before_the_kill() -> None:
    draining = target(app(2), drain=10.0)
    found = asked(AppState("/a", draining), THREE)
    assert not found.kills
    assert found.wake_at == NOW + 10
    left = applied(THREE, found.changes)
    later = asked(AppState("/a", draining), left, now=NOW + 10)
    assert len(later.kills) == 1
    assert later.wake_at == NOW + 40
    assert not asked(AppState("/a", draining), applied(left, later.changes), now=NOW + 39).kills
    assert asked(AppState("/a", draining), applied(left, later.changes), now=NOW + 40).kills


@pytest.mark.parametrize(("condition", "failures", "seconds"), [
    (Condition.FAILED, 1, 1.0), (Condition.FINISHED, 1, 1.0), (Condition.ERROR, 1, 1.0), (Condition.KILLED, 1, None),
    (Condition.DROPPED, 0, 1.0), (Condition.GONE, 0, 1.0), (Condition.UNKNOWN, 0, None)])
def test_a_task_that_ended_is_followed_by_another(condition: Condition, failures: int, seconds: float | None) -> None:
    found = asked(AppState("/a", V1), [*THREE[:2], running(2, condition=condition, incarnation=4)])
    again = found.changes.instances[0]
    assert (again.id, again.condition, again.incarnation, again.failures) == ("i2", Condition.SCHEDULED, 4, failures)
    assert [each.condition for each in found.ended] == [condition]
    delays = found.changes.state.delays if found.changes.state is not None else {}
    assert delays == ({} if seconds is None else {"v1": Delay(NOW, seconds, 300.0)})


def test_a_drained_task_is_nobodys_failure() -> None:
    state = AppState("/a", V1, {"v1": Delay(NOW - 5, 20.0, 300.0)})
    found = asked(state, [*THREE[:2], running(2, condition=Condition.KILLED, reason="REASON_SLAVE_DRAINING")])
    assert found.changes.instances[0].failures == 0
    assert found.changes.state == replace(state, delays={})


def test_back_off_is_waited_for_and_counts_from_the_launch() -> None:
    waiting = running(0, condition=Condition.SCHEDULED)
    state = AppState("/a", V1, {"v1": Delay(NOW, 20.0, 300.0)})
    assert not may_launch(state, waiting, NOW + 19)
    assert may_launch(state, waiting, NOW + 20)
    assert asked(state, [*THREE[1:], waiting]).wake_at == NOW + 20
    assert after_launch(state, waiting, Backoff(), NOW + 30).delays["v1"].reference == NOW + 30
    assert after_launch(AppState("/a", V1), waiting, Backoff(), NOW) == AppState("/a", V1)


@pytest.mark.parametrize(("restart", "condition", "again"), [
    (Restart.ALWAYS, Condition.FINISHED, True), (Restart.ON_FAILURE, Condition.FINISHED, False),
    (Restart.ON_FAILURE, Condition.FAILED, True), (Restart.NEVER, Condition.FAILED, False),
    (Restart.NEVER, Condition.FINISHED, False), (Restart.NEVER, Condition.GONE, False),
    (Restart.NEVER, Condition.DROPPED, True)])
def test_run_once(restart: Restart, condition: Condition, again: bool) -> None:
    once = target(app(1), restart=restart)
    found = asked(AppState("/a", once), [running(0, condition=condition, exit_code=3)])
    assert bool(found.changes) == again


def test_what_runs_once_is_waited_for_no_longer_than_that() -> None:
    once = target(app(1), restart=Restart.NEVER)
    lost = running(0, condition=Condition.UNREACHABLE, since=NOW)
    waiting = asked(AppState("/a", once), [lost])
    assert waiting.changes == Changes()
    assert waiting.wake_at == pytest.approx(NOW + ONCE, abs=0.1)
    found = asked(AppState("/a", once), [lost], now=NOW + ONCE + 1)
    [over] = found.changes.instances
    assert (over.condition, over.message, len(found.ended)) == (
        Condition.GONE, "its agent was out of reach for 900 s", 1)  # and nothing takes its place
    again = asked(AppState("/a", once), [over], now=NOW + ONCE + 2)
    assert (again.changes, again.ended) == (Changes(), ())


def test_a_run_that_ended_counts_as_done_and_a_bad_one_as_failed() -> None:
    once = target(app(1), restart=Restart.NEVER)
    deployment = reached(change(None, once))
    well = running(0, created=NOW, since=NOW, condition=Condition.FINISHED, exit_code=0)
    found = asked(AppState("/a", once), [well], deployment)
    assert found.changes.state is not None
    assert found.changes.state.progress is not None
    assert found.changes.state.progress.done
    found = asked(AppState("/a", once), [replace(well, condition=Condition.FAILED, exit_code=7)], deployment)
    assert found.changes.state is not None
    state = found.changes.state
    assert state.progress is not None
    assert state.progress.failed == "i0 ended with exit code 7 and is not to be started again"
    assert advance(deployment, {"/a": state}, NOW).ending is not None


@pytest.mark.parametrize(("patience", "seconds", "permits", "what"), [
    (Patience(), 0.0, None, "forgotten"), (Patience(), 0.0, 0, "held"), (Patience(), 0.0, 1, "forgotten"),
    (None, 1e9, None, "waited for"), (Patience(300, 600), 299.0, None, "waited for"),
    (Patience(300, 600), 301.0, None, "replaced"), (Patience(300, 600), 301.0, 0, "held"),
    (Patience(300, 600), 601.0, None, "forgotten")])
def test_out_of_reach(patience: Patience | None, seconds: float, permits: int | None, what: str) -> None:
    lost = running(2, condition=Condition.UNREACHABLE, since=NOW - seconds)
    found = asked(AppState("/a", target(app(3), unreachable=patience)), [*THREE[:2], lost], permits=permits)
    assert (found.held == 1) == (what == "held")
    assert found.changes.forgotten == (("i2",) if what == "forgotten" else ())
    replaced = what in ("forgotten", "replaced")
    assert started(found) == (["v1"] if replaced else [])
    assert found.given_up == replaced


def test_one_that_comes_back_after_its_replacement_makes_one_too_many() -> None:
    lost = running(2, condition=Condition.UNREACHABLE_INACTIVE, since=NOW - 301)
    kept = target(app(3), unreachable=Patience(300, 600))
    assert not asked(AppState("/a", kept), [*THREE[:2], running(3), lost]).changes
    back = replace(lost, condition=Condition.RUNNING, started_at=10.0)
    assert ended(asked(AppState("/a", kept), [*THREE[:2], running(3), back])) == {"i2": KillReason.OVER_CAPACITY}


def test_a_launch_is_given_up_when_nothing_stirs() -> None:
    slow = running(2, condition=Condition.STARTING, stirred=NOW - 299, staged_at=0.0)
    found = asked(AppState("/a", V1), [*THREE[:2], slow])
    assert not found.changes
    assert found.wake_at == NOW + 1
    assert ended(asked(AppState("/a", V1), [*THREE[:2], slow], now=NOW + 1)) == {"i2": KillReason.LAUNCH_TIMEOUT}


def test_another_one_first() -> None:
    state = AppState("/a", V1)
    instances = [*THREE[:2], replace(THREE[2], retiring=KillReason.ASKED)]
    found = asked(state, instances)
    assert (started(found), ended(found)) == (["v1"], {})
    instances = [*instances, running(7)]
    assert ended(asked(state, instances)) == {"i2": KillReason.ASKED}


def test_an_upgrade_keeps_the_floor_and_the_ceiling() -> None:
    deployment, state = change(V1, V2), AppState("/a", V2)
    found = asked(state, THREE, deployment)
    assert (started(found), ended(found)) == (["v2"] * 3, {})
    instances = [*THREE, running(7, "v2"), running(8, "v2", condition=Condition.STAGING, stirred=NOW)]
    found = asked(state, instances, deployment)
    assert (started(found), list(ended(found).values())) == (["v2"], [KillReason.UPGRADE])


def test_a_paused_deployment_does_no_more_than_the_floor_needs() -> None:
    deployment, state = paused(change(V1, V2)), AppState("/a", V2)
    assert not asked(state, THREE, deployment).changes
    assert started(asked(state, THREE[:1], deployment)) == ["v1", "v1"]
    assert started(asked(state, THREE, resumed(deployment, NOW))) == ["v2"] * 3


def test_what_waits_keeps_its_new_constraints_while_the_deployment_is_paused() -> None:
    after = target(app(3, constraints=(Constraint("@hostname", "UNIQUE"),)), V1, "v2")
    assert after.config == V1.config
    waiting = running(9, incarnation=0, condition=Condition.SCHEDULED, version="v2", location=None, started_at=None)
    deployment = reached(paused(change(V1, after)))
    assert not asked(AppState("/a", after), [*THREE[:2], waiting], deployment).changes.instances


def test_a_rollback_ends_nothing_that_was_there_before() -> None:
    new = [running(7, "v2"), running(8, "v2")]
    back = replace(V1, info=V1.info.configured("v3"))
    deployment = change(V2, back, rollback_of="d0")
    found = asked(AppState("/a", back), [*THREE, *new], deployment)
    assert ended(found) == {"i7": KillReason.ROLLBACK, "i8": KillReason.ROLLBACK}
    assert started(found) == []


def test_canaries_come_first_and_wait() -> None:
    after = target(app(3, cmd="v2"), V1, "v2", rollout=Rollout(canaries=1))
    deployment, state = change(V1, after), AppState("/a", after)
    assert started(asked(state, THREE, deployment)) == ["v2"]
    instances = [*THREE[:2], running(7, "v2")]
    found = asked(state, instances, deployment)
    assert not found.changes.instances
    assert found.changes.state is not None
    assert started(asked(promoted(found.changes.state, deployment, NOW), instances, deployment)) == ["v2", "v2"]


def test_canaries_promote_themselves_after_a_while() -> None:
    after = target(app(3, cmd="v2"), V1, "v2", rollout=Rollout(canaries=1, promote_after=60.0))
    deployment, instances = change(V1, after), [*THREE[:2], running(7, "v2")]
    first = asked(AppState("/a", after), instances, deployment)
    assert first.wake_at == NOW + 60
    assert first.changes.state is not None
    assert started(asked(first.changes.state, instances, deployment, now=NOW + 60)) == ["v2", "v2"]


@pytest.mark.parametrize(("heard_since", "resumed_at", "due"), [
    (0.0, 0.0, NOW + 60), (NOW + 50, 0.0, NOW + 110), (0.0, NOW + 50, NOW + 110), (None, 0.0, None)])
def test_canaries_that_nobody_saw_serve_their_whole_time_anew(heard_since: float | None, resumed_at: float,
                                                              due: float | None) -> None:
    after = target(app(3, cmd="v2"), V1, "v2", rollout=Rollout(canaries=1, promote_after=60.0, deadline=5.0))
    deployment, instances = change(V1, after), [*THREE[:2], running(7, "v2")]
    first = asked(AppState("/a", after), instances, deployment)
    assert first.changes.state is not None
    late = replace(deployment, resumed_at=resumed_at)
    found = asked(first.changes.state, instances, late, now=NOW + 55, heard_since=heard_since)
    assert (found.wake_at, found.moved) == (due, False)
    for now in (due - 1, due) if due is not None else (NOW + 1000,):
        found = asked(first.changes.state, instances, late, now=now, heard_since=heard_since)
        assert started(found) == (["v2", "v2"] if now == due else [])


def test_the_time_that_canaries_wait_counts_for_no_deadline_when_one_of_them_falls_ill() -> None:
    after = target(app(3, cmd="v2"), V1, "v2", rollout=Rollout(canaries=1, deadline=60.0), has_health_check=True)
    deployment = change(V1, after)
    well, ill = (running(7, "v2", has_health_check=True, healthy=healthy) for healthy in (True, False))
    state, moved = AppState("/a", after), []
    for one, now in ((well, NOW), (ill, NOW + 500), (well, NOW + 530), (ill, NOW + 900), (ill, NOW + 929),
                     (ill, NOW + 930)):
        found = asked(state, [*THREE[:2], one], deployment, now=now)
        state = found.changes.state or state
        moved.append(found.moved)
    assert moved == [False, False, False, False, False, True]
    assert state.progress is not None
    assert state.progress.failed == "no progress for 60 seconds"


@pytest.mark.parametrize(("heard_since", "fails"), [(0.0, True), (NOW + 50, False), (None, False)])
def test_the_time_without_a_master_counts_for_no_deadline(heard_since: float | None, fails: bool) -> None:
    after = target(app(3, cmd="v2"), V1, "v2", rollout=Rollout(deadline=60.0))
    deployment, instances = change(V1, after), [*THREE, running(7, "v2", condition=Condition.STAGING, since=NOW)]
    first = asked(AppState("/a", after), instances, deployment)
    assert first.changes.state is not None
    found = asked(first.changes.state, instances, deployment, now=NOW + 70, heard_since=heard_since)
    assert found.moved == fails


@pytest.mark.parametrize(("strategy", "stay"), [
    (Strategy(3, 1.0, 1.0), 3), (Strategy(3, 1.0, 0.4), 1), (Strategy(3, 1.0, 0.0), 1),
    (Strategy(3, 0.5, 0.0), 0)])
def test_where_all_are_canaries_the_old_ones_stay_as_far_as_there_is_room(strategy: Strategy, stay: int) -> None:
    after = target(app(3, cmd="v2"), V1, "v2", rollout=Rollout(canaries=5), strategy=strategy)
    deployment = change(V1, after)
    instances = [*THREE[:stay], *(running(number, "v2") for number in (7, 8, 9))]
    found = asked(AppState("/a", after), instances, deployment)
    assert not found.changes.instances
    assert not found.moved
    assert found.changes.state is not None
    again = asked(promoted(found.changes.state, deployment, NOW), instances, deployment)
    assert len(ended(again)) == stay
    assert again.moved == (stay == 0)


def test_where_nothing_is_replaced_nothing_is_promoted() -> None:
    moved = target(app(3, constraints=(Constraint("@hostname", "UNIQUE"),)), V1, "v2",
                   rollout=Rollout(canaries=1))
    assert moved.config == V1.config
    assert asked(AppState("/a", moved), THREE, change(V1, moved)).moved


def test_what_has_run_once_stays_until_others_have_so_that_a_rollback_runs_it_no_second_time() -> None:
    before = target(app(2), restart=Restart.NEVER)
    after = target(app(2, cmd="v2"), before, "v2", restart=Restart.NEVER, rollout=Rollout(canaries=1))
    deployment, state = change(before, after), AppState("/a", after)
    old = [running(number, condition=Condition.FINISHED) for number in range(2)]
    found = asked(state, old, deployment)
    assert started(found) == ["v2"]
    assert not ended(found)
    assert not found.changes.forgotten
    new = [running(number, "v2", condition=Condition.FINISHED) for number in (7, 8)]
    back = replace(before, info=before.info.configured("v3"))
    back_again = asked(AppState("/a", back), [*old, new[0]], change(after, back, rollback_of="d0"))
    assert (started(back_again), back_again.changes.forgotten) == ([], ("i7",))
    done = asked(promoted(state, deployment, NOW), [*old, *new], deployment)
    assert done.moved
    assert done.changes.forgotten == ("i0", "i1")


def test_a_rollback_does_not_wait_for_one_that_ran_badly_and_runs_no_second_time() -> None:
    before = target(app(2), restart=Restart.NEVER)
    failed = target(app(2, cmd="v2"), before, "v2", restart=Restart.NEVER)
    back = replace(before, info=before.info.configured("v3"))
    deployment, state = change(failed, back, rollback_of="d0"), AppState("/a", back)
    its_own = [running(1, condition=Condition.FINISHED), running(2, condition=Condition.UNKNOWN)]
    for others in ([], [running(7, "v2", condition=Condition.FAILED)]):
        found = asked(state, [*its_own, *others], deployment)
        assert found.moved
        assert found.changes.forgotten == tuple(each.id for each in others)


def test_a_scaling_for_a_while_outlasts_an_upgrade() -> None:
    state = AppState("/a", V2, expiry=Expiry(NOW, 1))
    assert asked(state, THREE, change(V1, V2)).scale_back is None
    assert asked(state, THREE, change(target(app(2)), V1)).scale_back == 1
    assert asked(state, THREE).scale_back == 1


def test_batches() -> None:
    after = target(app(3, cmd="v2"), V1, "v2", rollout=Rollout(batch=2))
    deployment, state = change(V1, after), AppState("/a", after)
    assert started(asked(state, THREE, deployment)) == ["v2", "v2"]
    waiting = running(8, "v2", condition=Condition.STAGING, stirred=NOW)
    assert started(asked(state, [*THREE, running(7, "v2"), waiting], deployment)) == []
    assert started(asked(state, [*THREE, running(7, "v2"), running(8, "v2")], deployment)) == ["v2"]


@pytest.mark.parametrize("rolls_back", [False, True])
def test_too_many_failures_end_a_deployment(rolls_back: bool) -> None:
    after = target(app(3, cmd="v2"), V1, "v2", rollout=Rollout(failure_limit=1, rolls_back=rolls_back))
    deployment = change(V1, after)
    state = AppState("/a", after, progress=Progress("d", 0, failures=1))
    bad = running(7, "v2", created=NOW, condition=Condition.FAILED)
    found = asked(state, [*THREE, bad], deployment)
    assert found.moved
    assert found.changes.state is not None
    ending = advance(deployment, {"/a": found.changes.state}, NOW).ending
    assert ending is not None
    assert ending.reason == "/a: 2 failures of new instances, and 1 are allowed"
    assert ending.rolls_back == rolls_back


def test_no_progress_ends_a_deployment() -> None:
    after = target(app(3, cmd="v2"), V1, "v2", rollout=Rollout(deadline=60.0))
    deployment = change(V1, after)
    instances = [*THREE, *(running(each, "v2", condition=Condition.STAGING, stirred=NOW) for each in (7, 8, 9))]
    first = asked(AppState("/a", after), instances, deployment)
    assert first.wake_at == NOW + 60
    assert first.changes.state is not None
    late = asked(first.changes.state, instances, deployment, now=NOW + 60)
    assert late.changes.state is not None
    assert late.changes.state.progress is not None
    assert late.changes.state.progress.failed == "no progress for 60 seconds"
    delayed = asked(first.changes.state, instances, resumed(deployment, NOW + 30), now=NOW + 60)
    assert delayed.wake_at == NOW + 90


def test_a_scaling_waits_for_what_it_started_and_for_nothing_else() -> None:
    more = target(app(4), V1, "v2")
    deployment = reached(change(V1, more))
    sick = replace(THREE[2], has_health_check=True, healthy=False)
    new = running(7, created=NOW, has_health_check=True)
    waits = asked(AppState("/a", more), [*THREE[:2], sick, new], deployment)
    assert not waits.moved
    assert asked(AppState("/a", more), [*THREE[:2], sick, replace(new, healthy=True)], deployment).moved


def test_a_count_for_a_while_goes_back() -> None:
    state = AppState("/a", V1, expiry=Expiry(NOW + 60, 2))
    assert asked(state, THREE).wake_at == NOW + 60
    assert asked(state, THREE, now=NOW + 60).scale_back == 2


def test_what_waits_is_started_from_the_newest_definition() -> None:
    scaled = target(app(3, cpus=1.0), V1, "v1")
    newer = replace(scaled, info=scaled.info.scaled("v5"))
    waiting = running(2, condition=Condition.SCHEDULED, incarnation=3)
    found = asked(AppState("/a", newer), [*THREE[:2], waiting])
    assert [(each.version, each.config) for each in found.changes.instances] == [("v5", "v1")]


def test_a_sentence_is_not_made_later_by_another() -> None:
    sentence = Sentence(KillReason.ASKED, NOW - 5, NOW + 5)
    found = asked(AppState("/a", None), [replace(THREE[0], sentence=sentence)])
    assert not found.changes
    assert found.wake_at == NOW + 5


def test_many_instances_are_made_some_at_a_time() -> None:
    many = target(app(2 * MOST_AT_ONCE + 1))
    instances, now, made = list[Instance](), NOW, []
    while True:
        found = asked(AppState("/a", many), instances, now=now)
        if not found.changes.instances:
            break
        made.append(len(found.changes.instances))
        instances = [*instances, *(replace(each, id=f"{each.id}-{len(made)}") for each in found.changes.instances)]
        assert found.wake_at is not None or sum(made) == 2 * MOST_AT_ONCE + 1
        now = found.wake_at or now
    assert made == [MOST_AT_ONCE, MOST_AT_ONCE, 1]
