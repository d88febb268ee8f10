"""What is agreed on for a task."""
from __future__ import annotations

from typing import Any

import pytest

from executor.admission.agreement import Agreement, agree, command_text
from executor.life.task import Terms
from executor.settings.settings import Settings
from specs.messages.check import CheckStatusInfo, TcpResult
from specs.messages.command import CommandInfo
from tests.executor.admission.test_plan import CUSTOM, DROP_IN, info, planned


def agreed(settings: Settings = CUSTOM, capabilities: frozenset[str] = frozenset(), **fields: Any) -> Agreement:
    return agree(info(**fields), settings, capabilities)


def test_terms() -> None:
    found = agreed(capabilities=frozenset({"TASK_KILLING_STATE", "PARTITION_AWARE"}),
                   max_completion_time={"nanoseconds": 1_500_000_000}, docker={"force_pull_image": True},
                   kill_policy={"grace_period": {"nanoseconds": 0}}, check={"type": "TCP", "tcp": {"port": 1}})
    assert found.terms == Terms("busybox:static", "sh -c true", force_pull=True, killing=True, partition_aware=True,
                                max_completion=1.5, check_status=CheckStatusInfo("TCP", tcp=TcpResult()))
    assert found.kill_grace == 0.0


def test_terms_of_the_drop_in() -> None:
    terms = agreed(DROP_IN, docker={"force_pull_image": True}, max_completion_time={"nanoseconds": 0}).terms
    assert (terms.strict, terms.remove, terms.force_pull, terms.max_completion) == (True, False, False, None)
    assert agreed(DROP_IN, kill_policy={}).kill_grace is None


@pytest.mark.parametrize(("value", "force", "never"), [
    ("missing", False, False), ("always", True, False), ("never", False, True)])
def test_the_parameter_pull(value: str, force: bool, never: bool) -> None:
    for settings in (CUSTOM, DROP_IN):
        terms = agreed(settings, docker={"parameters": [{"key": "pull", "value": value}]}).terms
        assert (terms.force_pull, terms.never_pull) == (force, never)


def test_limits_that_only_the_payload_says() -> None:
    values = [{"key": "restart", "value": "on-failure:2"}, {"key": "memory", "value": "1g"}]
    made = planned(docker={"parameters": values})
    assert Agreement(Terms(killing=True)).limited(made).terms == Terms(
        killing=True, restarts=True, memory_limit=1 << 30)
    assert Agreement(Terms()).limited(planned()).terms == Terms(memory_limit=64 << 20)


@pytest.mark.parametrize(("command", "text"), [
    (None, "the image's own command"),
    (CommandInfo(shell=False), "the image's own command"),
    (CommandInfo(value="echo 'x' y"), """sh -c 'echo '"'"'x'"'"' y'"""),
    (CommandInfo(value="echo", shell=False, arguments=("a b",)), "echo 'a b'"),
    (CommandInfo(shell=False, arguments=("only", "words")), "only words"),
])
def test_command_text(command: CommandInfo | None, text: str) -> None:
    assert command_text(command) == text


@pytest.mark.parametrize(("command", "text"), [
    (None, "'/run it'"), (CommandInfo(value="echo x"), "'/run it' -c 'echo x'"),
    (CommandInfo(value="echo", shell=False, arguments=("a b",)), "'/run it' echo 'a b'")])
def test_an_entrypoint_is_the_program(command: CommandInfo | None, text: str) -> None:
    assert command_text(command, "/run it") == text
