"""What an executor does about what it hears and what happens, without any socket."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.agent.v0 import messages as m
from executor.agent.v0 import session as s
from executor.agent.v0.session import Stage, V0Session
from executor.settings.agent import AgentSettings
from specs.messages.status import TaskState, TaskStatus
from specs.network.address import HostPort
from specs.network.pid import parse_pid

SETTINGS = AgentSettings(address=HostPort("10.0.0.7", 5051), path="/", framework_id="F", executor_id="E", agent_id="A",
                         directory="/", shutdown_grace=5.0, checkpoint=True, recovery_timeout=900.0)
PLAIN = replace(SETTINGS, checkpoint=False, recovery_timeout=0.0)
AGENT = s.MessageSender(SETTINGS.pid, "10.0.0.7", here=True)
OTHER = s.MessageSender(parse_pid("slave(1)@10.0.0.7:5999"), "10.0.0.7", here=True)
REGISTERED = m.Registered("A", "F", {}, {}, {})
TASK = m.RunTask("F", "t", {"task_id": {"value": "t"}})


def update(number: int, state: TaskState = TaskState.RUNNING) -> TaskStatus:
    return TaskStatus(f"t{number}", state, timestamp=1.0, uuid=bytes([number] * 16))


class At:
    """A session in the hands of a test, which sees the actions of the last fact."""

    def __init__(self, settings: AgentSettings = SETTINGS) -> None:
        self.settings = settings
        self.session = V0Session(settings.pid)
        self.actions: list[s.Action] = []
        self.now = 0.0

    def heard(self, said: m.Heard, sender: s.MessageSender = AGENT) -> list[s.Action]:
        return self._take(s.heard(self.session, sender, said, self.settings, self.now))

    def say(self, status: TaskStatus) -> list[s.Action]:
        return self._take(s.say(self.session, status))

    def link_ended(self) -> list[s.Action]:
        return self._take(s.link_ended(self.session, self.settings, self.now))

    def pass_time(self, seconds: float) -> list[s.Action]:
        self.now += seconds
        return self._take(s.tick(self.session, self.settings, self.now))

    def _take(self, step: s.Step) -> list[s.Action]:
        self.session, actions = step
        self.actions = list(actions)
        return self.actions


def connected(settings: AgentSettings = SETTINGS) -> At:
    at = At(settings)
    at.heard(REGISTERED)
    return at


def test_registered() -> None:
    at = At()
    assert at.heard(REGISTERED) == [s.Tell(REGISTERED)]
    assert at.session.stage is Stage.CONNECTED


def test_an_update_goes_out_at_once_and_is_kept_until_acknowledged() -> None:
    at = connected()
    assert at.say(update(1)) == [s.SendUpdate(update(1))]
    at.heard(m.Acknowledged("F", "t1", bytes([1] * 16)))
    assert at.session.box.empty


def test_the_agent_comes_back() -> None:
    at = connected()
    at.heard(TASK)
    at.say(update(1))
    assert at.link_ended() == [s.TellLost()]
    assert at.say(update(2)) == []
    assert at.heard(m.Reconnect("A")) == [s.Link(SETTINGS.pid), s.SendReregister(at.session.box)]
    assert [each.task_id for each in at.session.box.updates] == ["t1", "t2"]
    assert list(at.session.box.tasks) == ["t"]
    assert at.say(update(3)) == []  # the agent is not asked before it has taken us
    again = m.Reregistered("A", {})
    assert at.heard(again) == [s.Tell(again), s.SendUpdate(update(3))]
    assert s.deadline(at.session, SETTINGS) is None


def test_it_may_come_back_at_another_port() -> None:
    at = connected()
    at.link_ended()
    assert at.heard(m.Reconnect("A"), OTHER)[0] == s.Link(OTHER.pid)
    at.heard(m.Reregistered("A", {}), OTHER)
    assert at.session.stage is Stage.CONNECTED
    assert isinstance(at.heard(m.KillTask("F", "t", None), AGENT)[0], s.Ignored)


def test_it_dies_again_before_it_has_taken_us() -> None:
    at = connected()
    at.link_ended()
    at.now = 100.0
    at.heard(m.Reconnect("A"))
    assert at.link_ended() == []
    assert at.session.stage is Stage.AWAY
    assert s.deadline(at.session, SETTINGS) == 900.0  # since it went first
    assert isinstance(at.heard(m.Reconnect("A"))[0], s.Link)


def test_it_asks_again_while_our_answer_is_under_way() -> None:
    at = connected()
    at.link_ended()
    at.heard(m.Reconnect("A"))
    assert isinstance(at.heard(m.Reconnect("A"))[1], s.SendReregister)


def test_another_agent_in_the_same_process_may_ask_us() -> None:
    """What it follows has closed no link: so in Mesos's own tests (SlaveRecoveryTaskContainer)."""
    at = connected()
    at.say(update(1))
    assert at.heard(m.Reconnect("A"), ANOTHER_ID) == [s.Link(ANOTHER_ID.pid), s.SendReregister(at.session.box)]
    at.heard(m.Reregistered("A", {}), ANOTHER_ID)
    assert at.session.stage is Stage.CONNECTED
    assert isinstance(at.heard(m.KillTask("F", "t", None), AGENT)[0], s.Ignored)


def test_an_agent_whose_end_we_did_not_see_may_ask_us_too() -> None:
    at = connected()
    assert isinstance(at.heard(m.Reconnect("A"))[0], s.Link)


@pytest.mark.parametrize("settings", [SETTINGS, PLAIN])
def test_an_agent_that_exits_before_it_registered_us_is_the_end(settings: AgentSettings) -> None:
    at = At(settings)
    assert [type(each) for each in at.link_ended()] == [s.TellShutdown]


def test_without_checkpointing_its_exit_is_the_end() -> None:
    at = connected(PLAIN)
    assert [type(each) for each in at.link_ended()] == [s.TellLost, s.TellShutdown]
    assert at.pass_time(4.9) == []
    assert not at.session.over
    at.pass_time(0.2)
    assert at.session.over


def test_beyond_the_recovery_timeout_is_the_end_and_it_is_told_once() -> None:
    at = connected()
    at.link_ended()
    assert at.pass_time(899.0) == []
    assert at.pass_time(1.0) == [s.TellShutdown("Recovery timeout of 900 s exceeded")]
    assert at.pass_time(1.0) == []
    at.say(update(1, TaskState.KILLED))
    assert isinstance(at.heard(m.Reconnect("A"))[1], s.SendReregister)  # the last word still arrives
    at.heard(m.Reregistered("A", {}))
    at.heard(m.Acknowledged("F", "t1", bytes([1] * 16)))
    assert at.session.box.empty
    at.link_ended()
    at.pass_time(5.0)
    assert at.session.over


def test_shutdown_is_told_once() -> None:
    at = connected()
    assert at.heard(m.Shutdown(None, None)) == [s.TellShutdown("the agent asked for it")]
    assert at.heard(m.Shutdown("F", "E")) == []


def test_a_framework_message_needs_an_agent() -> None:
    at = connected()
    assert s.say_message(at.session, b"x")[1] == [s.SendMessage(b"x")]
    at.link_ended()
    assert isinstance(s.say_message(at.session, b"x")[1][0], s.Ignored)


ALL: list[m.Heard] = [
    REGISTERED, m.Reregistered("A", {}), m.Reconnect("A"), TASK, m.KillTask("F", "t", None),
    m.Acknowledged("F", "t1", bytes([1] * 16)), m.FrameworkMessage("F", "E", b""), m.Shutdown("F", "E")]
ANOTHER_ID = replace(AGENT, pid=parse_pid("slave(2)@10.0.0.7:5051"))
STRANGERS = {
    "another id": ANOTHER_ID,
    "another port": OTHER,
    "another host": replace(AGENT, pid=parse_pid("slave(1)@10.0.0.8:5051")),
    "from another machine": replace(AGENT, host="10.0.0.8", here=False),
}


@pytest.mark.parametrize(("said", "stranger"), [
    (said, stranger) for said in ALL for stranger in STRANGERS
    if not (isinstance(said, m.Reconnect) and stranger == "another id")])
def test_a_stranger_changes_nothing(said: m.Heard, stranger: str) -> None:
    at = connected()
    at.say(update(1))
    before = at.session
    assert [type(each) for each in at.heard(said, STRANGERS[stranger])] == [s.Ignored]
    assert at.session == before


@pytest.mark.parametrize("said", ALL, ids=lambda said: type(said).__name__)
@pytest.mark.parametrize("field", ["agent_id", "framework_id", "executor_id"])
def test_what_is_meant_for_others_changes_nothing(said: Any, field: str) -> None:
    at = connected()
    if hasattr(said, field):
        before = at.session
        assert [type(each) for each in at.heard(replace(said, **{field: "another"}))] == [s.Ignored]
        assert at.session == before


@pytest.mark.parametrize("said", [TASK, m.FrameworkMessage("F", "E", b"")])
def test_a_task_needs_an_agent_that_has_taken_us(said: m.Heard) -> None:
    at = At()
    assert [type(each) for each in at.heard(said)] == [s.Ignored]
    at = connected()
    at.link_ended()
    assert [type(each) for each in at.heard(said)] == [s.Ignored]


FACTS = st.lists(st.one_of(
    st.sampled_from(["update", "link", "time"]), st.sampled_from([*ALL, m.Reconnect("A"), m.Reregistered("A", {})])),
    max_size=40)


@given(FACTS, st.booleans())
def test_no_update_is_lost_invented_or_overtaken(facts: list[Any], checkpoint: bool) -> None:
    """An agent that stores what is sent to it, and dies with each lost link, knows all updates in their order."""
    at = At(SETTINGS if checkpoint else PLAIN)
    said: list[TaskStatus] = []
    for fact in facts:
        if fact == "update":
            said.append(TaskStatus(f"t{len(said)}", TaskState.RUNNING, timestamp=1.0, uuid=bytes([len(said) + 1] * 16)))
            at.say(said[-1])
        elif fact == "link":
            at.link_ended()
        elif fact == "time":
            at.pass_time(300.0)
        else:
            at.heard(fact)
        for action in at.actions:
            if isinstance(action, s.SendUpdate):
                assert action.status in at.session.box.updates
            if isinstance(action, s.SendReregister):
                assert action.box == at.session.box
        kept = list(at.session.box.updates)
        assert kept == [each for each in said if each in kept]
    acknowledged = {bytes([1] * 16)} if any(isinstance(fact, m.Acknowledged) for fact in facts) else set()
    assert [each for each in said if each not in at.session.box.updates and each.uuid not in acknowledged] == []
