"""The command line, read as Mesos reads it: exact syntax, exact order of checks, exact words.

Syntax (stout, flags.hpp): `--name=value` only, never a separate word; a boolean may also be
`--name`, `--name=` or `--no-name`; names are lower-cased; words that do not begin with `--` are
skipped; `--` ends it all; a flag that is unknown or given twice is an error; `file://PATH` as a
value means what stands in that file; of several mistakes the alphabet's first is told. As Mesos:
src/docker/executor.hpp (the flags), src/launcher/docker_executor.cpp, `main` (the checks). Clusterd's
agents pass two more for CNI where they are set, and `cleanup_log_files` always: it is a flag of every
program of Clusterd (src/logging/flags.cpp), and flags with a default are handed on.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from executor.settings.agent import GRACE_PERIOD
from specs.errors import SpecError
from specs.forms.json_text import JsonSyntaxError, parse_json
from specs.network.dns import container_dns
from specs.words.defaults import DOCKER_SOCKET, MAPPED_DIRECTORY
from specs.words.durations import parse_duration

_STRINGS: Final = ("container", "docker", "docker_socket", "sandbox_directory", "mapped_directory",
                   "launcher_dir",
                   "task_environment", "default_container_dns", "logging_level", "log_dir",
                   "external_log_file", "network_cni_config_dir", "network_cni_plugins_dir")
_BOOLEANS: Final = {"cgroups_enable_cfs": False, "help": False, "quiet": False,
                    "initialize_driver_logging": True}
_INTEGERS: Final = ("logbufsecs", "cleanup_log_files")
_TRUE, _FALSE = ("true", "1"), ("false", "0")
_INTEGER: Final = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]{1,10}", re.ASCII)

USAGE: Final = f"""\
Usage: mesos-docker-executor [options]

Runs the tasks of one framework on one agent as Docker containers. Started with --container it runs a single
task in a container of that name, as the executor that an agent's docker containerizer starts; without, it is
a custom executor for many tasks.

  --[no-]cgroups_enable_cfs    Limit a container's CPU time to what its task was given. (default: false)
  --container=VALUE            Name of the container to create.
  --default_container_dns=VALUE
                               DNS servers for containers, JSON (mesos.internal.ContainerDNSInfo).
  --docker=VALUE               Path of the docker client; accepted for compatibility, the engine is spoken to directly.
  --docker_socket=VALUE        Path of the engine's socket. (default without --container: {DOCKER_SOCKET})
  --[no-]help                  Prints this help message. (default: false)
  --launcher_dir=VALUE         Folder of Mesos's helper programs; accepted for compatibility.
  --mapped_directory=VALUE     Path of the sandbox in the container. (default without --container: {MAPPED_DIRECTORY})
  --network_cni_config_dir=VALUE, --network_cni_plugins_dir=VALUE
                               Folders, with ":" between them, of the CNI networks that containers can join and of
                               the plugins that attach them (Clusterd).
  --sandbox_directory=VALUE    Path of the sandbox on the host.
  --stop_timeout=VALUE         Least grace period of a kill, such as 10secs.
  --task_environment=VALUE     Variables for the container, JSON object of strings.
  --version                    Alone: prints the version.
  --check                      As the first word: exits 0 if this program starts and can go on from the journal in the
                               sandbox, else 1.
  --end-all                    As the first word: ends and removes what a crashed executor has left.
  --[no-]quiet, --logging_level=VALUE, --log_dir=VALUE, --logbufsecs=VALUE, --[no-]initialize_driver_logging,
  --external_log_file=VALUE, --cleanup_log_files=VALUE
                               Accepted as the programs of Mesos and Clusterd do; the first two choose what is logged
                               on stderr.
"""


class FlagError(Exception):
    """The command line is wrong: the text goes to stderr, with the usage, and the exit status is 1.
    """


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags as given; None where a flag without default was not given."""

    container: str | None = None
    docker: str | None = None
    docker_socket: str | None = None
    sandbox_directory: str | None = None
    mapped_directory: str | None = None
    launcher_dir: str | None = None
    stop_timeout: int | None = None  # nanoseconds
    task_environment: Mapping[str, str] = field(default_factory=dict)
    default_container_dns: Mapping[str, Any] | None = None  # mesos.internal.ContainerDNSInfo
    network_cni_config_dir: str | None = None
    network_cni_plugins_dir: str | None = None
    cgroups_enable_cfs: bool = False
    help: bool = False
    quiet: bool = False
    logging_level: str = "INFO"

    @property
    def drop_in(self) -> bool:
        """Whether we are one container's executor, in the place of Mesos's own."""
        return self.container is not None


def parse(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Flags:
    """The words after the program's name, checked in Mesos's order; raises FlagError.

    An empty command line, or one without any flag that only Mesos's docker executor has, is a
    custom executor's.
    """
    values = load(argv)
    if values.get("help") is True:
        return Flags(help=True)
    if _for_one_container(values):
        for name in ("docker", "container", "sandbox_directory", "mapped_directory"):
            _required(values, name)
    flags = Flags(
        task_environment=_task_environment(values.pop("task_environment", None)),
        default_container_dns=_dns(values.pop("default_container_dns", None)),
        **{name: value for name, value in values.items() if name in Flags.__slots__},
    )
    _check_grace_period(environment or {})
    if flags.drop_in:
        for name in ("launcher_dir", "docker_socket"):
            _required(values, name)
    if flags.docker_socket is not None and not flags.docker_socket.startswith("/"):
        raise FlagError(
            f"Unable to create docker abstraction: Invalid Docker socket path: {flags.docker_socket}")
    return flags


def load(argv: Sequence[str]) -> dict[str, Any]:
    """The flags' values by name, parsed by kind; raises FlagError for the first that is wrong, in
    alphabetical order.

    A help that was asked for is given, though: also where a flag that comes behind it in that order
    is wrong.
    """
    values: dict[str, Any] = {}
    try:
        for spelt, text in _said(argv):
            name, negated = _known_name(spelt, values)
            values[name] = _value(name, text, negated=negated)
    except FlagError:
        if values.get("help") is not True:
            raise
    return values


def _said(argv: Sequence[str]) -> list[tuple[str, str | None]]:
    """Flags as they are spelt, with their texts, in the order in which they are looked at."""
    found: list[tuple[str, str | None]] = []
    for word in map(str.strip, argv):
        if word == "--":
            break
        if word.startswith("--"):
            spelt, equals, text = word[2:].partition("=")
            found.append((spelt.lower(), text if equals else None))
    return sorted(found, key=lambda flag: flag[0])  # of one name in the order of the command line


def _known_name(spelt: str, loaded: Collection[str]) -> tuple[str, bool]:
    negated = spelt.startswith("no-")
    name = spelt.removeprefix("no-")
    via = f" via '{spelt}'" if negated else ""
    if _kind(name) is None:
        raise FlagError(f"Failed to load unknown flag '{name}'{via}")
    if name in loaded:
        raise FlagError(f"Flag '{name}' is already loaded via name '{name}'")
    if negated and _kind(name) is not _boolean:
        raise FlagError(f"Failed to load non-boolean flag '{name}'{via}")
    return name, negated


def _kind(name: str) -> Callable[[str], Any] | None:
    if name in _BOOLEANS:
        return _boolean
    if name in _STRINGS:
        return str
    if name in _INTEGERS:
        return _integer
    return parse_duration if name == "stop_timeout" else None


def _value(name: str, text: str | None, *, negated: bool) -> Any:
    kind = _kind(name)
    if kind is None:
        raise AssertionError(name)
    if kind is _boolean and not text:
        return not negated
    if text is None:
        raise FlagError(f"Failed to load non-boolean flag '{name}': Missing value")
    if negated:
        raise FlagError(f"Failed to load boolean flag '{name}' via 'no-{name}' with value '{text}'")
    return _parsed(name, kind, text)


def _parsed(name: str, kind: Callable[[str], Any], text: str) -> Any:
    try:
        return kind(_file(text.removeprefix("file://")) if text.startswith("file://") else text)
    except SpecError as error:
        raise FlagError(
            f"Failed to load flag '{name}': Failed to load value '{text}': {error.problem}") from error


def _file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SpecError("", f"Error reading file '{path}': {why}") from error


def _boolean(text: str) -> bool:
    if text not in _TRUE + _FALSE:
        raise SpecError("", "Expecting a boolean (e.g., true or false)")
    return text in _TRUE


def _integer(text: str) -> int:
    """As C++ reads an int: blanks before it, a sign, digits and nothing behind them."""
    if not _INTEGER.fullmatch(text) or not -(1 << 31) <= int(text) < 1 << 31:
        raise SpecError("", "Failed to convert into required type")
    return int(text)


def _for_one_container(values: Mapping[str, Any]) -> bool:
    """A docker containerizer always says --docker or --container.

    A custom executor's command line says neither.
    """
    return "container" in values or "docker" in values or "launcher_dir" in values


def _required(values: Mapping[str, Any], name: str) -> None:
    if name not in values:
        raise FlagError(f"Missing required option --{name}")


def _task_environment(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    variables = _json_object(text, "task_environment")
    for key, value in sorted(variables.items()):
        if not isinstance(value, str):
            raise FlagError(f"Value of key '{key}' in --task_environment is not a string")
    return variables


def _dns(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    value = _json_object(text, "default_container_dns")
    try:
        container_dns(value)
    except SpecError as error:
        why = f"Missing required fields: {_without_dns(value)}" if error.problem == "is required" else error
        raise FlagError(f"Failed to parse --default_container_dns: {why}") from error
    return value


def _without_dns(info: dict[str, Any]) -> str:
    return ", ".join(f"{kind}[{index}].dns" for kind in ("mesos", "docker")
                     for index, item in enumerate(info.get(kind) or ()) if item.get("dns") is None)


def _json_object(text: str, name: str) -> dict[str, Any]:
    try:
        value = parse_json(text)
    except JsonSyntaxError as error:
        raise FlagError(f"Failed to parse --{name}: {error}") from error
    if not isinstance(value, dict):
        raise FlagError(f"Failed to parse --{name}: Unexpected JSON type parsed")
    return value


def _check_grace_period(environment: Mapping[str, str]) -> None:
    """Its value is the agent's to tell, `agent.agent_settings`.

    But here Mesos looks at it first, in other words.
    """
    text = environment.get(GRACE_PERIOD)
    if text is None:
        return
    try:
        parse_duration(text)
    except SpecError as error:
        raise FlagError(
            f"Failed to parse value '{text}' of '{GRACE_PERIOD}': {error.problem}") from error
