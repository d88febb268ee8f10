"""Sizes and numbers of output files: Mesos's names, ours, whose count."""
from __future__ import annotations

from collections.abc import Mapping

import pytest

from executor.settings.rotation import Rotation, Rotations, executors_rotations, tasks_rotations
from specs.errors import SpecError

MB = 1 << 20


@pytest.mark.parametrize(("environ", "stdout", "stderr"), [
    ({}, Rotation(100 * MB, 4), Rotation(100 * MB, 4)),
    ({"MESOS_DOCKER_OUTPUT_SIZE": "1MB"}, Rotation(MB, 4), Rotation(MB, 4)),
    ({"MESOS_DOCKER_OUTPUT_FILES": "0"}, Rotation(100 * MB, 0), Rotation(100 * MB, 0)),
    ({"MESOS_DOCKER_OUTPUT_SIZE": "1MB", "CONTAINER_LOGGER_MAX_STDERR_SIZE": "4KB"},
     Rotation(MB, 4), Rotation(4096, 4)),
    ({"CONTAINER_LOGGER_LOGROTATE_STDOUT_OPTIONS": "rotate 9\nmissingok\n  notifempty # as it is\n size 10k"},
     Rotation(100 * MB, 9), Rotation(100 * MB, 4)),
    ({"CONTAINER_LOGGER_LOGROTATE_STDERR_OPTIONS": ""}, Rotation(100 * MB, 4), Rotation(100 * MB, 4)),
])
def test_of_an_executor(environ: Mapping[str, str], stdout: Rotation, stderr: Rotation) -> None:
    assert executors_rotations(environ) == Rotations(stdout, stderr)


def test_a_tasks_own_words_count_before_its_executors() -> None:
    executors = Rotations(Rotation(MB, 1), Rotation(MB, 2))
    assert tasks_rotations({"CONTAINER_LOGGER_MAX_STDOUT_SIZE": "2MB", "MESOS_DOCKER_OUTPUT_SIZE": "9MB"},
                           executors) == Rotations(Rotation(2 * MB, 1), Rotation(MB, 2))


@pytest.mark.parametrize(("name", "text", "problem"), [
    ("CONTAINER_LOGGER_MAX_STDOUT_SIZE", "1K", "Unknown bytes unit 'K'"),
    ("CONTAINER_LOGGER_MAX_STDOUT_SIZE", "1KB", "must be at least 4096 bytes"),
    ("CONTAINER_LOGGER_LOGROTATE_STDOUT_OPTIONS", "rotate -1", "'-1' is not a number of files, 0 to 1000"),
    ("CONTAINER_LOGGER_LOGROTATE_STDERR_OPTIONS", "rotate 9\ncompress",
     "logrotate's 'compress' is not supported; of its directives 'rotate' is"),
    ("MESOS_DOCKER_OUTPUT_FILES", "many", "'many' is not a number of files, 0 to 1000"),
])
def test_what_is_refused(name: str, text: str, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        executors_rotations({name: text})
    assert (caught.value.path, caught.value.problem) == (name, problem)
