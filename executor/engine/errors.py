"""What an engine's refusal means: status and text in, a typed failure out.

The Engine API tells kinds of failure apart by status only coarsely, and differently in each version (a missing program
is 400, 404 or 500), so the texts decide first, then the status. They are the texts of Docker 20.10 to 28: from the
engine, libnetwork, runc and the registry client. The engine's text is kept as the failure's message.
"""
from __future__ import annotations

import re
from typing import Final

from executor.engine.failures import (
    BadOption,
    CommandNotExecutable,
    CommandNotFound,
    ContainerNotRunning,
    DaemonUnavailable,
    ImageNotFound,
    NameConflict,
    NoCommand,
    NoSuchContainer,
    NoSuchNetwork,
    NotAuthorised,
    PortInUse,
    RateLimited,
    RegistryUnavailable,
    RegistryUnreachable,
    RuntimeFailure,
)

Rule = tuple[type[RuntimeFailure], re.Pattern[str]]


def _rule(kind: type[RuntimeFailure], *patterns: str) -> Rule:
    return kind, re.compile("|".join(patterns), re.IGNORECASE)


# The first rule that matches decides.
_ENGINE: Final[tuple[Rule, ...]] = (
    _rule(ImageNotFound, "no such image", "manifest unknown"),
    _rule(NameConflict, "name .* is already in use"),
    _rule(NoSuchContainer, "no such container"),
    _rule(ContainerNotRunning, r"container \S+ is not running", "non running container", r"container \S+ is paused"),
    _rule(PortInUse, "port is already allocated", "address already in use", "ports are not available"),
    # The node is short of something: another try, or another node, can succeed.
    _rule(DaemonUnavailable, "cannot allocate memory", "no space left on device", "too many open files",
          "resource temporarily unavailable", "non-overlapping IPv4 address pool", "no available IPv4 addresses",
          "device or resource busy"),
    _rule(NoSuchNetwork, r"network \S+ not found", "could not find a network", "no such network(?! interface)"),
    # What the engine itself takes for exit status 127 or 126. The program's name must stand before the reason: a mount
    # whose source is missing is "no such file or directory" too.
    _rule(CommandNotFound, 'exec:? "[^"]*": executable file not found',
          r'exec:? "[^"]*": (stat \S+: )?no such file or directory', r"exec \S+: no such file or directory"),
    _rule(CommandNotExecutable, r'exec:? "[^"]*": (stat \S+: )?(permission denied|is a directory)',
          r"exec \S+: (permission denied|is a directory)", "exec format error"),
    _rule(NoCommand, "^no command specified"),
    _rule(BadOption, "OCI runtime create failed", "failed to create (shim )?task", "error (while )?creating mount",
          "invalid", "unknown (log|runtime)", "not manually attachable", "unable to find (user|group)",
          "error looking up .* plugin", "plugin .* not found", "error processing tar file", "could not find the file",
          "could not select device driver"),
)

_PULL: Final[tuple[Rule, ...]] = (
    _rule(RateLimited, "toomanyrequests", "too many requests", "status:? (code )?429"),
    _rule(NotAuthorised, "no basic auth credentials", "unauthorized", "authentication required",
          "incorrect username or password", "denied: requested access", "access forbidden", "status:? (code )?40[13]"),
    _rule(ImageNotFound, "manifest unknown", "manifest for .* not found", "no such image", "does not exist",
          "name unknown", "no match for platform", "no matching manifest", ": not found$"),
    _rule(BadOption, "invalid reference format", "invalid repository name", "invalid tag format",
          "repository name must be lowercase", "invalid checksum digest"),
    _rule(DaemonUnavailable, "no space left on device"),
    _rule(RegistryUnreachable, "connection refused", "no such host", "no route to host", "network is unreachable"),
    _rule(RegistryUnavailable, "i/o timeout", "tls handshake", r"\bEOF\b",
          "connection reset", r"status:? (code )?5\d\d", "service unavailable", "internal server error", "bad gateway",
          "net/http", "dial tcp", "server misbehaving", "temporary failure in name", "context deadline exceeded",
          "server gave HTTP response", "x509", "error reading from server", "failed to do request",
          "verification failed", "size validation failed"),
)

_BY_STATUS: Final[dict[int, type[RuntimeFailure]]] = {400: BadOption, 403: BadOption, 404: NoSuchContainer}


def failure(status: int, text: str) -> RuntimeFailure:
    """The failure for an answer of 4xx or 5xx to anything but a pull."""
    found = _matching(_ENGINE, text)
    if found is None:
        found = DaemonUnavailable if status >= 500 else _BY_STATUS.get(status, RuntimeFailure)
    return found(text)


def pull_failure(status: int | None, text: str) -> RuntimeFailure:
    """The failure for a refused pull; status is None where the refusal came inside the stream of a 200."""
    found = _matching(_PULL, text)
    if found is None and status is not None and 400 <= status < 500:
        found = ImageNotFound if status == 404 else BadOption
    return (found or DaemonUnavailable)(text)


def network_failure(status: int, text: str) -> RuntimeFailure:
    """The failure for an answer of 4xx or 5xx to a call about a network: a bare 404 means the network."""
    if re.search(r"network with name \S+ already exists", text):
        return NameConflict(text)
    if status == 403:
        return BadOption(text)
    if status == 404 and _matching(_ENGINE, text) is None:
        return NoSuchNetwork(text)
    return failure(status, text)


def _matching(rules: tuple[Rule, ...], text: str) -> type[RuntimeFailure] | None:
    return next((kind for kind, pattern in rules if pattern.search(text)), None)
