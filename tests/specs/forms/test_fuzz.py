"""Whatever arrives, the readers return a value or raise SpecError."""
from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from specs.forms import codec
from specs.messages.task import TaskInfo
from tests.fuzz import targets
from tests.specs.strategies import broken, json_values, messages

ROOT = Path(__file__).parents[3]


@given(json_values())
@settings(max_examples=300)
@example({"task_id": {"value": "\ud800"}, "name": "\udfff", "agent_id": {"value": ""}})
@example({"\ud800": 1})
@example({"limits": {"\ud800": {"value": 1}}})
@example({"limits": {"cpus": {"value": float("nan")}}})
@example({"max_completion_time": {"nanoseconds": 10 ** 5000}})
@example({"max_completion_time": {"nanoseconds": float("inf")}})
@example({"limits": {"cpus": {"value": 10 ** 400}}})
def test_arbitrary_json(value: Any) -> None:
    targets.mapping(value)


@given(messages(TaskInfo, 3), st.data())
@settings(max_examples=200)
def test_near_misses(task: TaskInfo, data: st.DataObject) -> None:
    targets.mapping(broken(codec.write(task), data.draw))


@given(json_values() | messages(TaskInfo, 2).map(codec.write), st.data())
@settings(max_examples=150)
def test_json_texts_cut_and_spoilt(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
    cut = data.draw(st.integers(0, len(text)))
    targets.json_text(text[:cut] + data.draw(st.binary(max_size=3)) + text[cut:])


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_arbitrary_bytes(data: bytes) -> None:
    targets.protobuf_bytes(data)
    targets.json_text(data)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"name": "' + "x" * 1_000_000 + '"}', '"\\ud800"',
                                  '{"name": 1e999}', "-", "\x00", "\ufeff{}", '{"a": 1, "a": {"b": 2, "b": 3}}'])
def test_unkind_texts(text: str) -> None:
    targets.json_text(text.encode("utf-8", "surrogatepass"))


GUIDED = platform.machine() == "x86_64" and sys.version_info < (3, 14)  # where atheris has wheels: pyproject.toml

if GUIDED:
    @pytest.mark.parametrize("target", ["protobuf_bytes", "json_text"])
    def test_the_fuzzer_finds_nothing_in_a_short_seeded_round(target: str, tmp_path: Path) -> None:
        options = ["-runs=5000", "-seed=1", f"-artifact_prefix={tmp_path}/"]
        command = [sys.executable, "-m", "tests.fuzz.fuzz", target, *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        assert re.search(r"Done 5000 runs", done.stderr), done.stderr[-3000:]
