"""The one error that reading a specification can raise.

A `SpecError` names the *path* of the field ("container.docker.image") and the *problem* ("must be a
non-empty string"). Where Mesos has a text of its own for the problem, `problem` is exactly that
text, so that the same input gives the same words in `explain`, in `run`, in the embedded master and
in a TaskStatus.
"""
from __future__ import annotations


class SpecError(ValueError):
    """Something that people or a scheduler wrote cannot be understood, or cannot be run.

    `path` is dotted, with list positions in brackets ("container.volumes[1].source"), and empty
    where the problem belongs to the whole.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem

    def under(self, prefix: str) -> SpecError:
        """The same error seen from one level further out."""
        separator = "" if not self.path or self.path.startswith("[") else "."
        return SpecError(f"{prefix}{separator}{self.path}", self.problem)
