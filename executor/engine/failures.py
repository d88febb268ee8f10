"""What can go wrong with an engine: whose fault that is, and whether asking again can help.

Each kind is a line of the one table of blame, the other half of which is errors.py: there an
engine's words become a kind, here a kind says whose fault it is. States follow from it
(life/endings.py): TASK_FAILED for the task's own doing, TASK_DROPPED for everybody else's.
"""
from __future__ import annotations

import enum


class Blame(enum.Enum):
    """Whose fault a failure is: who can put it right."""

    TASK = "task"  # its author: it asks for something that does not exist or is not allowed
    NODE = "node"  # nobody has to: this engine or this machine cannot now, it or another one may later
    OPERATOR = "operator"  # those who run the cluster: its registries, what its nodes are set up with


_DOCKER = (
    (127, ("executable file not found", "no such file or directory")),
    (126, ("permission denied", "is a directory")),
)


class RuntimeFailure(Exception):  # noqa: N818 - the domain's word: tasks fail, containers fail
    """The engine could not do what was asked; the message is the engine's own."""

    blame = Blame.NODE
    retry = False  # the same call may succeed in a moment
    again = True  # the task may succeed if it is launched again, as it is, here or elsewhere
    exit_status = 125  # that a task has which fails so; 126 and 127 are its program's
    answered = False  # set where the engine said so, in whole: it is not away

    @classmethod
    def docker_status(cls, text: str) -> int:
        """The exit status of `docker run` where the engine says this.

        The docker command looks for words, wherever they stand: a device that is not there is 127.
        As docker: cli/command/container/run.go, `toStatusError`.
        """
        found = (status for status, words in _DOCKER if any(word in text for word in words))
        return next(found, cls.exit_status)


class TaskFault(RuntimeFailure):
    """What the task's author has to put right; no kind of its own."""

    blame = Blame.TASK
    again = False


class ImageNotFound(TaskFault):
    """No such image, neither here nor in its registry; or none for the platform."""


class NotAuthorised(TaskFault):
    """The registry refused the credentials, or wants some; the message says which were used."""


class BadOption(TaskFault):
    """The engine refused an option of the container."""


class NoCommand(BadOption):
    """Neither the image nor the task says what to run (400)."""


class BadSandbox(TaskFault):
    """What the task, its files or an earlier task of its id have put into the sandbox cannot be used
    as it is meant to be: a link that leads out of it.
    """


class CommandNotFound(TaskFault):
    """The container's program is not in the image."""

    exit_status = 127


class CommandNotExecutable(TaskFault):
    """The container's program cannot be executed."""

    exit_status = 126


class NoSuchNetwork(TaskFault):
    """The container names a network that does not exist."""


class PortInUse(RuntimeFailure):
    """A host port, or an address, is taken."""


class NameConflict(RuntimeFailure):
    """The container's name is taken by somebody else's container."""


class NoSuchContainer(RuntimeFailure):
    """There is no such container."""


class ContainerNotRunning(RuntimeFailure):
    """What was asked needs a running container."""


class AlreadySo(RuntimeFailure):
    """What was asked for is done, or being done, already."""


class RegistryUnavailable(RuntimeFailure):
    """The registry does not answer, or answers 429 or 5xx."""

    blame = Blame.OPERATOR
    retry = True


class RegistryUnreachable(RegistryUnavailable):
    """The registry has no address, or nobody listens there: a mistyped name as often as a registry
    that is away.
    """


class RateLimited(RegistryUnavailable):
    """The registry answers 429: it wants to be asked later."""


class RegistryDistrusted(RuntimeFailure):
    """The engine is not set up to trust the registry: its certificate, or that it has none."""

    blame = Blame.OPERATOR
    again = False


class BadNodeLogin(RuntimeFailure):
    """The node's own Docker configuration, not the task's, cannot be used or is refused by the
    registry.
    """

    blame = Blame.OPERATOR
    again = False


class FileNotFetched(TaskFault):
    """A file of the task's cannot be had: it is not there, not allowed, or not what the task takes it for."""


class FileSourceAway(RuntimeFailure):
    """The server of one of the task's files does not answer, breaks off, or answers 5xx."""

    blame = Blame.OPERATOR


class DaemonUnavailable(RuntimeFailure):
    """The engine cannot be reached, or broke off its answer, or is short of something."""

    retry = True


class DeadlineExceeded(RuntimeFailure):
    """The engine did not answer in time; whether it did the thing is not known."""

    retry = True


class NodeLacks(RuntimeFailure):
    """The node has not got what the engine needs for this: a driver of GPUs, a runtime that is new
    enough.
    """

    again = False


class WrongVersion(NodeLacks):
    """The engine does not speak the API version that was agreed on; it was asked anew, and that did
    not help.
    """


class NetworkPluginFailed(RuntimeFailure):
    """A network plugin of the node did not attach the container; the message has its words."""


class Fault(RuntimeFailure):
    """A call ended by a mistake of ours; what it has done is not known."""


class Cancelled(RuntimeFailure):
    """The caller gave up before the end."""


def kind_named(name: str) -> type[RuntimeFailure]:
    """The kind with this name; Fault for one that another version may have."""
    kind = globals().get(name)
    return kind if isinstance(kind, type) and issubclass(kind, RuntimeFailure) else Fault
