"""Every record of every file of Marathon's vectors, one test each.

The folder is named by MARATHON_VECTORS (../shared/vectors-marathon beside the checkout if that is unset). An adapter is
for a file (`health`), or for the records of a file whose ids begin so (`port_assignment/offer`).
"""
from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.vectors import marathon_apps, marathon_deployments, marathon_placement, marathon_tasks
from tests.vectors.marathon_answers import Check

FOLDER = Path(os.environ.get("MARATHON_VECTORS")
              or Path(__file__).resolve().parents[3] / "shared" / "vectors-marathon")
CHECKS: dict[str, Check] = {**marathon_apps.CHECKS, **marathon_deployments.CHECKS, **marathon_placement.CHECKS,
                            **marathon_tasks.CHECKS}


def records() -> Iterator[Any]:
    """All of them; or, where there is no folder, one that says so."""
    files = sorted(FOLDER.glob("*.json"))
    for file in files:
        for record in json.loads(file.read_text()):
            yield pytest.param(record, id=record["id"])
    if not files:
        yield pytest.param({"id": ""}, id="no vectors")


def kind(record_id: str) -> str:
    """The key of the adapter for a record: its file's name, perhaps with the first word of its own."""
    file, _, name = record_id.partition("/")
    part = f"{file}/{name.partition('-')[0]}"
    return part if part in CHECKS else file


@pytest.mark.parametrize("record", list(records()))
def test_marathon(record: dict[str, Any]) -> None:
    assert record["id"], f"there are no vectors in {FOLDER}: set MARATHON_VECTORS"
    check = CHECKS.get(kind(record["id"]))
    assert check is not None, f"no adapter for {record['id']}"
    check(record["input"], record["expected"])
