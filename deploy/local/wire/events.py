"""Events on their way to a scheduler or an executor: rendered for the content type they asked for,
framed, written.

Both APIs speak alike: an `Event` message per RecordIO record, as JSON or protobuf, and HEARTBEAT
events to show that the line is alive.

As Mesos: common/http.hpp, `StreamingHttpConnection`; common/heartbeater.hpp.
"""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from deploy.local.wire.exchange import JSON, PROTOBUF, EventStream, dump_json
from deploy.local.wire.json_message import MessageError, full, read_message
from specs.errors import SpecError
from specs.forms import Json
from specs.forms.json_text import JsonSyntaxError, parse_json
from specs.forms.recordio import encode_record
from specs.forms.wire import decode, encode

SCHEDULER_EVENT: Final = "mesos.v1.scheduler.Event"
EXECUTOR_EVENT: Final = "mesos.v1.executor.Event"
T = TypeVar("T")
LARGE: Final = 64 << 10  # bytes of a body that is read beside the loop, where others do not wait for it
MAX_VALUES: Final = 1_000_000  # in one JSON body, about: of its commas; each takes some hundred bytes
_READER: Final = ThreadPoolExecutor(1, "large bodies")  # one at a time: a body's values take many times its bytes

Renderer = Callable[[str, Mapping[str, Any], str], bytes]  # (name of the message, message, content type)


class CallError(ValueError):
    """A body that is not the message it should be: HTTP `status` and Mesos's text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def in_turn(body: bytes, work: Callable[[], T]) -> T:
    """What `work` makes of a body: at once, or of a large one beside the event loop."""
    if len(body) <= LARGE:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_READER, work)


def read_call(name: str, body: bytes, content_type: str | None) -> Json:
    """The call in a request's body; raises CallError. As Mesos, content types are compared letter
    by letter.
    """
    if content_type is None:
        raise CallError(400, "Expecting 'Content-Type' to be present")
    if content_type == PROTOBUF:
        try:
            return decode(name, body)
        except SpecError as error:
            raise CallError(400, "Failed to parse body into Call protobuf") from error
    if content_type != JSON:
        raise CallError(415, f"Expecting 'Content-Type' of {JSON} or {PROTOBUF}")
    if body.count(b",") > MAX_VALUES:
        raise CallError(413, f"The body has more than {MAX_VALUES} values")
    try:
        value = parse_json(body.decode("utf-8", "replace"))
    except JsonSyntaxError as error:
        raise CallError(400, f"Failed to parse body into JSON: {error}") from error
    try:
        return read_message(name, value)
    except MessageError as error:
        raise CallError(400, f"Failed to convert JSON into Call protobuf: {error}") from error


def accepted_type(accept: str | None) -> str | None:
    """The content type to answer in, JSON before protobuf; None when the client takes neither.

    As libprocess, `Request::acceptsMediaType`: no Accept header takes everything, quality 0
    refuses.
    """
    if not accept:
        return JSON
    for wanted in (JSON, PROTOBUF):
        if _accepts(accept, wanted):
            return wanted
    return None


def _accepts(accept: str, wanted: str) -> bool:
    for item in accept.split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        refused = not quality.strip("0.") if quality else False
        if name in {wanted, "*/*", f"{wanted.partition('/')[0]}/*"}:
            return not refused
    return False


def render(name: str, message: Mapping[str, Any], content_type: str) -> bytes:
    """A message's bytes in this content type."""
    return encode(name, message) if content_type == PROTOBUF else dump_json(full(name, message))


class EventSender:
    """One subscribed client: takes events, keeps the heartbeat."""

    def __init__(self, stream: EventStream, event_name: str, renderer: Renderer = render) -> None:
        self._stream = stream
        self._event_name = event_name
        self._render = renderer
        self._heartbeat: asyncio.TimerHandle | None = None

    @property
    def closed(self) -> bool:
        return self._stream.closed

    def on_closed(self, action: Callable[[], None]) -> None:
        """What to do when the client has gone away."""
        self._stream.on_closed = action

    def send(self, event: Mapping[str, Any]) -> None:
        self._stream.write(encode_record(self._render(self._event_name, event,
                                                      self._stream.content_type)))

    def start_heartbeat(self, interval: float, *, at_once: bool) -> None:
        """HEARTBEAT every `interval` seconds."""
        loop = asyncio.get_running_loop()
        due = loop.time() if at_once else loop.time() + interval

        def beat() -> None:
            nonlocal due
            if self.closed:
                return
            self.send({"type": "HEARTBEAT"})
            due += interval  # from when it was due: beats do not drift under load
            self._heartbeat = loop.call_at(due, beat)

        if at_once:
            beat()
        else:
            self._heartbeat = loop.call_at(due, beat)

    def close(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._stream.close()
