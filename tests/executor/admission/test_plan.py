"""From a TaskInfo to terms and a container; what TASK_RUNNING tells; what a look means."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from executor.admission.agreement import Agreement, agreement, command_text, known_limits
from executor.admission.plan import Plan, plan, sandbox_folders
from executor.engine.failures import BadOption
from executor.life.task import Terms
from executor.settings.settings import Settings
from specs.errors import SpecError
from specs.forms.taskinfo import task_from_mapping
from specs.messages.check import CheckStatusInfo, TcpResult
from specs.messages.command import CommandInfo
from specs.messages.task import TaskInfo
from tests.executor.program.running import task

CUSTOM = Settings(directory="/sandbox", labels={"mesos-docker.owner": "me"})
DROP_IN = replace(CUSTOM, container="mesos-1")


def info(**fields: Any) -> TaskInfo:
    return task_from_mapping(task("t", "true", **fields), strict=True)


def planned(settings: Settings = CUSTOM, **fields: Any) -> Plan:
    return plan(info(**fields), settings, "mdx-1", "/sandbox/tasks/t", total_memory=1 << 34,
                secret_directory="/secrets")


def agreed(settings: Settings = CUSTOM, capabilities: frozenset[str] = frozenset(), **fields: Any) -> Agreement:
    return agreement(info(**fields), settings, capabilities)


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


def test_what_is_mounted_out_of_the_sandbox() -> None:
    volumes = [{"container_path": "/a", "host_path": "html/a", "mode": "RW"},
               {"container_path": "/b", "host_path": "with:colon", "mode": "RO"},
               {"container_path": "/c", "host_path": "/etc", "mode": "RO"},
               {"container_path": "/d", "mode": "RW", "source": {
                   "type": "DOCKER_VOLUME", "docker_volume": {"driver": "local", "name": "named"}}}]
    payload = planned(container={"volumes": volumes}).payload
    assert sandbox_folders(payload, "/sandbox/tasks/t") == ["/sandbox/tasks/t/html/a", "/sandbox/tasks/t/with:colon"]


def test_the_payload_of_a_custom_executors_task() -> None:
    payload = planned().payload
    assert payload["Labels"] == {"mesos-docker.owner": "me", "mesos-docker.task-id": "t"}
    assert payload["HostConfig"]["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}}
    assert payload["HostConfig"]["AutoRemove"] is False
    assert "/sandbox/tasks/t:/mnt/mesos/sandbox" in payload["HostConfig"]["Binds"]


def test_a_log_driver_of_the_tasks_own_stays() -> None:
    payload = planned(docker={"parameters": [{"key": "log-driver", "value": "none"}]}).payload
    assert payload["HostConfig"]["LogConfig"]["Type"] == "none"


def test_the_drop_in_leaves_the_payload_as_mesos_would_have_it() -> None:
    payload = planned(DROP_IN, docker={"parameters": [{"key": "rm", "value": "true"}]}).payload
    assert not payload["HostConfig"].get("LogConfig")
    assert payload["HostConfig"]["AutoRemove"] is True


@pytest.mark.parametrize("settings", [CUSTOM, DROP_IN])
def test_nobody_writes_to_stdin_so_it_is_not_opened(settings: Settings) -> None:
    """As `docker run --interactive` with the executor's own stdin, /dev/null; opened, it would never end."""
    payload = planned(settings, docker={"parameters": [{"key": "interactive", "value": "true"}]}).payload
    assert not {"OpenStdin", "StdinOnce", "AttachStdin"} & set(payload)


@pytest.mark.parametrize(("value", "force", "never"), [
    ("missing", False, False), ("always", True, False), ("never", False, True)])
def test_the_parameter_pull(value: str, force: bool, never: bool) -> None:
    for settings in (CUSTOM, DROP_IN):
        terms = agreed(settings, docker={"parameters": [{"key": "pull", "value": value}]}).terms
        assert (terms.force_pull, terms.never_pull) == (force, never)


def test_limits_that_only_the_payload_says() -> None:
    values = [{"key": "restart", "value": "on-failure:2"}, {"key": "memory", "value": "1g"}]
    made = planned(docker={"parameters": values})
    assert known_limits(Terms(), made) == Terms(restarts=True, memory_limit=1 << 30)
    assert known_limits(Terms(), planned()) == Terms(memory_limit=64 << 20)


def test_what_docker_run_would_refuse_and_what_mesos_itself_refuses() -> None:
    with pytest.raises(BadOption, match="unknown flag: --no-such"):
        planned(docker={"parameters": [{"key": "no-such", "value": "x"}]})
    with pytest.raises(SpecError, match="Host path or volume source is required"):
        planned(container={"volumes": [{"container_path": "x", "mode": "RW"}]})
    with pytest.raises(SpecError, match="no container of type DOCKER"):
        plan(replace(info(), container=None), CUSTOM, "n", "/s", total_memory=1, secret_directory="/x")


def test_secrets_are_files_beside_the_payload() -> None:
    made = planned(container={"volumes": [{"container_path": "/key", "mode": "RO", "source": {
        "type": "SECRET", "secret": {"type": "VALUE", "value": {"data": "Z2VoZWlt"}}}}]})
    assert made.secrets == (b"geheim",)
    assert "/secrets/0:/key:ro" in made.payload["HostConfig"]["Binds"]
    assert "geheim" not in repr(made)


@pytest.mark.parametrize(("command", "text"), [
    (None, "the image's own command"),
    (CommandInfo(shell=False), "the image's own command"),
    (CommandInfo(value="echo 'x' y"), """sh -c 'echo '"'"'x'"'"' y'"""),
    (CommandInfo(value="echo", shell=False, arguments=("a b",)), "echo 'a b'"),
    (CommandInfo(shell=False, arguments=("only", "words")), "only words"),
])
def test_command_text(command: CommandInfo | None, text: str) -> None:
    assert command_text(command) == text
