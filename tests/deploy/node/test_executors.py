"""Custom executors in a process table, and what is no such thing."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.node.executors import FoundExecutor, custom_executors

ENVIRONMENT = {"MESOS_DOCKER_LAUNCHER": "5", "MESOS_DOCKER_COMMAND": "/opt/mesos-docker-executor",
               "MESOS_DIRECTORY": "/s", "MESOS_FRAMEWORK_ID": "F", "MESOS_EXECUTOR_ID": "E e", "X": "a=b"}
WORDS = ("/usr/bin/python3", "-I", "-m", "executor", "--quiet")
FOUND = FoundExecutor(7, 5, Path("/opt/mesos-docker-executor"), "/s", "F", "E e", 1000, 1001)


def process(proc: Path, pid: int, words: tuple[str, ...], environ: Mapping[str, str], parent: int) -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "cmdline").write_text("".join(f"{word}\0" for word in words))
    (folder / "environ").write_text("".join(f"{name}={text}\0" for name, text in environ.items()))
    (folder / "status").write_text(
        f"Name:\tpython3\nPPid:\t{parent}\nUid:\t0\t1000\t0\t0\nGid:\t0\t1001\t0\t0\n")
    (folder / "cwd").symlink_to("/opt")


@pytest.mark.parametrize(("words", "changed", "parent", "found"), [
    (WORDS, {}, 5, True),
    (("python3", "-I", "-c", "import sys", "/site", "executor"), {}, 5, True),
    (WORDS, {"MESOS_DOCKER_COMMAND": "./mesos-docker-executor"}, 5, True),  # where it was started
    (WORDS, {}, 4, False),  # what it has started, such as a helper
    (("sh", "/opt/mesos-docker-executor"), {}, 5, False),  # the launcher
    (WORDS, {"MESOS_DOCKER_COMMAND": ""}, 5, False),
    (WORDS, {"MESOS_DOCKER_LAUNCHER": ""}, 5, False),
    (WORDS, {"MESOS_EXECUTOR_ID": ""}, 5, False),
    (WORDS, {"MESOS_DOCKER_PROTOCOL": "v0"}, 5, False),
    (WORDS, {"MESOS_DOCKER_PROTOCOL": "v1"}, 5, True),
    ((*WORDS, "--container=mesos-1"), {}, 5, False),
])
def test_one_process(words: tuple[str, ...], changed: Mapping[str, str], parent: int, tmp_path: Path, *,
                     found: bool) -> None:
    process(tmp_path, 7, words, {**ENVIRONMENT, **changed}, parent)
    (tmp_path / "self").mkdir()
    (tmp_path / "8").mkdir()  # has ended meanwhile
    assert custom_executors(tmp_path) == ([FOUND] if found else [], 0)
