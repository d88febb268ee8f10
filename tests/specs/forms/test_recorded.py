"""What a real Mesos sent is read without loss: the recordings of the conformance folder (MESOS_CONFORMANCE)."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specs.forms import codec, wire
from specs.forms.render import status_update
from specs.forms.taskinfo import task_from_mapping
from specs.forms.taskstatus import status_from_mapping
from specs.messages.offer import AgentInfo, FrameworkInfo, MasterInfo, Offer
from specs.messages.status_message import StatusMessage
from specs.messages.task import ExecutorInfo, TaskInfo

CONFORMANCE = Path(os.environ.get("MESOS_CONFORMANCE", Path(__file__).parents[4] / "shared" / "conformance"))


def records() -> Iterator[dict[str, Any]]:
    for path in sorted((CONFORMANCE / "recordings" / "real").glob("*.raw.jsonl")):
        for line in path.read_text().split("\n")[:-1]:  # not splitlines: a label holds U+2028
            yield json.loads(line)


@pytest.fixture(scope="module")
def events() -> list[tuple[str, dict[str, Any]]]:
    """Every event of both APIs, with the name of its message."""
    found = [(f"mesos.v1.{record['lane'].split(':')[0]}.Event", record["event"])
             for record in records() if record["kind"] == "event"]
    assert found, f"no recordings in {CONFORMANCE}: set MESOS_CONFORMANCE"
    return found


def test_events_survive_as_bytes(events: list[tuple[str, dict[str, Any]]]) -> None:
    for name, event in events:
        assert wire.decode(name, wire.encode(name, event)) == event


def test_protobuf_records_are_the_same_byte_for_byte() -> None:
    found = [bytes.fromhex(record["hex"]) for record in records() if record["kind"] == "record" and "hex" in record]
    assert found, f"no protobuf in {CONFORMANCE}: set MESOS_CONFORMANCE"
    for data in found:
        assert wire.encode("mesos.v1.scheduler.Event", wire.decode("mesos.v1.scheduler.Event", data)) == data


def without_empty_labels(value: Any) -> Any:
    """`labels: {}` and no labels are one to the dataclasses."""
    if isinstance(value, dict):
        return {key: without_empty_labels(item) for key, item in value.items() if (key, item) != ("labels", {})}
    return [without_empty_labels(item) for item in value] if isinstance(value, list) else value


def survives(message: type[Any], mapping: Any) -> None:
    value = codec.read(message, mapping, strict=True)  # strict: there is no field of a real Mesos that we do not know
    assert codec.write(value) == without_empty_labels(mapping)


def test_offers_and_infos_are_known_to_the_last_field(events: list[tuple[str, dict[str, Any]]]) -> None:
    seen = set()
    for _, event in events:
        kind = event["type"]
        seen.add(kind)
        if kind == "OFFERS":
            for offer in event["offers"]["offers"]:
                survives(Offer, offer)
        elif kind == "SUBSCRIBED" and "master_info" in event["subscribed"]:
            survives(MasterInfo, event["subscribed"]["master_info"])
        elif kind == "SUBSCRIBED":
            survives(ExecutorInfo, event["subscribed"]["executor_info"])
            survives(FrameworkInfo, event["subscribed"]["framework_info"])
            survives(AgentInfo, event["subscribed"]["agent_info"])
    assert {"OFFERS", "SUBSCRIBED"} <= seen


def test_tasks_and_statuses_are_known_to_the_last_field(events: list[tuple[str, dict[str, Any]]]) -> None:
    tasks = [event["launch"]["task"] for _, event in events if event["type"] == "LAUNCH"]
    statuses = [event["update"]["status"] for _, event in events if event["type"] == "UPDATE"]
    assert tasks
    assert statuses
    for task in tasks:
        survives(TaskInfo, task)
        assert task_from_mapping(task, strict=True).task_id == task["task_id"]["value"]
    for status in statuses:
        survives(StatusMessage, status)
        assert status_update(status_from_mapping(status)) == without_empty_labels(status)
