"""The table is complete, says what it cannot say, and is drawn as it stands."""
from __future__ import annotations

from dataclasses import replace

import pytest

from executor.engine.failures import BadOption, DaemonUnavailable, FileNotFetched, FileSourceAway
from executor.life import effects as f
from executor.life import events as e
from executor.life import lifecycle
from executor.life.lifecycle import TRANSITIONS, accept, advance, mermaid
from executor.life.outcomes import Cause, Exit, Failure, Refused, Unknown
from executor.life.task import ImpossibleEvent, Phase, Task, Terms
from specs.messages.check import CheckStatusInfo, TcpResult
from specs.messages.status import TaskState
from specs.words.sizes import MEGABYTE

P = Phase

NOTHING_WAS_STARTED = {
    e.Created, e.Started, e.NotStarted, e.StartUnclear, e.ImageMissing, e.Noticed, e.PidGone,
    e.OomKilled, e.Exited,
    e.Vanished, e.Unanswered, e.Disowned, e.StartedAgain, e.Restarted, e.RunBegan, e.SignalFailed,
    e.SignalSeen, e.Removed, e.HealthReported, e.CheckReported, e.OomSurvived, e.SignalSurvived, e.OomUntold,
}
START_IS_ANSWERED_ONCE = {e.Created, e.Started, e.NotStarted, e.StartUnclear, e.ImageMissing}
FETCH_IS_OVER = {e.Fetched, e.FetchFailed, e.FetchProgressed}
PULL_IS_OVER = {e.Pulled, e.PullFailed, e.PullProgressed} | FETCH_IS_OVER
NOBODY_HAS_LOOKED_YET = {e.PidGone, e.Exited, e.Vanished, e.Unanswered, e.Disowned, e.Restarted}
NOTHING_WAS_SIGNALLED = {e.SignalFailed, e.Removed}
NOT_CHECKED_YET = {e.CheckReported}
NOT_DOWN_YET = {e.OomUntold}
BEGAN_WITH_US = {e.Recovered}

IMPOSSIBLE: dict[Phase, set[type[e.Event]]] = {
    P.RECOVERING: NOT_DOWN_YET | PULL_IS_OVER | START_IS_ANSWERED_ONCE | NOBODY_HAS_LOOKED_YET
    | NOTHING_WAS_SIGNALLED
    | NOT_CHECKED_YET | {e.StartSlow, e.ExitMissed, e.GraceOver, e.StillUp, e.Drained, e.DrainSlow},
    P.FETCHING: BEGAN_WITH_US | (NOTHING_WAS_STARTED - {e.Noticed}) | (PULL_IS_OVER - FETCH_IS_OVER)
    | {e.StartSlow, e.ExitMissed, e.GraceOver, e.StillUp, e.Drained, e.DrainSlow},
    P.PULLING: BEGAN_WITH_US | (NOTHING_WAS_STARTED - {e.Noticed}) | FETCH_IS_OVER
    | {e.StartSlow, e.ExitMissed, e.GraceOver, e.StillUp, e.Drained, e.DrainSlow},
    P.STARTING: NOT_DOWN_YET | BEGAN_WITH_US | PULL_IS_OVER | NOBODY_HAS_LOOKED_YET | NOTHING_WAS_SIGNALLED
    | NOT_CHECKED_YET
    | {e.StartSlow, e.ExitMissed, e.GraceOver, e.StillUp, e.Drained, e.DrainSlow},
    P.ABORTING: NOT_DOWN_YET | BEGAN_WITH_US | PULL_IS_OVER | NOBODY_HAS_LOOKED_YET | NOTHING_WAS_SIGNALLED
    | NOT_CHECKED_YET
    | {e.ExitMissed, e.GraceOver, e.StillUp, e.Drained, e.DrainSlow},
    P.RUNNING: NOT_DOWN_YET | BEGAN_WITH_US | PULL_IS_OVER | START_IS_ANSWERED_ONCE | NOTHING_WAS_SIGNALLED
    | {e.StartSlow, e.GraceOver, e.StillUp, e.Drained, e.DrainSlow},
    P.TERMINATING: NOT_DOWN_YET | BEGAN_WITH_US | PULL_IS_OVER | START_IS_ANSWERED_ONCE
    | {e.StartSlow, e.StillUp, e.Removed, e.Drained, e.DrainSlow},
    P.FORCING: NOT_DOWN_YET | BEGAN_WITH_US | PULL_IS_OVER | START_IS_ANSWERED_ONCE
    | {e.StartSlow, e.GraceOver, e.DrainSlow},
    P.ENDING: BEGAN_WITH_US | START_IS_ANSWERED_ONCE
    | {e.StartSlow, e.ExitMissed, e.GraceOver, e.StillUp}, P.DONE: set(),
}


@pytest.mark.parametrize("phase", Phase)
def test_the_table_plus_the_impossible_pairs_is_every_pair(phase: Phase) -> None:
    possible = set(TRANSITIONS[phase])
    assert not possible & IMPOSSIBLE[phase]
    assert possible | IMPOSSIBLE[phase] == set(e.EVENTS)


@pytest.mark.parametrize("phase", Phase)
def test_a_kill_is_legal_in_every_phase(phase: Phase) -> None:
    task = Task("t", Terms(), phase, container="c", outcome=Exit(0) if phase is P.ENDING else None)
    advance(task, e.EndRequested(Cause.KILL, 3.0))


def test_an_impossible_event_tells_the_story() -> None:
    task, _ = accept("t", Terms())
    task, _ = advance(task, e.Created("c"))
    with pytest.raises(ImpossibleEvent, match=r"task 't': cannot happen now: GraceOver\(\); "
                                              r"story: starting, Created > starting"):
        advance(task, e.GraceOver())


def test_a_move_to_where_the_table_does_not_lead_is_an_error(
        monkeypatch: pytest.MonkeyPatch) -> None:
    task, _ = accept("t", Terms())
    wrong = {**TRANSITIONS[P.STARTING],
             e.NotStarted: TRANSITIONS[P.STARTING][e.NotStarted]._replace(targets=(P.DONE,))}
    monkeypatch.setitem(TRANSITIONS, P.STARTING, wrong)
    with pytest.raises(ImpossibleEvent, match="must not lead to ending"):
        advance(task, e.NotStarted(Failure(BadOption, "no")))


def test_the_diagram_in_the_text_is_current() -> None:
    assert lifecycle.__doc__ is not None
    assert mermaid() in lifecycle.__doc__


def reports(effects: tuple[f.Effect, ...]) -> list[tuple[TaskState, str | None]]:
    return [(effect.status.state, effect.status.message) for effect in effects
            if isinstance(effect, f.Report)]


def through(terms: Terms, *events: e.Event) -> list[tuple[TaskState, str | None]]:
    """What is reported in a life of these events."""
    task, effects = accept("t", terms)
    told = reports(effects)
    for event in events:
        task, effects = advance(task, event)
        told += reports(effects)
    return told


STARTED = (e.Created("c"), e.Started("c", True, 7, None, (), b"[]"))
EXITED = (e.Noticed(0), e.Drained())


FETCHES = Terms(fetches=True, killing=True)


def test_files_come_before_the_image_and_the_container() -> None:
    task, effects = accept("t", replace(FETCHES, force_pull=True))
    assert (task.phase, effects[1:]) == (P.FETCHING, (f.Fetch(),))
    pulling, effects = advance(task, e.Fetched())
    assert (pulling.phase, effects) == (P.PULLING, (f.Pull(),))
    starting, effects = advance(replace(task, terms=FETCHES), e.Fetched())
    assert (starting.phase, effects) == (P.STARTING, (f.CreateAndStart(),))


def test_a_file_that_cannot_be_had_is_the_tasks_end_and_a_server_that_is_away_is_not() -> None:
    missing = e.FetchFailed(Failure(FileNotFetched,
                                    "Failed to fetch 'http://h/f': received HTTP return code 404"))
    assert through(FETCHES, e.FetchProgressed("some"), missing, e.Drained()) == [
        (TaskState.STARTING, None), (TaskState.STARTING, "some"),
        (TaskState.FAILED,
         "Failed to launch container: Failed to fetch 'http://h/f': received HTTP return code 404")]
    away = e.FetchFailed(Failure(FileSourceAway,
                                 "Failed to fetch 'http://h/f': no answer came in time"))
    assert through(FETCHES, away, e.Drained())[1:] == [
        (TaskState.LOST,
         ("Failed to launch container: Failed to fetch 'http://h/f': no answer came in time; "
                          "not the task's fault, another attempt may succeed"))]


def test_a_kill_ends_the_fetching() -> None:
    task, _ = accept("t", FETCHES)
    task, effects = advance(task, e.EndRequested(Cause.KILL, 3.0))
    assert effects[0] == f.CancelFetch()
    assert through(FETCHES, e.EndRequested(Cause.KILL, 3.0), e.Fetched(), e.Drained())[1:] == [
        (TaskState.KILLING, None), (TaskState.KILLED, "Killed while its files were being fetched")]


def test_finish() -> None:
    assert through(Terms(), *STARTED, *EXITED) == [
        (TaskState.STARTING, None), (TaskState.RUNNING, None),
        (TaskState.FINISHED, "Container exited with status 0")]


def test_refused_before_anything() -> None:
    task, effects = accept("t", Terms(),
                           Refused("Host path or volume source is required",
                                   "container.volumes[0]"))
    task, last = advance(task, e.Drained())
    assert reports(effects) + reports(last) == [
        (TaskState.STARTING, None),
        (TaskState.FAILED,
         ("Failed to create docker run options: Host path or volume source is required: "
                            "see container.volumes[0]"))]
    assert task.phase is P.DONE


def test_kill_with_grace_sends_the_images_signal_then_sigkill() -> None:
    task, _ = accept("t", Terms(killing=True))
    for event in (e.Created("c"), e.Started("c", True, 7, "SIGQUIT", (), b"[]")):
        task, _ = advance(task, event)
    task, effects = advance(task, e.EndRequested(Cause.KILL, 7.0))
    assert reports(effects) == [(TaskState.KILLING, None)]
    assert f.Signal("SIGQUIT") in effects
    assert f.StartTimer(f.Timer.GRACE, 7.0) in effects
    task, effects = advance(task, e.EndRequested(Cause.KILL, 2.0))
    assert effects == (f.StartTimer(f.Timer.GRACE, 2.0, keep_earlier=True),)  # shorter, and no second signal
    task, effects = advance(task, e.GraceOver())
    assert f.Signal("SIGKILL") in effects


def test_without_grace_the_stop_signal_comes_right_before_sigkill() -> None:
    """As `docker stop -t 0`; a grace period that runs out sends SIGKILL alone."""
    task, _ = accept("t", Terms())
    for event in (e.Created("c"), e.Started("c", True, 7, "SIGQUIT", (), b"[]")):
        task, _ = advance(task, event)
    _, effects = advance(task, e.EndRequested(Cause.KILL, 0.0))
    assert [effect for effect in effects
            if isinstance(effect, f.Signal)] == [f.Signal("SIGKILL", first="SIGQUIT")]


def test_never_pull_means_never() -> None:
    told = through(Terms(never_pull=True), e.ImageMissing(), e.Drained())
    assert told[-1][0] is TaskState.FAILED
    assert (told[-1][1] or "").endswith("it is not there, and the task says never to pull it")


def test_an_engine_that_does_not_obey_is_passed_by() -> None:
    task, _ = accept("t", Terms())
    for event in (*STARTED, e.EndRequested(Cause.KILL, 0.0)):
        task, _ = advance(task, event)
    acts: list[f.Effect] = []
    for _ in range(4):
        task, effects = advance(task, e.StillUp())
        acts.append(effects[0])
    assert acts == [f.ForceRemove(), f.KillPid(7), f.ForceRemove(), f.KillPid(7)]
    task, effects = advance(task, e.PidGone())
    assert effects == (f.Look(), f.StartTimer(f.Timer.LOOK, 1.0), f.StartTimer(f.Timer.MISSED, 5.0, keep_earlier=True))
    task, _ = advance(task, e.ExitMissed())
    _, effects = advance(task, e.Drained())
    assert reports(effects) == [(TaskState.KILLED, "Container terminated with signal Killed")]


def test_an_engine_that_does_not_answer_has_time_to_tell_how_it_ended_and_not_for_ever() -> None:
    task, _ = accept("t", Terms())
    for event in (*STARTED, e.PidGone(7)):
        task, _ = advance(task, event)
    for _ in range(10):
        for _ in range(3):
            task, effects = advance(task, e.Unanswered())
            assert effects == (f.StartTimer(f.Timer.LOOK, 1.0),)
        task, effects = advance(task, e.ExitMissed())
        assert effects == (f.StartTimer(f.Timer.MISSED, 60.0),)
    told, _ = advance(task, e.Exited(Exit(3)))
    assert told.outcome == Exit(3)
    task, _ = advance(task, e.Unanswered())
    task, _ = advance(task, e.ExitMissed())
    assert (task.phase, task.outcome) == (P.ENDING, Unknown())


def test_one_that_answers_and_does_not_know_is_asked_for_a_minute() -> None:
    task, _ = accept("t", Terms())
    for event in (*STARTED, e.PidGone(7)):
        task, _ = advance(task, event)
    for _ in range(3):
        task, effects = advance(task, e.Noticed())  # its clock rings
        assert effects == (f.Look(), f.StartTimer(f.Timer.LOOK, 1.0))
    task, _ = advance(task, e.ExitMissed())
    assert task.outcome == Unknown()


def test_a_slow_engine_has_a_minute_to_tell_how_what_it_has_killed_ended() -> None:
    task, _ = accept("t", Terms())
    for event in (*STARTED, e.EndRequested(Cause.KILL, 0.0), e.PidGone(7)):
        task, _ = advance(task, event)
    killed = task
    for _ in range(11):
        _, effects = advance(task, e.StillUp())
        assert effects == (f.StartTimer(f.Timer.STEP, 5.0),)  # removed by force it would tell nothing any more
        task, effects = advance(task, e.ExitMissed())
        assert effects == (f.StartTimer(f.Timer.MISSED, 5.0),)
    told, _ = advance(task, e.Exited(Exit(137)))
    assert told.outcome == Exit(137)
    task, _ = advance(task, e.ExitMissed())
    assert task.outcome == Unknown()
    refused = e.SignalFailed(Failure(DaemonUnavailable, "no answer"))
    for nothing_said in (e.Unanswered(), refused, e.EndRequested(Cause.SHUTDOWN)):
        task, _ = advance(killed, nothing_said)
        _, effects = advance(task, e.StillUp())
        assert f.ForceRemove() in effects
        task, _ = advance(task, e.ExitMissed())
        assert task.outcome == Unknown()


@pytest.mark.parametrize(("before", "expected"), [
    ((),
     (TaskState.FAILED,
      "Failed to get exit status of container: the container was removed by somebody else")),
    ((e.EndRequested(Cause.KILL, 3.0),),
     (TaskState.KILLED, "Container terminated with signal Killed")),
    ((e.EndRequested(Cause.KILL, 0.0),),
     (TaskState.KILLED, "Container terminated with signal Killed")),
])
def test_what_the_engine_has_forgotten_is_ended_past_it(
        before: tuple[e.Event, ...], expected: tuple[TaskState, str]) -> None:
    task, _ = accept("t", Terms())
    for event in (*STARTED, *before):
        task, _ = advance(task, event)
    task, effects = advance(task, e.Disowned())
    assert f.KillPid(7) in effects
    assert task.phase is P.FORCING
    task, effects = advance(task, e.StillUp())
    assert effects[0] == f.ForceRemove()
    task, effects = advance(task, e.Disowned())
    assert f.KillPid(7) in effects
    for event in (e.PidGone(7), e.Vanished()):
        task, _ = advance(task, event)
    _, effects = advance(task, e.Drained())
    assert reports(effects) == [expected]


@pytest.mark.parametrize(("last", "ran"), [
    (e.Removed(ran=True), True), (e.Noticed(3), True), (e.Exited(Exit(3)), True),
    (e.Removed(), False), (e.Exited(Exit(0), ran=False), False)])
@pytest.mark.parametrize("aware", [True, False])
def test_a_start_that_was_not_answered_may_have_been_one(last: e.Event, *, ran: bool,
                                                         aware: bool) -> None:
    unclear = e.StartUnclear(Failure(DaemonUnavailable, "no answer"))
    state, text = through(Terms(partition_aware=aware), e.Created("c"), unclear, last, e.Drained())[-1]
    assert ("it had been started all the same" in (text or "")) is ran
    expected = TaskState.GONE if ran else TaskState.DROPPED
    assert state is (expected if aware else TaskState.LOST)


def test_what_has_written_something_has_run_whatever_the_engine_says() -> None:
    """One that was ended while it started the container has perhaps not written down that it did."""
    unclear = e.StartUnclear(Failure(DaemonUnavailable, "no answer"))
    told = through(Terms(partition_aware=True), e.Created("c"), unclear, e.Exited(Exit(0), ran=False),
                   e.Drained(wrote=True))
    state, text = told[-1]
    assert state is TaskState.GONE
    assert "it had been started all the same" in (text or "")


@pytest.mark.parametrize("last", [e.Noticed(3), e.Exited(Exit(137)), e.Removed(ran=True)])
def test_what_was_started_unsaid_goes_also_from_a_node_whose_agent_removes(last: e.Event) -> None:
    """Its end by our SIGKILL may be told before it is removed; a drop-in would leave it with its own end."""
    task, _ = accept("t", Terms(remove=False))
    for event in (e.Created("c"), e.StartUnclear(Failure(DaemonUnavailable, "no answer")), last):
        task, _ = advance(task, event)
    _, effects = advance(task, e.Drained())
    assert f.Remove() in effects


def test_255_is_asked_for_however_it_was_told() -> None:
    task, _ = accept("t", Terms())
    for event in STARTED:
        task, _ = advance(task, event)
    _, effects = advance(task, e.Noticed(255, 1))
    assert f.Look() in effects


def test_how_it_ended_is_known_although_the_next_step_of_force_came_between() -> None:
    told = through(Terms(), *STARTED, e.EndRequested(Cause.KILL), e.StillUp(), e.StillUp(),
                   e.PidGone(), e.StillUp(), e.ExitMissed(), e.Drained())
    assert told[-1] == (TaskState.KILLED, "Container terminated with signal Killed")


def test_somebody_elses_signal_is_told_and_looked_into() -> None:
    task, _ = accept("t", Terms())
    for event in (*STARTED, e.SignalSeen(15)):
        task, _ = advance(task, event)
    task, effects = advance(task, e.Noticed(0))
    assert f.Look() in effects  # it may be a restart: status 0 alone is not believed
    task, _ = advance(task, e.StartedAgain(8))
    for late in (e.Removed(), e.Drained()):
        task, effects = advance(task, late)
    assert reports(effects) == [(TaskState.FINISHED, (
        "Container exited with status 0: the engine sent SIGTERM without our asking; the container was started "
        "again by somebody else, and stopped"))]


def test_a_shutdown_shortens_the_waits() -> None:
    task, _ = accept("t", Terms())
    for event in (*STARTED, e.EndRequested(Cause.KILL, 0.0), e.EndRequested(Cause.SHUTDOWN, 0.0)):
        task, _ = advance(task, event)
    _, effects = advance(task, e.StillUp())
    assert effects == (f.ForceRemove(), f.StartTimer(f.Timer.STEP, 0.4))


def test_kill_during_the_start_is_announced_when_the_start_takes_long() -> None:
    assert through(Terms(killing=True), e.Created("c"), e.EndRequested(Cause.KILL, 1.0),
                   e.StartSlow(), STARTED[1], e.Noticed(137), e.Drained()) == [
        (TaskState.STARTING, None), (TaskState.KILLING, None),
        (TaskState.KILLED, "Container exited with status 137")]


def test_what_ended_before_the_stop_was_issued_ended_by_itself() -> None:
    assert through(Terms(killing=True), e.Created("c"), e.EndRequested(Cause.KILL, 1.0),
                   e.Noticed(3), STARTED[1],
                   e.Exited(Exit(3)), e.Drained())[-1] == (TaskState.FAILED,
                                                           "Container exited with status 3")


def test_kill_during_the_pull_is_the_whole_story() -> None:
    task, _ = accept("t", Terms(killing=True))
    task, effects = advance(task, e.ImageMissing())
    assert effects == (f.Pull(),)
    task, effects = advance(task, e.EndRequested(Cause.KILL, 1.0))
    assert effects[0] == f.CancelPull()
    _, last = advance(task, e.Drained())
    assert [*reports(effects), *reports(last)] == [
        (TaskState.KILLING, None), (TaskState.KILLED, "Killed while the image was being pulled")]


def test_status_137_that_nobody_asked_for_is_looked_into() -> None:
    task, _ = accept("t", Terms())
    for event in STARTED:
        task, _ = advance(task, event)
    _, effects = advance(task, e.Noticed(137))
    assert effects == (f.Look(),)
    limit_not_told, _ = advance(task, e.OomKilled(None))
    _, effects = advance(limit_not_told, e.Noticed(137))
    assert effects == (f.Look(),)
    task, _ = advance(task, e.OomKilled(None, 1 << 20))
    task, _ = advance(task, e.Noticed(137))
    assert task.phase is P.ENDING


KILLED = "Container exited with status 137"
OOM = f"{KILLED}: out of memory (limit 1.0 MiB, peak 1.0 MiB)"
MEDDLED = f"{KILLED}: killed by SIGKILL; the engine sent SIGKILL without our asking"
DOWN = (*STARTED, e.Noticed(137), e.Exited(Exit(137, memory_limit=MEGABYTE)))


@pytest.mark.parametrize(("late", "message"), [
    ((e.OomKilled(None), e.Drained()), OOM),
    ((e.Drained(), e.OomKilled(MEGABYTE, MEGABYTE)), OOM),
    ((e.Drained(), e.OomUntold()), f"{KILLED}: killed by SIGKILL"),
    ((e.OomUntold(), e.Drained()), f"{KILLED}: killed by SIGKILL"),
    ((e.OomUntold(), e.OomKilled(None), e.Drained()), OOM),
    ((e.Drained(), e.SignalSeen(9)), MEDDLED),
    ((e.SignalSeen(9), e.Drained()), MEDDLED),
    ((e.SignalSeen(1), e.Drained(), e.OomKilled(None)), OOM),
    ((e.DrainSlow(),), f"{KILLED}: killed by SIGKILL"),
    ((e.Drained(tail="last"), e.DrainSlow()), f"{KILLED}: killed by SIGKILL; stderr: last"),
    ((e.EndRequested(Cause.KILL, 1.0), e.Drained(), e.OomKilled(None)), OOM),  # it ended by itself
])
def test_why_it_was_killed_may_be_told_after_its_end(late: tuple[e.Event, ...], message: str) -> None:
    *before, last = late
    assert through(Terms(), *DOWN, *before)[2:] == []
    assert through(Terms(), *DOWN, *before, last)[2:] == [(TaskState.FAILED, message)]


@pytest.mark.parametrize("end", [
    Exit(137), Exit(1), Exit(0, memory_limit=MEGABYTE), Exit(137, oom=True, memory_limit=MEGABYTE),
    Exit(137, memory_limit=MEGABYTE, removed=True), Exit(137, memory_limit=MEGABYTE, unseen=True),
    Exit(137, memory_limit=MEGABYTE, error="no")])
def test_nothing_is_awaited_where_memory_cannot_be_why_or_something_else_is(end: Exit) -> None:
    assert len(through(Terms(), *STARTED, e.Noticed(137), e.Exited(end), e.Drained())) == 3


LIMITED = Terms(memory_limit=MEGABYTE)


@pytest.mark.parametrize(("terms", "status", "near", "awaited"), [
    (LIMITED, 137, True, True), (LIMITED, 137, None, True), (LIMITED, 137, False, False),
    (LIMITED, 9, True, True), (LIMITED, 9, None, False), (LIMITED, 9, False, False), (LIMITED, 0, True, False),
    (replace(LIMITED, strict=True), 137, True, True), (replace(LIMITED, strict=True), 9, True, False),
    (Terms(), 137, True, False)])
@pytest.mark.parametrize("early", [False, True])
def test_a_word_about_memory_is_awaited_where_the_kernel_has_just_killed_for_it(
        terms: Terms, status: int, near: bool | None, awaited: bool, early: bool) -> None:
    """Also of a container that ended while it was being started; its child may have been killed."""
    task, _ = accept("t", terms)
    created, started = STARTED
    told = e.Noticed(status, 1, oom_near=near)
    looked = (e.Exited(Exit(status)),) if status == 137 else ()
    for each in (created, *((told, started) if early else (started, told)), *looked):
        task, effects = advance(task, each)
    assert (f.StartTimer(f.Timer.OOM_LATE, 1.0) in effects) is awaited
    task, _ = advance(task, e.OomKilled(None))
    _, effects = advance(task, e.Drained())
    [(_, message)] = reports(effects)
    assert terms.strict or status == 0 or "out of memory" in (message or "")


@pytest.mark.parametrize("wanted", [e.EndRequested(Cause.KILL, 1.0), e.EndRequested(Cause.HEALTH),
                                    e.EndRequested(Cause.SHUTDOWN)])
def test_nothing_is_awaited_of_one_that_was_to_end(wanted: e.EndRequested) -> None:
    assert through(Terms(), *STARTED, wanted, e.Exited(Exit(137, memory_limit=MEGABYTE)), e.Drained())[-1][0] \
        is TaskState.KILLED


def test_one_that_is_started_again_while_that_is_awaited_is_ended_first() -> None:
    task, _ = accept("t", Terms())
    for event in (*DOWN, e.Drained()):
        task, _ = advance(task, event)
    task, effects = advance(task, e.StartedAgain(8))
    assert f.CancelTimer(f.Timer.OOM_LATE) in effects
    assert reports(effects) == []
    for event in (e.Exited(Exit(137, memory_limit=MEGABYTE)), e.Drained()):
        task, effects = advance(task, event)
    [(state, message)] = reports(effects)
    assert (state, "started again by somebody else" in (message or "")) == (TaskState.FAILED, True)


@pytest.mark.parametrize("events", [
    (e.Noticed(0, 5), e.Noticed(0, 6), e.Drained()),
    (e.Noticed(0, 5), e.Drained(), e.Noticed(0, 6)),
    (e.SignalSeen(1), e.Noticed(0, 5), e.Noticed(0, 6), e.Exited(Exit(0)), e.Drained())])
def test_an_exit_that_is_told_twice_is_one_end(events: tuple[e.Event, ...]) -> None:
    """As engines from 28 to 29.4 do at times."""
    told = through(Terms(), *STARTED, *events)
    assert [state for state, _ in told] == [TaskState.STARTING, TaskState.RUNNING,
                                            TaskState.FINISHED]


def test_the_exit_of_a_run_before_is_none_of_this_one() -> None:
    task, _ = accept("t", Terms(restarts=True))
    for event in (*STARTED, e.RunBegan(1), e.Noticed(3, 5), e.RunBegan(6), e.Noticed(3, 5)):
        task, _ = advance(task, event)
    assert (task.run.told_exit, task.run.ended) == (None, 0)


def test_a_restart_policy_goes_on_with_the_task() -> None:
    task, _ = accept("t", Terms(restarts=True))
    for event in STARTED:
        task, _ = advance(task, event)
    task, effects = advance(task, e.Noticed(1))
    assert effects == (f.Look(),)
    task, effects = advance(task, e.Restarted(8))
    assert (task.phase, task.run.pid) == (P.RUNNING, 8)
    assert f.WatchPid(8) in effects


def test_health_travels_with_the_check_status() -> None:
    connected = CheckStatusInfo("TCP", tcp=TcpResult(succeeded=True))
    terms = Terms(check_status=CheckStatusInfo("TCP", tcp=TcpResult()))
    task, effects = accept("t", terms)
    for event in (*STARTED, e.CheckReported(connected)):
        task, effects = advance(task, event)
    task, effects = advance(task, e.HealthReported(False))
    status = next(effect.status for effect in effects if isinstance(effect, f.Report))
    assert (status.healthy, status.reason) == (False, "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED")
    assert status.check_status == connected
