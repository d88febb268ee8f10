"""What can go wrong with an engine, and whose fault that is."""
from __future__ import annotations

import enum


class Blame(enum.Enum):
    """Whose fault a failure is."""

    USER = "user"  # the task asks for something that does not exist or is not allowed
    PLATFORM = "platform"  # the engine, the registry, the node


class RuntimeFailure(Exception):  # noqa: N818 - the domain's word: tasks fail, containers fail
    """The engine could not do what was asked; the message is the engine's own."""

    blame = Blame.PLATFORM
    retry = False
    exit_status = 125  # of `docker run`, where it fails so


class ImageNotFound(RuntimeFailure):
    """No such image, neither here nor in its registry."""

    blame = Blame.USER


class NotAuthorised(RuntimeFailure):
    """The registry refused the credentials, or wants some; the message says which were used."""

    blame = Blame.USER


class BadOption(RuntimeFailure):
    """The engine refused an option of the container (400)."""

    blame = Blame.USER


class NoCommand(BadOption):
    """Neither the image nor the task says what to run (400)."""


class CommandNotFound(RuntimeFailure):
    """The container's program is not in the image."""

    blame = Blame.USER
    exit_status = 127


class CommandNotExecutable(RuntimeFailure):
    """The container's program cannot be executed."""

    blame = Blame.USER
    exit_status = 126


class PortInUse(RuntimeFailure):
    """A host port is taken."""


class NameConflict(RuntimeFailure):
    """The container's name is taken by somebody else's container."""


class NoSuchContainer(RuntimeFailure):
    """There is no such container."""


class ContainerNotRunning(RuntimeFailure):
    """What was asked needs a running container."""


class NoSuchNetwork(RuntimeFailure):
    """The container names a network that does not exist."""

    blame = Blame.USER


class RegistryUnavailable(RuntimeFailure):
    """The registry does not answer, or answers 429 or 5xx."""

    retry = True


class RegistryUnreachable(RegistryUnavailable):
    """The registry has no address, or nobody listens there: a mistyped name as often as a registry that is away."""


class RateLimited(RegistryUnavailable):
    """The registry answers 429: it wants to be asked later."""


class DaemonUnavailable(RuntimeFailure):
    """The engine cannot be reached, or broke off its answer, or answered 5xx for a reason of its own."""

    retry = True


class DeadlineExceeded(RuntimeFailure):
    """The engine did not answer in time; whether it did the thing is not known."""

    retry = True


class Fault(RuntimeFailure):
    """A call ended by a mistake of ours; what it has done is not known."""


class Cancelled(RuntimeFailure):
    """The caller gave up before the end."""
