"""The generated tables are what protoc makes of the .proto files."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deploy import protoc


def test_the_committed_modules_are_current() -> None:
    assert protoc.outdated(protoc.HERE) == []


def test_a_changed_message_is_noticed(tmp_path: Path) -> None:
    room = tmp_path / "specs"
    (room / "proto").mkdir(parents=True)
    (room / "generated").mkdir()
    for path in (protoc.HERE / "specs" / "proto").glob("*.proto"):
        (room / "proto" / path.name).write_text(path.read_text())
    protoc.generate(tmp_path, tmp_path)
    assert protoc.outdated(tmp_path) == []

    changed = room / "proto" / "executor.proto"
    changed.write_text(changed.read_text().replace("SHUTDOWN = 7;", "SHUTDOWN = 70;"))
    (room / "generated" / "old.py").touch()

    assert protoc.outdated(tmp_path) == ["executor.py", "old.py"]


def test_reading_and_writing_imports_no_protobuf() -> None:
    """It would cost the executor a quarter of its memory."""
    code = """
import sys, specs.forms.taskinfo, specs.forms.render, specs.messages.status_message, specs.forms.wire
task = specs.forms.taskinfo.task_from_json('{"name": "", "task_id": {"value": ""}, "agent_id": {"value": ""}}')
specs.forms.wire.encode("mesos.v1.TaskInfo", specs.forms.render.plain(task))
sys.exit("google.protobuf" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=protoc.HERE).returncode == 0
