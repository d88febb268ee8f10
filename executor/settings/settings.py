"""What an executor is told at its start, as one frozen value: flags and environment in, settings
out.

Two ways to run, told apart by `--container`. The drop-in stands in the place of Mesos's own docker
executor: one task, the container named by the agent and removed by the agent, output on our own
descriptors, and the words of Mesos, no more. The custom executor runs many tasks, each in a sandbox
of its own under ours.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from executor.fetching.job import CACHE_BYTES, MAX_BYTES
from executor.settings.agent import AgentSettings, seconds
from executor.settings.flags import Flags
from executor.settings.labels import labels
from executor.settings.rotation import DEFAULT, Rotations, executors_rotations
from specs.errors import SpecError
from specs.parameters.values import ulimit
from specs.words.defaults import DOCKER_SOCKET, MAPPED_DIRECTORY
from specs.words.sizes import parse_size

REPORT_INTERVAL: Final = "MESOS_DOCKER_REPORT_INTERVAL"
TEXTFILE_FOLDER: Final = "MESOS_DOCKER_TEXTFILE_DIR"
LOG_FORMAT: Final = "MESOS_DOCKER_LOG_FORMAT"
IDLE_TIMEOUT: Final = "MESOS_DOCKER_IDLE_TIMEOUT"
SHUTDOWN_GRACE: Final = 5.0  # seconds; as Mesos: DEFAULT_EXECUTOR_SHUTDOWN_GRACE_PERIOD
SANDBOX_AGE: Final = "MESOS_DOCKER_SANDBOX_AGE"
SANDBOX_SIZE: Final = "MESOS_DOCKER_SANDBOX_SIZE"
CACHE_NAME: Final = "mesos-docker-fetch"
CACHE_FOLDER: Final = "MESOS_DOCKER_FETCHER_CACHE_DIR"
CACHE_SIZE: Final = "MESOS_DOCKER_FETCHER_CACHE_SIZE"
ULIMITS: Final = "MESOS_DOCKER_DEFAULT_ULIMITS"
MAX_SIZE: Final = "MESOS_DOCKER_FETCHER_MAX_SIZE"


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Of the files that tasks want; sizes are bytes."""

    caches: tuple[str, ...] = ()  # folders but for their user: the first that will do
    cache_bytes: int = CACHE_BYTES
    max_bytes: int = MAX_BYTES  # that one task may fetch and unpack


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Of the sandboxes of ended tasks. `age`: seconds; `size`: bytes of all together."""

    age: float = 7 * 24 * 3600.0  # as Mesos: --gc_delay
    size: int = 10 << 30
    count: int = 1000


@dataclass(frozen=True, slots=True)
class CniFolders:
    """Where CNI networks and their plugins are; each may be several paths with ":" between them."""

    config: str
    plugins: str


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What is told of what was measured. `interval`: seconds between two reports at the least, None
    for none; `messages`: the framework wants them; `folder`: where node_exporter looks for
    textfiles."""

    interval: float | None = None
    messages: bool = False
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are seconds."""

    directory: str  # our sandbox on the host
    mapped_directory: str = MAPPED_DIRECTORY
    docker_socket: str = DOCKER_SOCKET
    container: str | None = None  # its name, when we are the drop-in
    executor_container: str = ""  # ours, as the agent calls it; empty in the drop-in
    shutdown_grace: float = SHUTDOWN_GRACE
    cgroups_enable_cfs: bool = False
    task_environment: Mapping[str, str] = field(default_factory=dict)
    default_container_dns: Mapping[str, Any] | None = None
    cni: CniFolders | None = None  # None: containers join the engine's networks only
    ulimits: tuple[str, ...] = ()  # of containers whose task does not say otherwise, as `docker run --ulimit` has them
    labels: Mapping[str, str] = field(default_factory=dict)  # of every container, without the task's own
    idle_timeout: float | None = 120.0  # without a task; None: for ever
    ack_timeout: float = 60.0  # for the last updates to be acknowledged; as Mesos
    starts: int = 8  # creates and starts at once; beyond about 2 per core only the latency grows
    fetch: FetchSettings = FetchSettings()
    sandboxes: SandboxLimits = SandboxLimits()
    output: Rotations = DEFAULT
    reports: ReportSettings = ReportSettings()
    log_options: Mapping[str, str] = field(default_factory=lambda: {"max-size": "10m",
                                                                    "max-file": "2"})

    @property
    def drop_in(self) -> bool:
        """One task, in the place of Mesos's docker executor."""
        return self.container is not None


def settings(flags: Flags, told: AgentSettings, environment: Mapping[str, str],
             owner: str) -> Settings:
    """`owner` marks this executor's containers.

    SpecError with the whole text if a variable of ours is unreadable.
    """
    return Settings(
        directory=flags.sandbox_directory or told.directory,
        mapped_directory=flags.mapped_directory or MAPPED_DIRECTORY,
        docker_socket=flags.docker_socket or DOCKER_SOCKET,
        container=flags.container,
        # as Mesos: slave/paths.cpp, `getExecutorRunPath`
        executor_container="" if flags.drop_in else told.directory.rstrip("/").rpartition("/")[2],
        # as Mesos: docker_executor.cpp, `main`
        shutdown_grace=max(told.shutdown_grace, (flags.stop_timeout or 0) / 1e9),
        cgroups_enable_cfs=flags.cgroups_enable_cfs,
        task_environment=flags.task_environment,
        default_container_dns=flags.default_container_dns,
        cni=cni_folders(flags),
        ulimits=_ulimits(environment),
        labels=labels(told.framework_id, told.executor_id, told.agent_id, owner),
        idle_timeout=None if flags.drop_in else _idle_timeout(environment),
        fetch=_fetch_settings(environment, told),
        sandboxes=_sandbox_limits(environment),
        output=DEFAULT if flags.drop_in else _rotations(environment),
        reports=ReportSettings() if flags.drop_in else _report_settings(environment),
    )


def cni_folders(flags: Flags) -> CniFolders | None:
    """Nothing without both, as Clusterd: docker/executor.cpp."""
    if not flags.network_cni_config_dir or not flags.network_cni_plugins_dir:
        return None
    return CniFolders(flags.network_cni_config_dir, flags.network_cni_plugins_dir)


def _ulimits(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Blanks or commas between them: "nofile=1048576:1048576,nproc=4096"."""
    said = tuple(environment.get(ULIMITS, "").replace(",", " ").split())
    for each in said:
        try:
            ulimit(each)
        except SpecError as error:
            raise SpecError("", f"Failed to parse {ULIMITS}: {error.problem}") from error
    return said


def _fetch_settings(environment: Mapping[str, str], told: AgentSettings) -> FetchSettings:
    return FetchSettings(tuple(_cache_folders(environment.get(CACHE_FOLDER), told)),
                         _size(environment, CACHE_SIZE, CACHE_BYTES),
                         _size(environment, MAX_SIZE, MAX_BYTES))


def _cache_folders(wanted: str | None, told: AgentSettings) -> Iterator[str]:
    """One cache for all executors of an agent: in the folder that goes when the agent goes, if we
    may write there."""
    if wanted is not None:
        yield f"{wanted}/{CACHE_NAME}-{told.agent_id}"
        return
    agents, found, _ = told.directory.partition(f"/slaves/{told.agent_id}/")  # as Mesos: slave/paths.cpp
    if found:
        yield f"{agents}{found}{CACHE_NAME}"
    yield f"/tmp/{CACHE_NAME}-{told.agent_id}"  # noqa: S108 - who owns it is looked at


def _rotations(environment: Mapping[str, str]) -> Rotations:
    try:
        return executors_rotations(environment)
    except SpecError as error:
        raise SpecError("", f"Failed to parse {error.path}: {error.problem}") from error


def _sandbox_limits(environment: Mapping[str, str]) -> SandboxLimits:
    default = SandboxLimits()
    age = seconds(environment, SANDBOX_AGE) if SANDBOX_AGE in environment else default.age
    return SandboxLimits(age, _size(environment, SANDBOX_SIZE, default.size))


def _report_settings(environment: Mapping[str, str]) -> ReportSettings:
    """A framework that wants reports says how often; textfiles alone come every 15 seconds."""
    folder = environment.get(TEXTFILE_FOLDER)
    wanted = seconds({REPORT_INTERVAL: "0ns", **environment}, REPORT_INTERVAL)
    return ReportSettings(wanted or (15.0 if folder else None), wanted > 0, folder)


def _size(environment: Mapping[str, str], name: str, default: int) -> int:
    if name not in environment:
        return default
    try:
        return parse_size(environment[name])
    except SpecError as error:
        raise SpecError("", f"Failed to parse {name}: {error.problem}") from error


def _idle_timeout(environment: Mapping[str, str]) -> float | None:
    """A duration as Mesos writes them; 0ns means for ever."""
    return seconds({IDLE_TIMEOUT: "2mins", **environment}, IDLE_TIMEOUT) or None
