"""Every record of every file of vectors, one test each.

The folder is named by MESOS_VECTORS (../shared/vectors beside the checkout if that is unset). A record agrees if our
answer is the one that it expects; a file that no adapter is for is a failure, so that nothing is left out. Where the
product does more than Mesos, `deviations.toml` says why.
"""
from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.vectors import docker_adapters, executor_adapters, spec_adapters
from tests.vectors.answers import Adapter, agrees

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("MESOS_VECTORS") or HERE.parents[2] / "shared" / "vectors")
ADAPTERS: dict[str, Adapter] = {**spec_adapters.ADAPTERS, **docker_adapters.ADAPTERS, **executor_adapters.ADAPTERS}
SELECTED = frozenset({"manifest_v1", "manifest_v2", "manifest_v2_2", "update_sequence", "check_commands"})
DEVIATIONS: dict[str, dict[str, str]] = tomllib.loads((HERE / "deviations.toml").read_text())


def records() -> Iterator[Any]:
    """All of them; or, where there is no folder, one that says so."""
    files = sorted(FOLDER.glob("*.json"))
    for file in files:
        for record in json.loads(file.read_text()):
            yield pytest.param(file.stem, record, id=f"{file.stem}: {record['name']}")
    if not files:
        yield pytest.param("", {}, id="no vectors")


@pytest.mark.parametrize(("kind", "record"), list(records()))
def test_vector(kind: str, record: dict[str, Any]) -> None:
    assert kind, f"there are no vectors in {FOLDER}: set MESOS_VECTORS"
    adapter = ADAPTERS.get(kind)
    assert adapter is not None, f"no adapter for {kind}.json"
    actual = adapter(record["input"])
    agreed = agrees(actual, record["expect"], selected=kind in SELECTED)
    if _better(record["expect"]):
        assert not agreed, "deviations.toml names it, but we do as Mesos does"
        assert "ok" in actual
        return
    assert agreed, f"answer: {actual}\nexpected: {record['expect']}"


def _better(expect: dict[str, Any] | None) -> bool:
    """Whether Mesos fails here, and we never do."""
    problem = str((expect or {}).get("error", ""))
    return any(problem.startswith(known) for known in DEVIATIONS["instead"])


@pytest.mark.parametrize(("kind", "record"), [p for p in records() if p.values[0] in {"run_options", ""}])
def test_more_than_mesos_only_where_we_say_so(kind: str, record: dict[str, Any]) -> None:
    assert kind, f"there are no vectors in {FOLDER}: set MESOS_VECTORS"
    deviates = not agrees(docker_adapters.options(record["input"]), record["expect"])
    unexplained = docker_adapters.differences(record["input"]) - set(DEVIATIONS["beyond"])
    named = f"{kind}: {record['name']}" in DEVIATIONS["vectors"]
    if deviates:
        assert named or not unexplained, f"we differ from Mesos in {unexplained}"
    else:
        assert not named, "deviations.toml names it, but we do as Mesos does"
