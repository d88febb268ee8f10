"""The port to a container engine: parts by use, few verbs, each idempotent and ending in time.

The executor's decisions speak to these protocols only. `executor/docker/runtime.py` has them on a
real Docker engine, `tests/fakes/runtime.py` in memory; `tests/contract/` runs the same suite on
both.

**Idempotent.** Stopping what is stopped, removing what is gone, creating a container that exists under the same name
and carries the same labels: no errors. **Bounded.** Each verb has a deadline of its class; when it passes,
`DeadlineExceeded` is raised and the call may be repeated. **Typed.** What goes wrong is a `RuntimeFailure`; its class
says whose fault it is and its `retry` whether asking again can help. `str(failure)` is the engine's own text.
"""
from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from executor.engine.cancellation import Cancel


@dataclass(frozen=True, slots=True)
class Address:
    """A container's address on one network; either may be absent."""

    network: str
    ipv4: str | None = None
    ipv6: str | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the engine says of one container. Times are its own RFC 3339 texts, None where it has
    none yet.
    """

    id: str
    name: str
    image: str
    user: str  # whom it runs as, as the task or its image says; empty: root
    running: bool
    paused: bool
    pid: int | None
    exit_code: int | None  # None while it runs or was never started
    oom_killed: bool
    memory_limit: int | None  # bytes; None: none of its own
    error: str
    started_at: str | None
    finished_at: str | None
    addresses: tuple[Address, ...]
    labels: Mapping[str, str]
    raw: Mapping[str, Any] = field(repr=False)  # the whole answer; holds environment values: redact before showing

    @property
    def started(self) -> bool:
        """Whether it was ever started. As Mesos: docker.cpp, `State.StartedAt`."""
        return self.started_at is not None


@dataclass(frozen=True, slots=True)
class Listed:
    """What the engine says of a container in a list."""

    id: str
    name: str
    labels: Mapping[str, str]


class ContainerAction(enum.Enum):
    """What the engine tells of a container unasked."""

    START = "start"
    DIE = "die"
    KILL = "kill"  # somebody had the engine send a signal; also how a stop, a restart, a forced removal begin
    OOM = "oom"
    DESTROY = "destroy"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    HEALTH = "health_status"  # of the image's or the container's own health check
    UPDATE = "update"  # somebody changed its limits or its restart policy
    RESYNC = "resync"  # the stream broke and is back: whatever happened in between must be looked up


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """One event; `id` is empty for RESYNC. `time_nano` is the engine's clock, nanoseconds since the
    epoch.
    """

    action: ContainerAction
    id: str
    time_nano: int
    exit_code: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    signal: int | None = None  # of KILL
    healthy: bool | None = None  # of HEALTH


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is: layers done and known, bytes done and known (0 where the registry does not
    say).
    """

    image: str
    layers_done: int
    layers: int
    bytes_done: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a command in a running container ended; exit_code None if it was cut off by its time
    limit.
    """

    exit_code: int | None
    output: bytes


class PullListener(Protocol):
    """Told of a pull's progress, on the pulling thread; must return at once."""

    def __call__(self, progress: PullProgress, /) -> None: ...


class OutputStream(Protocol):
    """A container's stdout and stderr as the engine sends them: selectable, never blocking.

    `read` returns the pieces that are there, each with the descriptor it was written to (1 or 2);
    an empty list if none is there yet; None when the stream has ended. Pieces are cut anywhere, but
    nothing is lost between them.
    """

    def fileno(self) -> int: ...

    def read(self) -> list[tuple[int, bytes]] | None: ...

    def close(self) -> None: ...


class Interaction(Protocol):
    """A command in a container with which somebody speaks while it runs; selectable, never blocking
    to read and write. What asks the engine may raise the failures above.
    """

    def fileno(self) -> int: ...

    def read(self) -> list[tuple[int, bytes]] | None:
        """As of OutputStream."""
        ...

    def write(self, data: bytes) -> int:
        """Give it so much of this for its stdin as it takes now; how much. Raises OSError."""
        ...

    def close_input(self) -> None:
        """Nothing more comes for its stdin. Raises OSError."""
        ...

    def resize(self, columns: int, rows: int) -> None:
        """Of its terminal, in characters."""
        ...

    def signal(self, name: str) -> None:
        """Send it a signal, such as INT or SIGINT; one that there is not is passed over."""
        ...

    def exit_status(self) -> int | None:
        """None while it runs. Raises CommandNotFound or CommandNotExecutable, too."""
        ...

    def kill(self) -> None:
        """End it with all its processes."""
        ...

    def close(self) -> None: ...


class Containers(Protocol):
    """The containers of one engine, each named by id or by name. All verbs may raise the failures
    above.
    """

    def create(self, payload: Mapping[str, Any], name: str,
               warned: Callable[[str], None] | None = None) -> str:
        """Create a container from an Engine API payload; returns its id. `warned` hears what the
        engine has to say about it, such as a limit that the kernel lacks and it leaves out.
        """
        ...

    def attach(self, container: str, *, tty: bool | None = None) -> OutputStream:
        """The output from now on; attach between create and start to get all of it.

        A container with a terminal sends its output unframed: who knows whether it has one saves an
        inspect.
        """
        ...

    def logs(self, container: str, *, follow: bool = True, since: int = 0, until: int = 0,
             tty: bool | None = None) -> OutputStream:
        """The output from the engine's log, of all runs, from a time on, and up to one if that is not
        0: ns since the epoch.

        While it follows, until the run ends that is under way. `tty`: as with `attach`.
        """
        ...

    def read(self, container: str, path: str) -> bytes | None:
        """A file of the container, started or not; None if there is none, or it is far too large.
        """
        ...

    def start(self, container: str) -> None: ...

    def inspect(self, container: str) -> Inspection:
        """Raises NoSuchContainer."""
        ...

    def kill(self, container: str, signal: str) -> None:
        """Send a signal by name or number; a container that does not run, or is gone, is not an
        error.
        """
        ...

    def remove(self, container: str, *, force: bool = True, volumes: bool = True) -> None:
        """Remove it with its anonymous volumes; gone is removed."""
        ...

    def ls(self, labels: Mapping[str, str]) -> Sequence[Inspection]:
        """The containers that carry all these labels, running or not."""
        ...

    def listed(self, labels: Mapping[str, str]) -> Sequence[Listed]:
        """The same, of which nothing else is to be known: one question, however many there are."""
        ...

    def exec(self, container: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None,
             timeout: float | None = None) -> ExecResult:
        """Run a command in the container and wait for it, at most `timeout` seconds."""
        ...

    def interact(self, container: str, argv: Sequence[str], *, tty: bool = False) -> Interaction:
        """Run a command in the container, to speak with it; with a terminal, or with three streams."""
        ...


class Images(Protocol):
    """The images of one engine."""

    def pull(self, image: str, *, platform: str | None = None, sandbox: str | None = None,
             force: bool = False, listener: PullListener | None = None,
             cancel: Cancel | None = None) -> None:
        """Get an image unless it is here (or, with force, in any case); one pull per image at a
        time, shared.

        With a platform, as in "linux/arm64", that of this platform: one that is here for another
        one will not do. Credentials come from `sandbox`/.docker/config.json or .dockercfg, then
        from the node's configuration.
        """
        ...


class Events(Protocol):
    """What the engine tells unasked."""

    def follow(self, labels: Mapping[str, str], cancel: Cancel) -> Iterator[ContainerEvent]:
        """Events of the containers with these labels from the time of this call on, until cancel.

        Survives the engine: when the stream breaks, it is opened again where it broke, and RESYNC
        tells of it. The iterator ends on cancel and never raises.
        """
        ...


class Engine(Protocol):
    """The engine as a whole."""

    def version(self) -> tuple[int, int, int]:
        """Its version. As Mesos: docker.cpp, `version`."""
        ...

    def agree(self) -> None:
        """Ask it which API version both sides speak, which it tells at once, if it is there; some need many seconds
        to tell their version. Raises RuntimeFailure."""
        ...

    def cgroup_driver(self) -> str:
        """Who makes its containers' cgroups: "cgroupfs", "systemd", or "none"."""
        ...

    def close(self) -> None:
        """Close the idle connections; streams belong to those who opened them."""
        ...


class ContainerRuntime(Protocol):
    """One engine by its uses: whoever needs one of them is given that part."""

    @property
    def engine(self) -> Engine: ...

    @property
    def containers(self) -> Containers: ...

    @property
    def images(self) -> Images: ...

    @property
    def events(self) -> Events: ...
