"""The section of an explanation about the executor that comes with Mesos: what it would do
otherwise.
"""
from __future__ import annotations

from collections.abc import Iterator

from deploy.explain.sections import ExplainedRow
from specs.container.fields import LEFT_OUT, otherwise_by_mesos, present
from specs.container.run_options import RunOptions
from specs.errors import SpecError
from specs.messages.task import TaskInfo

_PATHS = ("container.volumes[].container_path", "container.volumes[].host_path",
          "container.volumes[].source.docker_volume.name")


def mesos_rows(task: TaskInfo, theirs: RunOptions | SpecError) -> Iterator[ExplainedRow]:
    """`theirs` is what it would make of the task."""
    if isinstance(theirs, SpecError):
        yield ExplainedRow("would fail", f"Failed to create docker run options: {theirs.problem}",
                  theirs.path)
    for path in _PATHS:
        for where, value in present(task, path):
            if ":" in value:
                yield ExplainedRow("would fail", "docker run takes no path with a colon", where)
    for said, where in otherwise_by_mesos(task):
        what, _, why = said.partition(": ")
        yield ExplainedRow(what, where, why)
    for where, name in present(task, "resources[].name"):
        if name == "gpus":
            yield ExplainedRow(LEFT_OUT, "the gpus resource", where.removesuffix(".name"))
