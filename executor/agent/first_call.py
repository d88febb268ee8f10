"""What an agent hears of us first, said before anything else is loaded.

Nothing of a task begins before its executor has subscribed (v1) or registered (v0), and to load what
runs tasks takes several times as long as to say so. So this file, which imports next to nothing,
connects, says it, and leaves the connection to the driver, whose first session goes on with it. What
the agent answers waits in the socket meanwhile.

Only the plain case is here: an IPv4 address or a unix socket, no TLS, ids of plain characters, no
process before us that has left a journal. Whatever else there is – faulty variables, an agent that
does not answer – is the driver's, which begins as if nobody had tried: `first_call` is None then.
What is said is the same in both cases, to the byte.
"""
from __future__ import annotations

import _socket  # and not `socket`: that takes as long to load as Python itself
import os
from collections.abc import Mapping, Sequence

JOURNAL = ".mesos-docker-journal"  # of a custom executor, in its sandbox
ACTOR = "executor(1)"  # as Mesos: exec.cpp, ID::generate("executor")
REGISTER = "mesos.internal.RegisterExecutorMessage"
ANY = "0.0.0.0"  # noqa: S104 - libprocess's default: all addresses of this machine
BACKLOG = 128
CONNECT = 1.0  # seconds; an agent on this machine is there at once
_SOCKET_PATH_LIMIT = 108  # as settings/agent.py


class Begun:
    """A connection to the agent, and what has been said over it. Both are descriptors, for whoever
    goes on with them. `listener`: where the agent's libprocess finds us, with v0.
    """

    __slots__ = ("connection", "listener", "said")

    def __init__(self, connection: int, said: bytes, listener: int = -1) -> None:
        self.connection = connection
        self.said = said
        self.listener = listener


def first_call(words: Sequence[str], environ: Mapping[str, str]) -> Begun | None:
    """Announce us to the agent, if that is the plain case. `words`: what stands behind our name."""
    flags = dict(word.partition("=")[::2] for word in words)
    if len(flags) < len(words) or not all(_is_usual(*flag) for flag in flags.items()):
        return None
    drop_in = "--container" in flags
    spoken = environ.get("MESOS_DOCKER_PROTOCOL", "v0" if drop_in else "v1")
    agent, _, address = environ.get("MESOS_SLAVE_PID", "").partition("@")
    host, _, port = address.rpartition(":")
    told = [environ.get(name, "") for name in (
        "MESOS_FRAMEWORK_ID", "MESOS_EXECUTOR_ID", "MESOS_SLAVE_ID", "MESOS_DIRECTORY")]
    if not (all(_is_plain(text) for text in (agent, *told[:3])) and "/" not in agent and told[3]
            and _is_ipv4(host) and _is_port(port) and not any(name.endswith("SSL_ENABLED") for name in environ)):
        return None
    try:
        if spoken == "v0":
            return _registered(environ, agent, (host, int(port)), told)
        if spoken == "v1" and not os.path.lexists(f"{told[3]}/{JOURNAL}"):
            return _subscribed(environ, agent, (host, int(port)), told)
    except OSError:
        pass
    return None


def subscribe_body(framework_id: str, executor_id: str) -> bytes:
    """SUBSCRIBE in JSON, of an executor that has nothing unacknowledged; ids of plain characters.

    As Mesos: include/mesos/v1/executor/executor.proto.
    """
    return (f'{{"type": "SUBSCRIBE", "executor_id": {{"value": "{executor_id}"}}, '
            f'"framework_id": {{"value": "{framework_id}"}}, '
            '"subscribe": {"unacknowledged_tasks": [], "unacknowledged_updates": []}}').encode()


def call_headers(host: str, token: str | None) -> dict[str, str]:
    """Those of a call of the executor API, but for its length: a fresh mapping each time."""
    headers = {"Host": host, "Accept": "application/json", "Content-Type": "application/json"}
    return headers if token is None else {**headers, "Authorization": f"Bearer {token}"}


def request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A POST."""
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()),
             f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def register_body(framework_id: str, executor_id: str) -> bytes:
    """RegisterExecutorMessage, as protobuf has it. As Mesos: messages.proto."""
    ids = (framework_id.encode(), executor_id.encode())
    return b"".join(_field(number, _field(1, value)) for number, value in enumerate(ids, start=1))


def letter(sender: str, to: str, host: str, name: str, body: bytes) -> bytes:
    """A libprocess message as the request that carries it; `to`: the actor, `host`: where it is.

    As Mesos: libprocess's encoder.hpp.
    """
    head = (f"POST /{to}/{name} HTTP/1.1\r\nUser-Agent: libprocess/{sender}\r\n"
            f"Libprocess-From: {sender}\r\nConnection: Keep-Alive\r\nHost: {host}\r\n")
    if not body:
        return f"{head}\r\n".encode()
    return b"".join((f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode(), body,
                     b"\r\n0\r\n\r\n"))


def _subscribed(environ: Mapping[str, str], agent: str, address: tuple[str, int],
                told: Sequence[str]) -> Begun | None:
    token, path = environ.get("MESOS_EXECUTOR_AUTHENTICATION_TOKEN"), environ.get("MESOS_DOMAIN_SOCKET")
    if (token is not None and not _is_plain(token)) or len((path or "").encode()) >= _SOCKET_PATH_LIMIT:
        return None
    body = subscribe_body(told[0], told[1])
    host = f"{address[0]}:{address[1]}" if path is None else "localhost"
    said = request(f"/{agent}/api/v1/executor", call_headers(host, token), body)
    return Begun(_told(address if path is None else path, said).detach(), said)


def _registered(environ: Mapping[str, str], agent: str, address: tuple[str, int],
                told: Sequence[str]) -> Begun | None:
    ip, port, our_ip, our_port = (environ.get(f"LIBPROCESS_{name}") or default for name, default in (
        ("IP", ANY), ("PORT", "0"), ("ADVERTISE_IP", ""), ("ADVERTISE_PORT", "")))
    if not (_is_ipv4(ip) and port.isdigit() and (not our_ip or _is_ipv4(our_ip))
            and (not our_port or _is_port(our_port))) or environ.get("LIBPROCESS_IP6"):
        return None
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        listener.bind((ip, int(port)))
        listener.listen(BACKLOG)
        bound_ip, bound_port = listener.getsockname()
        if bound_ip == ANY:
            bound_ip = _route(address)
        sender = f"{ACTOR}@{our_ip or bound_ip}:{our_port or bound_port}"
        said = letter(sender, agent, f"{address[0]}:{address[1]}", REGISTER, register_body(told[0], told[1]))
        connection = _told(address, said)
    except (OSError, OverflowError):
        listener.close()
        return None
    return Begun(connection.detach(), said, listener.detach())


def _route(address: tuple[str, int]) -> str:
    """Our address as this peer sees it: nothing is sent."""
    dialled = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        dialled.connect(address)
        return str(dialled.getsockname()[0])
    finally:
        dialled.close()


def _told(address: tuple[str, int] | str, said: bytes) -> _socket.socket:
    """A connection over which this has gone."""
    connection = _socket.socket(_socket.AF_UNIX if isinstance(address, str) else _socket.AF_INET,
                                _socket.SOCK_STREAM)
    try:
        connection.settimeout(CONNECT)
        connection.connect(address)
        connection.sendall(said)
    except OSError:
        connection.close()
        raise
    return connection


def _is_usual(name: str, value: str) -> bool:
    """Whether this flag leaves it at a run: `--help` and the like do not."""
    return name.startswith("--") and name == name.lower() and (
        name not in ("--help", "--version", "--check", "--end-all") or (name, value) == ("--help", "false"))


def _field(number: int, value: bytes) -> bytes:
    """A protobuf field of length and bytes."""
    length, digits = len(value), bytearray()
    while length > 0x7F:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((number << 3 | 2, *digits, length)) + value


def _is_plain(text: str) -> bool:
    """Whether these characters stand in JSON and in a header as they are."""
    return bool(text) and text.isascii() and text.isprintable() and not any(each in text for each in ' "\\')


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(
        part.isascii() and part.isdigit() and str(int(part)) == part and int(part) < 256 for part in parts)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 1 << 16
