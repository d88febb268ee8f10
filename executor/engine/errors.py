"""What an engine's refusal means: status and text in, a typed failure out; whose fault that is,
says its kind.

The Engine API tells kinds of failure apart by status only coarsely, and differently in each version
(a missing program is 400, 404 or 500; so is an option of the task's that the engine does not take),
so the texts decide first, then what was asked for, then the status. They are the texts of Docker
20.10 to 29: from the engine, its network library, containerd, runc, crun and the registry client.
The engine's text is kept as the failure's message.

**Text that a user chose never decides.** Names of images, programs, networks, paths and options stand in the engine's
sentences, and may read like errors themselves, quotes and all. So a rule says where its words stand: at the beginning,
where the engine says what it was doing, or at the end, where the kernel or the registry says why (Go puts the cause
last); what a user chose stands between them. Sentences that end in a user's text begin with the engine's, and such
rules come first.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from executor.engine.failures import (
    AlreadySo,
    BadOption,
    CommandNotExecutable,
    CommandNotFound,
    ContainerNotRunning,
    DaemonUnavailable,
    ImageNotFound,
    NameConflict,
    NoCommand,
    NodeLacks,
    NoSuchContainer,
    NoSuchNetwork,
    NotAuthorised,
    PortInUse,
    RateLimited,
    RegistryDistrusted,
    RegistryUnavailable,
    RegistryUnreachable,
    RuntimeFailure,
    WrongVersion,
)


class Rule(NamedTuple):
    """What makes a failure one of this kind: any of the patterns is found in the text."""

    kind: type[RuntimeFailure]
    patterns: tuple[re.Pattern[str], ...]


def _rule(kind: type[RuntimeFailure], *patterns: str) -> Rule:
    return Rule(kind, tuple(re.compile(pattern, re.IGNORECASE | re.DOTALL) for pattern in patterns))


_END: Final = r"(?:: unknown)?\.?\Z"  # containerd puts its word for "some other error" behind all of them
# What engines from 25 on put behind a text in which they have seen a reason for status 126, a program's name too.
_FOR_126: Final = "(?:: permission denied)"
_NETWORKING: Final = (r"^(?:failed to set up container networking: )?"
                      r"(?:failed to create endpoint \S+ on network \S+: )?")
_TASK: Final = "^(?:failed to create (?:shim )?task(?: for container)?: )*"
_OCI: Final = _TASK + (r"OCI runtime (?:create|exec) failed: "
                       r"(?:(?:runc create|exec) failed: |container_linux\.go:\d+: )*")
# What the engine says before it tells what failed inside the container; every version has another
# preamble.
_INIT: Final = _OCI + (
    r"(?:starting container process caused: |process_linux\.go:\d+: container init caused: "
                       r"|unable to start container process: |error during container init: |running hook #\d+:+ )+")
_EXEC: Final = _INIT + "exec:? "
# Podman begins with the runtime's name, and ends with what it makes of the runtime's words.
_PODMAN: Final = "^(?:preparing container [0-9a-f]+ for attach: )?"
_CRUN: Final = f"(?:{_OCI}(?:crun: )?|{_PODMAN}crun: )"

# The first rule that matches decides.
ENGINE: Final[tuple[Rule, ...]] = (
    # Sentences that end in what a user chose come first: their beginning decides.
    _rule(WrongVersion, r"^client version \S+ is too (?:old|new)", "^client is newer than server"),
    _rule(ImageNotFound, "^no such image: ", "^image with reference .* was found but "),
    _rule(NameConflict, r"^id already in use$",  # its containerd has what it was killed in the start of
          r"^conflict\. the container name .* is already in use",
          "^container create: creating container storage: the container name .* is already in use",
          r"^network with name .* already exists\Z"),
    _rule(AlreadySo, r"^removal of container .* is already in progress", r"^container \S+ is not connected to ",
          "^endpoint with name .* already exists in network ", r"^container \S+ is already connected to network "),
    _rule(NoSuchContainer, "^(?:could not get container for .*: )?(?:error: )?no such (?:container|exec instance)",
          r"^no container with ID \S+ found in database: no such container\Z"),  # podman, of one that goes just now
    _rule(ContainerNotRunning, r"^(?:cannot kill container: .*: )?container \S+ is (?:not running|paused|restarting)",
          "^cannot join network of a non running container: ",
          "^can only (?:kill|create exec sessions on) running containers",
          _OCI + "cannot exec in a (?:stopped|paused)",
          r"^cannot create exec session as container \S+ is paused\Z"),
    _rule(BadOption, r"^(?:invalid|unknown|duplicate|conflicting|unsupported)\b",
          "^error processing tar file", "^could not find the file ", r"^no such file or directory\Z",
          rf"^(?:failed to unpack image: .*: |ApplyLayer exit status .* stderr: )?archive/tar: "
          rf"invalid tar header{_END}",
          "^evalSymlinksInScope: too many links in ", r"^copier: .*: too many levels of symbolic links\Z",
          r"^unable to import tarball: .*: archive/tar: invalid tar header\)\Z"),
    _rule(NoCommand, rf"^no command specified{_END}", f"{_CRUN}cannot find `` in "),
    _rule(NoSuchNetwork, rf"{_NETWORKING}(?:could not find a network matching .*: )?network .* not found{_END}",
          "^container create: unable to find network with name or ID ",
          f"{_NETWORKING}could not find a network", f"{_NETWORKING}no such network: "),
    # What the engine itself takes for exit status 127 or 126. The frame must name the program
    # before the reason: a mount whose source is missing is "no such file or directory", too, and so
    # is a runtime that is not installed.
    _rule(CommandNotFound, rf"{_EXEC}.*: (?:executable file not found in \$PATH|no such file or directory)"
                           rf"(?:: unknown)?{_FOR_126}?{_END}",
          f"{_CRUN}executable file `.*` not found",
          # of a name of two lines podman has the second
          rf"{_CRUN}[^`]*` not found in \$PATH: No such file or directory: OCI runtime attempted to invoke a command "
          r"that was not found\Z"),
    _rule(CommandNotExecutable, rf"{_EXEC}.*: (?:permission denied|is a directory|exec format error){_END}",
          f"{_CRUN}open executable: permission denied", f"{_CRUN}the path `.*` exists but it is not executable: ",
          f"{_CRUN}the path `.*` is not a regular file: "),
    # The node lacks what this takes, today and tomorrow: a driver, or a runtime that is new enough.
    _rule(NodeLacks, "^could not select device driver ", f"{_TASK}CDI device injection failed: ",
          rf"{_OCI}.*namespace \{{.*\}} does not exist{_END}", f"{_OCI}(?:unknown OCI|unsupported )",
          f"{_INIT}error running (?:prestart )?hook(?!.*nvidia-container-cli: device error: )",
          rf"{_OCI}unable to retrieve OCI runtime error .*(?:not found in \$PATH|no such file or directory){_END}",
          f'{_TASK}runtime ".*" binary not installed', rf"(?:^|: )cgroup mountpoint does not exist{_END}",
          rf"(?:^|: )no cgroup mount found in mountinfo{_END}"),
    _rule(PortInUse, rf"(?:^|: )(?:bind for .* failed: port is already allocated|address already in use){_END}",
          "^ports are not available"),
    _rule(BadOption, rf": cannot assign requested address{_END}"),
    # The node is short of something, or its engine is in trouble: another try, or another node, can
    # succeed.
    # A dockerd that was killed in a start does not know that its containerd has carried it out.
    _rule(DaemonUnavailable, r"^task \S+: already exists",
          r"(?:^|: )(?:cannot allocate memory|no space left on device|too many open files(?: in system)?"
          r"|resource temporarily unavailable|device or resource busy|input/output error|disk quota exceeded"
          r"|context canceled|context deadline exceeded|transport is closing|ttrpc: closed|(?:unexpected )?EOF"
          rf"|connection reset by peer|broken pipe|unavailable|no such network interface){_END}",
          "^(?:error while )?mounting volume .*: (?:connection (?:refused|timed out)|no route to host|host is down"
          rf"|network is unreachable|stale file handle){_END}",
          f"{_NETWORKING}driver failed programming external connectivity on endpoint ",
          f"{_NETWORKING}(?:failed to )?add(?:ing)? (?:the host|interface) ", "^error creating overlay mount to ",
          f"{_NETWORKING}could not find an available, non-overlapping IPv4 address pool",
          "^all predefined address pools have been fully subnetted", f"{_OCI}runc did not terminate successfully",
          f"{_NETWORKING}no available (?:IPv[46] )?addresses on this network's address pools",
          "^this node is not a swarm manager"),
)


def _http(status: str) -> str:
    return rf"(?:^|: )(?:error parsing HTTP|received unexpected HTTP status:|unexpected status\b.*:) {status}\b"


# Names of images hold no blanks: words with a colon and a blank around them are the engine's or the
# registry's.
PULL: Final[tuple[Rule, ...]] = (
    _rule(WrongVersion, r"^client version \S+ is too (?:old|new)", "^client is newer than server"),
    _rule(BadOption, "^invalid reference format", "^invalid repository name", "^invalid tag format",
          "^repository name must be ", "^normalizing image: .*: repository name must be lowercase\\Z",
          "^invalid checksum digest",
          "is an invalid (?:OS )?component of ", ": unknown operating system or architecture"),
    _rule(RateLimited, "(?:^|: )toomanyrequests(?:: |$)", "(?:^|: )too many requests(?:: |$)",
          _http("429")),
    _rule(NotAuthorised, ": no basic auth credentials$", "(?:^|: )unauthorized(?:: |$)",
          "(?:^|: )denied(?:: |$)",
          "(?:^|: )(?:authentication required|access forbidden)", "authorization failed(?:: |$)",
          _http("40[13]")),
    _rule(ImageNotFound, "^manifest for .* not found", "(?:^|: )manifest unknown(?:: |$)",
          "^no such image: ",
          "^pull access denied", "^repository .* not found", "(?:^|: )name unknown: ",
          ": no match for platform",
          "^no matching manifest for ", "^no image found in manifest list for ",
          "^image with reference .* was found but ",
          "cannot be used on this platform$",
          "(?:^|: )not found$", _http("404"), "^docker image format v1"),
    _rule(DaemonUnavailable,
          r"(?:^|: )(?:no space left on device|cannot allocate memory|too many open files"
          "|input/output error|read-only file system)$"),
    _rule(RegistryDistrusted, "(?:^|: )x509: ",
          "(?:^|: )http: server gave HTTP response to HTTPS client$"),
    _rule(RegistryUnreachable,
          "(?:^|: )(?:connection refused|no such host|no route to host|network is unreachable)$"),
    _rule(RegistryUnavailable, _http(r"5\d\d"), r"(?:^|: )(?:unexpected )?EOF$",
          "(?:^|: )i/o timeout",
          "(?:^|: )(?:net/http|http2|tls|remote error): ", "(?:^|: )dial tcp",
          "tls handshake timeout$",
          "(?:^|: )(?:context deadline exceeded|connection reset by peer|server misbehaving|stream error: )",
          "(?:^|: )(?:temporary failure in name resolution|error reading from server|failed to do request: )",
          "(?:^|: )(?:service unavailable|internal server error|bad gateway|gateway timeout)(?:: |$)",
          "^filesystem layer verification failed",
          "(?:^|: )(?:failed size validation: |unexpected commit digest)"),
)


def failure(status: int, text: str) -> RuntimeFailure:
    """The failure for an answer of 4xx or 5xx to what is asked of a container that is there, or of
    the engine.
    """
    found = _matching(ENGINE, text)
    if found is None:
        by_status = {400: BadOption, 403: BadOption, 404: NoSuchContainer,
                     501: RuntimeFailure}  # such as a log driver that cannot be read: that is an answer
        found = by_status.get(status, DaemonUnavailable if status >= 500 else RuntimeFailure)
    return found(text)


def refusal(status: int, text: str) -> RuntimeFailure:
    """The failure for a refused create, start, or the like: where the task's own words are what is
    asked for.

    An engine that answers, in words that blame neither it nor the node, refuses this container: it
    answers 500 to many an option. What is not there, or does not run, is then something that the
    task names.
    """
    found = _matching(ENGINE, text)
    if found is None:
        found = DaemonUnavailable if status > 500 or not text else BadOption
    elif found in (NoSuchContainer, ContainerNotRunning):
        found = BadOption
    return found(text)


def pull_failure(status: int | None, text: str) -> RuntimeFailure:
    """The failure for a refused pull; status is None where the refusal came inside the stream of a
    200.
    """
    found = _matching(PULL, text)
    if found is None and status is not None and 400 <= status < 500:
        found = ImageNotFound if status == 404 else BadOption
    return (found or DaemonUnavailable)(text)


def network_failure(status: int, text: str) -> RuntimeFailure:
    """The failure for an answer of 4xx or 5xx to a call about a network: a bare 404 means the
    network.
    """
    return NoSuchNetwork(text) if status == 404 and _matching(ENGINE,
                                                              text) is None else failure(status,
                                                                                         text)


def network_refusal(status: int, text: str) -> RuntimeFailure:
    """The same where a network is made or joined as somebody wants it: see `refusal`."""
    found = network_failure(status, text)
    return BadOption(text) if status == 500 and _matching(ENGINE, text) is None else found


def _matching(rules: tuple[Rule, ...], text: str) -> type[RuntimeFailure] | None:
    return next((kind for kind, _ in deciding(rules, text)), None)


def deciding(rules: tuple[Rule, ...], text: str) -> Iterator[tuple[type[RuntimeFailure], str]]:
    """What each pattern that is found in the text takes it for; the first one decides."""
    said = text.strip()
    return ((rule.kind, pattern.pattern) for rule in rules for pattern in rule.patterns
            if pattern.search(said))
