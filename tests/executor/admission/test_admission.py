"""A LAUNCH on its way in: admitted with all that it needs, or rejected with its end, and then nothing is left."""
from __future__ import annotations

import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from executor.admission.admission import Admission, Admitted, Rejected
from executor.engine.failures import BadOption, RuntimeFailure
from executor.life.outcomes import Failure, NotRun, Outcome, Refused, Unstarted
from executor.life.task import Terms
from executor.node.output.logs import Logs
from executor.node.watcher import Watcher
from executor.settings.settings import Settings
from tests.executor.program.running import task

KILLING = frozenset({"TASK_KILLING_STATE"})
SECRET = {"container_path": "/key", "mode": "RO", "source": {
    "type": "SECRET", "secret": {"type": "VALUE", "value": {"data": "Z2VoZWlt"}}}}


def admitted(folder: Path, task_id: str = "a", *, closing: bool = False, drop_in: str | None = None,
             command: dict[str, Any] | None = None, **fields: Any) -> Admitted | Rejected:
    admission = Admission(Settings(directory=str(folder), container=drop_in), Logs(Watcher()))
    info = {**task(task_id, "true", **fields), **({"command": command} if command else {})}
    return admission.admit(info, KILLING, closing=closing)


def test_what_can_be_run_has_a_plan_and_a_sandbox(tmp_path: Path) -> None:
    found = admitted(tmp_path)
    assert isinstance(found, Admitted)
    assert found.plan.name.startswith("mdx-")
    assert found.agreement.terms == Terms(
        "busybox:static", "sh -c true", killing=True, image_health=True, memory_limit=64 << 20)
    assert sorted(path.name for path in (tmp_path / "tasks/a").iterdir()) == ["stderr", "stdout"]
    assert found.secrets is None


def test_secrets_stand_where_the_container_mounts_them(tmp_path: Path) -> None:
    found = admitted(tmp_path, container={"volumes": [SECRET]})
    assert isinstance(found, Admitted)
    assert found.secrets is not None
    assert (found.secrets / "0").read_bytes() == b"geheim"
    assert f"{found.secrets}/0:/key:ro" in found.plan.payload["HostConfig"]["Binds"]
    assert stat.S_IMODE(found.secrets.parent.stat().st_mode) == 0o700
    shutil.rmtree(found.secrets)


def test_the_drop_in_makes_no_sandbox_and_takes_the_agents_name(tmp_path: Path) -> None:
    found = admitted(tmp_path, drop_in="mesos-1")
    assert isinstance(found, Admitted)
    assert found.plan.name == "mesos-1"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("task_id", "fields", "outcome"), [
    ("a", {"command": {"value": "true", "environment": {"variables": [
        {"name": "A", "value": "b"}, {"name": "CONTAINER_LOGGER_MAX_STDOUT_SIZE", "value": "1KB"}]}}},
     Refused("CONTAINER_LOGGER_MAX_STDOUT_SIZE: must be at least 4096 bytes",
             "command.environment.variables[1].value")),
    ("a", {"container": {"docker": {"image": 7}}},
     Refused("must be a text, found the number 7", "container.docker.image")),
    ("a", {"container": {"volumes": [{"container_path": "x", "mode": "RW"}]}},
     Refused("Host path or volume source is required", "container.volumes[0]")),
    ("a", {"docker": {"parameters": [{"key": "no-such", "value": "x"}]}},
     NotRun(Failure(BadOption, "container.docker.parameters[0].key: unknown flag: --no-such"))),
    ("../a", {}, Refused("'../a' contains invalid characters", "task_id")),
])
def test_what_cannot_is_rejected_with_its_end(
        tmp_path: Path, task_id: str, fields: dict[str, Any], outcome: Outcome) -> None:
    found = admitted(tmp_path, task_id, **fields)
    assert isinstance(found, Rejected)
    assert found.outcome == outcome
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_begun_while_the_executor_ends(tmp_path: Path) -> None:
    found = admitted(tmp_path, closing=True)
    assert isinstance(found, Rejected)
    assert found.outcome == Unstarted("the executor was shutting down")
    assert found.agreement.terms.killing
    assert list(tmp_path.iterdir()) == []


def test_a_sandbox_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "tasks").touch()
    found = admitted(tmp_path)
    assert isinstance(found, Rejected)
    problem = f"cannot make the sandbox {tmp_path}/tasks/a: {tmp_path}/tasks is not a folder"
    assert found.outcome == NotRun(Failure(RuntimeFailure, problem))
