"""Every way to end, for every cause: state, reason, message, healthy."""
from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.engine import failures
from executor.engine.failures import (
    BadNodeLogin,
    BadOption,
    CommandNotExecutable,
    CommandNotFound,
    DaemonUnavailable,
    DeadlineExceeded,
    Fault,
    FileNotFetched,
    ImageNotFound,
    NameConflict,
    NetworkPluginFailed,
    NodeLacks,
    NoSuchNetwork,
    NotAuthorised,
    PortInUse,
    RateLimited,
    RegistryDistrusted,
    RegistryUnavailable,
    RuntimeFailure,
)
from executor.life.endings import Ending, base_text, decide
from executor.life.outcomes import (
    Cause,
    Exit,
    Facts,
    Failure,
    NotRun,
    Outcome,
    Refused,
    SecondTask,
    Signalled,
    Unknown,
    Unstarted,
)
from specs.messages.status import TaskState, is_terminal

FINISHED, FAILED, KILLED = TaskState.FINISHED, TaskState.FAILED, TaskState.KILLED
DROPPED, LOST = TaskState.DROPPED, TaskState.LOST
LAUNCH, OOM, TIME = ("REASON_CONTAINER_LAUNCH_FAILED", "REASON_CONTAINER_LIMITATION_MEMORY",
                     "REASON_MAX_COMPLETION_TIME_REACHED")
MIB = 1 << 20


def not_run(kind: type[RuntimeFailure], text: str = "the engine's words") -> NotRun:
    return NotRun(Failure(kind, text))


# outcome, cause -> state, reason, message
TABLE: list[tuple[Outcome, Cause | None, TaskState, str | None, str]] = [
    (Exit(0), None, FINISHED, None, "Container exited with status 0"),
    (Exit(3), None, FAILED, None, "Container exited with status 3: stderr: last words"),
    (Exit(126), None, FAILED, None,
     "Container exited with status 126: command cannot be executed (in: sh -c go); stderr: last words"),
    (Exit(127), None, FAILED, None,
     "Container exited with status 127: command not found (in: sh -c go); stderr: last words"),
    (Exit(139), None, FAILED, None, "Container exited with status 139: killed by SIGSEGV; stderr: last words"),
    (Exit(137), None, FAILED, None, "Container exited with status 137: killed by SIGKILL; stderr: last words"),
    (Exit(255), None, FAILED, None, "Container exited with status 255: stderr: last words"),
    (Exit(255, unseen=True, forgotten=True), None, FAILED, None,
     ("Failed to get exit status of container: the engine was restarted, and has forgotten it; "
      "stderr: last words")),
    (Exit(0, unseen=True, forgotten=True), None, FAILED, None,
     ("Failed to get exit status of container: the engine was restarted, and has forgotten it; "
      "stderr: last words")),
    (Exit(255, unseen=True), None, FAILED, None,
     ("Container exited with status 255: it ended while the engine or the executor was away: the engine says so, "
      "too, where it does not know; stderr: last words")),
    (Exit(137, unseen=True), None, FAILED, None,
     ("Container exited with status 137: it ended while the engine or the executor was away, and may have been "
      "killed with it; killed by SIGKILL; stderr: last words")),
    (Exit(137, unseen=True, meddled=9), None, FAILED, None,
     ("Container exited with status 137: killed by SIGKILL; the engine sent SIGKILL without our asking; "
      "stderr: last words")),
    (Exit(137, unseen=True), Cause.KILL, KILLED, None, "Container exited with status 137"),
    (Exit(137, oom=True, memory_limit=32 * MIB, memory_peak=31 * MIB), None, FAILED, OOM,
     "Container exited with status 137: out of memory (limit 32.0 MiB, peak 31.0 MiB); stderr: last words"),
    (Exit(1, oom=True), None, FAILED, OOM,
     "Container exited with status 1: out of memory (no limit of its own); stderr: last words"),
    (Exit(0, oom=True), None, FINISHED, None, "Container exited with status 0: out of memory (no limit of its own)"),
    (Exit(137, removed=True), None, FAILED, None,
     ("Container exited with status 137: killed by SIGKILL; the container was removed by somebody else; "
     "stderr: last words")),
    (Exit(1, started_again=True), None, FAILED, None,
     ("Container exited with status 1: the container was started again by somebody else, and stopped; "
     "stderr: last words")),
    (Exit(143, meddled=15), None, FAILED, None,
     ("Container exited with status 143: killed by SIGTERM; the engine sent SIGTERM without our asking; "
      "stderr: last words")),
    (Exit(0, meddled=15, started_again=True), None, FINISHED, None,
     ("Container exited with status 0: the engine sent SIGTERM without our asking; "
      "the container was started again by somebody else, and stopped")),
    (Exit(143, meddled=15), Cause.KILL, KILLED, None, "Container exited with status 143"),
    (Exit(143), Cause.KILL, KILLED, None, "Container exited with status 143"),
    (Exit(0), Cause.KILL, KILLED, None, "Container exited with status 0"),
    (Exit(137), Cause.SHUTDOWN, KILLED, None,
     "Container exited with status 137: the executor was shut down (a reason)"),
    (Exit(137), Cause.HEALTH, KILLED, None, "Container exited with status 137: its health check failed (a reason)"),
    (Exit(137), Cause.COMPLETION, FAILED, TIME,
     "Container exited with status 137: max_completion_time was reached (a reason)"),
    (Unknown(), None, FAILED, None, "Failed to get exit status of container: stderr: last words"),
    (Unknown(removed=True), None, FAILED, None,
     "Failed to get exit status of container: the container was removed by somebody else; stderr: last words"),
    (Unknown(), Cause.KILL, KILLED, None, "Failed to get exit status of container"),
    (Signalled(9), Cause.KILL, KILLED, None, "Container terminated with signal Killed"),
    (Signalled(11, core_dumped=True), None, FAILED, None,
     "Container terminated with signal Segmentation fault (core dumped): stderr: last words"),
    (Unstarted("the image was being pulled"), Cause.KILL, KILLED, "REASON_TASK_KILLED_DURING_LAUNCH",
     "Killed while the image was being pulled"),
    (Unstarted("the image was being pulled"), Cause.COMPLETION, FAILED, TIME,
     "Killed while the image was being pulled: max_completion_time was reached (a reason)"),
    (Refused("No docker info found in container info", "container.docker"), None, FAILED, None,
     "Failed to create docker run options: No docker info found in container info: see container.docker"),
    (SecondTask(), None, FAILED, None, 'Attempted to run multiple tasks using a "docker" executor'),
    (not_run(CommandNotFound), None, FAILED, LAUNCH,
     "Container exited with status 127: command not found: sh -c go; the engine's words"),
    (not_run(CommandNotExecutable), None, FAILED, LAUNCH,
     "Container exited with status 126: command cannot be executed: sh -c go; the engine's words"),
    (not_run(BadOption), None, FAILED, LAUNCH,
     "Container exited with status 125: the engine refused an option; the engine's words"),
    (not_run(NoSuchNetwork), None, FAILED, LAUNCH, "Container exited with status 125: the engine's words"),
    (not_run(PortInUse), None, DROPPED, LAUNCH,
     "Failed to run docker container: the engine's words; not the task's fault, another attempt may succeed"),
    (not_run(NameConflict), None, DROPPED, LAUNCH,
     "Failed to run docker container: the engine's words; not the task's fault, another attempt may succeed"),
    (not_run(NodeLacks), None, DROPPED, LAUNCH,
     ("Failed to run docker container: the node has not got what this takes; the engine's words; "
      "not the task's fault, another node may run it")),
    (not_run(ImageNotFound), None, FAILED, LAUNCH,
     "Failed to launch container: image not found: an/image; the engine's words"),
    (not_run(NotAuthorised), None, FAILED, LAUNCH,
     "Failed to launch container: not authorised to pull an/image; the engine's words"),
    (not_run(RegistryUnavailable), None, DROPPED, LAUNCH,
     ("Failed to launch container: no answer from the registry of an/image; the engine's words; "
     "not the task's fault, another attempt may succeed")),
    (not_run(RateLimited), None, DROPPED, LAUNCH,
     ("Failed to launch container: the registry of an/image wants to be asked later; the engine's words; "
      "not the task's fault, another attempt may succeed")),
    (not_run(RegistryDistrusted), None, DROPPED, LAUNCH,
     ("Failed to launch container: the engine does not trust the registry of an/image; the engine's words; "
      "not the task's fault, an operator has to put it right")),
    (not_run(BadNodeLogin), None, DROPPED, LAUNCH,
     ("Failed to launch container: the node's login does not do for an/image; the engine's words; "
      "not the task's fault, an operator has to put it right")),
    (not_run(DaemonUnavailable), None, DROPPED, LAUNCH,
     "Failed to run docker container: the engine's words; not the task's fault, another attempt may succeed"),
    (replace(not_run(DaemonUnavailable), ran=True), None, TaskState.GONE, LAUNCH,
     ("Failed to run docker container: the engine's words; it had been started all the same, and was removed; "
      "not the task's fault, another attempt may succeed")),
    (not_run(NetworkPluginFailed), None, DROPPED, LAUNCH,
     ("Failed to run docker container: the container could not be attached to its network; the engine's words; "
      "not the task's fault, another attempt may succeed")),
    (not_run(Fault), None, DROPPED, LAUNCH,
     "Failed to run docker container: the engine's words; not the task's fault, another attempt may succeed"),
    (not_run(DeadlineExceeded), Cause.KILL, KILLED, None,
     "Failed to run docker container: the engine's words; not the task's fault, another attempt may succeed"),
]


def facts(outcome: Outcome, cause: Cause | None) -> Facts:
    return Facts(outcome, cause, "a reason" if cause not in (None, Cause.KILL) else "", "sh -c go", "an/image",
                 "" if isinstance(outcome, NotRun | Refused | SecondTask | Unstarted) else "last words",
                 partition_aware=True)


@pytest.mark.parametrize(("outcome", "cause", "state", "reason", "message"), TABLE)
def test_table(outcome: Outcome, cause: Cause | None, state: TaskState, reason: str | None, message: str) -> None:
    healthy = False if cause is Cause.HEALTH else None
    overrun = outcome.memory_limit if isinstance(outcome, Exit) and reason == OOM else None
    assert decide(facts(outcome, cause), strict=False) == Ending(state, message, reason, healthy, overrun)


def test_output_that_was_lost_is_told() -> None:
    lost = "7 bytes of output were lost: No space left on device"
    for outcome, state in ((Exit(0), FINISHED), (Exit(3), FAILED)):
        ending = decide(Facts(outcome, lost=lost), strict=False)
        assert (ending.state, ending.message) == (state, f"Container exited with status {outcome.status}: {lost}")
        assert lost not in decide(Facts(outcome, lost=lost), strict=True).message


def test_the_states_follow_from_whose_fault_it_is() -> None:
    """TASK_FAILED is the task's own doing, and only that."""
    kinds = [kind for _, kind in inspect.getmembers(failures, inspect.isclass) if issubclass(kind, RuntimeFailure)]
    for kind in kinds:
        ending = decide(facts(not_run(kind), None), strict=False)
        mine = kind.blame is failures.Blame.TASK
        assert ending.state is (FAILED if mine else DROPPED)
        assert ("not the task's fault" in ending.message) is not mine
        assert (ending.message.startswith("Container exited with status")) is (
            mine and not issubclass(kind, ImageNotFound | NotAuthorised | FileNotFetched))


# as Mesos: executor.cpp, `reaped`
STRICT: list[tuple[Outcome, Cause | None, Ending]] = [
    (Exit(127), None, Ending(FAILED, "Container exited with status 127")),
    (Exit(137, oom=True), None, Ending(FAILED, "Container exited with status 137")),
    (Exit(137), Cause.COMPLETION, Ending(FAILED, "Container exited with status 137", TIME)),
    (Exit(137), Cause.HEALTH, Ending(KILLED, "Container exited with status 137", healthy=False)),
    (Exit(255, unseen=True, forgotten=True), None, Ending(FAILED, "Container exited with status 255")),
    (Exit(0, unseen=True, forgotten=True), None, Ending(FINISHED, "Container exited with status 0")),
    (Unknown(), Cause.KILL, Ending(FAILED, "Failed to get exit status of container")),
    (Unknown(), Cause.COMPLETION, Ending(FAILED, "Failed to get exit status of container")),
    (Unknown(), Cause.HEALTH, Ending(FAILED, "Failed to get exit status of container", healthy=False)),
    (not_run(CommandNotFound), None, Ending(FAILED, "Container exited with status 127")),
    (not_run(BadOption), None, Ending(FAILED, "Container exited with status 125")),
    (not_run(BadOption, "open /dev/none: no such file or directory"), None,
     Ending(FAILED, "Container exited with status 127")),  # as docker run
    (not_run(PortInUse), Cause.KILL, Ending(KILLED, "Container exited with status 125")),
    (not_run(DaemonUnavailable, "E"), None, Ending(FAILED, "Container exited with status 125")),
    (not_run(ImageNotFound, "E"), None, Ending(FAILED, "Container exited with status 125")),
    (not_run(Fault, "E"), None, Ending(FAILED, "Failed to run docker container: E")),
    (not_run(NetworkPluginFailed, "E"), None, Ending(FAILED, "Failed to run docker container: E")),
]


@pytest.mark.parametrize(("outcome", "cause", "ending"), STRICT)
def test_strict_says_what_mesos_says(outcome: Outcome, cause: Cause | None, ending: Ending) -> None:
    assert decide(facts(outcome, cause), strict=True) == ending


def test_a_framework_that_is_not_partition_aware_gets_lost() -> None:
    assert decide(Facts(not_run(DaemonUnavailable)), strict=False).state is LOST


outcomes = st.one_of(
    st.builds(Exit, st.integers(0, 255), st.booleans()), st.builds(Unknown, st.booleans()),
    st.builds(Signalled, st.integers(1, 64)), st.just(Unstarted("x")), st.just(SecondTask()),
    st.sampled_from([not_run(kind) for kind in (BadOption, ImageNotFound, DaemonUnavailable, RuntimeFailure)]))


@given(outcomes, st.sampled_from([None, *Cause]), st.booleans())
def test_every_ending_is_terminal_and_only_success_is_finished(
        outcome: Outcome, cause: Cause | None, strict: bool) -> None:
    ending = decide(facts(outcome, cause), strict=strict)
    assert is_terminal(ending.state)
    success = isinstance(outcome, Exit) and outcome.status == 0 and cause is None
    assert (ending.state is FINISHED) == success
    assert ending.message.startswith(base_text(outcome, strict=strict))
