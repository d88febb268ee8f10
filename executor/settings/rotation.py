"""How large the files of a task's output may become, and how many older ones are kept.

The names are those of Mesos's logrotate container logger, which look the same to a task: of the
executor's environment they count for all its tasks, of a task's own for that task. As Mesos:
slave/container_loggers/lib_logrotate.hpp. Of logrotate's directives we are told `rotate`; those
that ask for what happens anyway are taken, all others refused, as what they ask for would not be.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from specs.errors import SpecError
from specs.words.sizes import parse_size

SIZE: Final = "MESOS_DOCKER_OUTPUT_SIZE"
FILES: Final = "MESOS_DOCKER_OUTPUT_FILES"
PREFIX: Final = "CONTAINER_LOGGER_"
SMALLEST: Final = 4096  # bytes; as Mesos: a page
MOST_FILES: Final = 1000
_ANYWAY: Final = frozenset({"missingok", "nomissingok", "notifempty", "ifempty", "nocompress", "nodelaycompress",
                            "nocopy", "nocopytruncate", "nodateext", "nomail", "noolddir", "nosharedscripts",
                            "create", "noshred"})
_OVERRIDDEN: Final = "size"  # as Mesos: what the options say of it does not count


@dataclass(frozen=True, slots=True)
class Rotation:
    """Of one stream. `size`: bytes of a file; `files`: older ones that are kept beside it."""

    size: int = 100 << 20
    files: int = 4


@dataclass(frozen=True, slots=True)
class Rotations:
    """Of a task's streams."""

    stdout: Rotation = Rotation()
    stderr: Rotation = Rotation()


DEFAULT: Final = Rotations()


def executors_rotations(environ: Mapping[str, str]) -> Rotations:
    """For all its tasks. Raises SpecError whose path is the variable's name."""
    of_all = Rotation()
    if SIZE in environ:
        of_all = replace(of_all, size=_sized(SIZE, environ[SIZE]))
    if FILES in environ:
        of_all = replace(of_all, files=_count(FILES, environ[FILES]))
    return tasks_rotations(environ, Rotations(of_all, of_all))


def tasks_rotations(environ: Mapping[str, str], others: Rotations) -> Rotations:
    """With what Mesos's variables say; else as for others. Raises SpecError whose path is the
    variable's name.
    """
    return Rotations(_told(environ, "STDOUT", others.stdout), _told(environ, "STDERR", others.stderr))


def _told(environ: Mapping[str, str], stream: str, other: Rotation) -> Rotation:
    size, options = f"{PREFIX}MAX_{stream}_SIZE", f"{PREFIX}LOGROTATE_{stream}_OPTIONS"
    if size in environ:
        other = replace(other, size=_sized(size, environ[size]))
    if options in environ:
        other = replace(other, files=_rotated(options, environ[options], other.files))
    return other


def _sized(name: str, text: str) -> int:
    try:
        size = parse_size(text)
    except SpecError as error:
        raise SpecError(name, error.problem) from error
    if size < SMALLEST:
        raise SpecError(name, f"must be at least {SMALLEST} bytes")
    return size


def _rotated(name: str, options: str, files: int) -> int:
    for line in options.splitlines():
        directive, _, value = line.partition("#")[0].strip().partition(" ")
        if directive == "rotate":
            files = _count(name, value.strip())
        elif directive not in _ANYWAY and directive not in ("", _OVERRIDDEN):
            raise SpecError(name, f"logrotate's '{directive}' is not supported; of its directives 'rotate' is")
    return files


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_FILES):
        raise SpecError(name, f"'{text}' is not a number of files, 0 to {MOST_FILES}")
    return int(text)
