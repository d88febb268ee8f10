"""`explain`, `run` and the executor give one answer to a task: taken by all, or refused by all with
one path and one reason. Over every field of a task and every option of `docker run`."""
from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.problems import Problem
from deploy.explain.explanation import explain
from deploy.explain.refusals import checked
from deploy.explain.sections import Login
from executor.admission.admission import Admission, Admitted
from executor.life.outcomes import NotRun, Refused
from executor.node.output.logs import Logs
from executor.node.watcher import Watcher
from executor.settings.settings import Settings
from specs.container.place import Place
from specs.errors import SpecError
from specs.forms.taskinfo import docker_task, task_from_mapping
from specs.parameters.options import OPTIONS
from specs.rules.tasks import prepared, validate_task
from tests.specs.container.field_examples import PAIRS, REFUSED, TASK, Json, docker
from tests.specs.parameters.test_parameters import BAD, VALUES

TAKEN = "taken"
NEWER = [[("annotation", "a=b")], [("health-start-interval", "1s")], [("platform", "linux/arm64")],
         [("mac-address", "92:d0:c6:0a:29:33")], [("help", "false")], [("help", "true")],
         [("network", "other")], [("network-alias", "a")], [("ip6", "fd00::7")],
         [("link-local-ip", "169.254.1.1")]]


def cases() -> Iterator[Any]:
    for path, patch in REFUSED.items():
        yield pytest.param(patch, id=f"refused {path}")
    for path, (before, after) in PAIRS.items():
        for patch in (before, after):
            yield pytest.param(patch, id=path)
    for parameters in [*VALUES, *NEWER, *([(key, value)] for key, value, _ in BAD)]:
        patch = docker(network="NONE", parameters=[{"key": key, "value": value}
                                                   for key, value in parameters])
        yield pytest.param(patch, id=f"{parameters[0][0]}={parameters[0][1]}")


def by_explain(given: Json) -> str:
    place = Place("n", "/sandbox", total_memory=1 << 34, ports_open=True)
    try:
        explain(task_from_mapping(given, strict=True, without_agent=True), place, Login())
    except SpecError as error:
        return str(error)
    return TAKEN


def by_run(given: Json) -> str:
    try:
        checked(given, "")
    except Problem as problem:
        return problem.message
    return TAKEN


def by_the_executor(given: Json, folder: Path) -> str:
    found = Admission(Settings(directory=str(folder)), Logs(Watcher())).admit(
        given, frozenset(), closing=False)
    if isinstance(found, Admitted):
        if found.secrets is not None:
            shutil.rmtree(found.secrets)
        return TAKEN
    match found.outcome:
        case Refused(problem, path):
            return str(SpecError(path, problem))
        case NotRun(failure):
            return failure.text
    raise AssertionError(found.outcome)


def by_the_master(given: Json) -> str:
    try:
        validate_task(prepared(docker_task(task_from_mapping(given, strict=True)),
                               framework_id="F", role="*"))
    except SpecError as error:
        return str(error)
    return TAKEN


@pytest.mark.parametrize("patch", list(cases()))
def test_all_give_one_answer(patch: Json, tmp_path: Path) -> None:
    given = {name: item for name, item in {**copy.deepcopy(TASK), **patch}.items()
             if item is not None}
    told = by_explain(given)
    assert by_run(given) == told
    if by_the_master(given) == TAKEN:  # what a master refuses reaches no executor
        assert by_the_executor(given, tmp_path) == told


def test_every_option_is_among_them() -> None:
    tried = {name for case in [*VALUES, *NEWER] for name, _ in case} | {name for name, _, _ in BAD}
    assert sorted(set(OPTIONS) - tried) == []
