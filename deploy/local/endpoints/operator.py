"""The v1 operator API, POST /api/v1 on master and agent: GET_STATE and its kin.

Both sides answer the same small calls (health, version, flags, files) in the same way; what is
theirs they bring along as a table of functions. A call that has to change something and is not
supported is answered 501.

As Mesos: master/http.cpp (`api`), slave/http.cpp (`api`), common/http.cpp.
"""
from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from deploy.local.endpoints.files import Files, FilesError
from deploy.local.endpoints.operator_json import render_answer
from deploy.local.records.version import GIT_SHA, VERSION
from deploy.local.wire.events import CallError, accepted_type, in_turn, read_call
from deploy.local.wire.exchange import JSON, Request, Response, Streaming, method_not_allowed, not_implemented, text
from specs.forms import Json
from specs.forms.json_text import JsonSyntaxError, parse_json
from specs.forms.recordio import RecordDecoder, RecordError

Answer = Callable[[Json], Json | Response | Awaitable[Json | Response]]
Subscribe = Callable[[str], Streaming]  # (content type of the answer)

# The kinds that have to bring a message of their own.
_CONTENT: Final[Mapping[str, frozenset[str]]] = {
    "master": frozenset({
        "GET_METRICS", "SET_LOGGING_LEVEL", "LIST_FILES", "READ_FILE", "UPDATE_WEIGHTS",
        "RESERVE_RESOURCES",
        "UNRESERVE_RESOURCES", "CREATE_VOLUMES", "DESTROY_VOLUMES", "GROW_VOLUME", "SHRINK_VOLUME",
        "TEARDOWN",
        "MARK_AGENT_GONE", "DRAIN_AGENT", "DEACTIVATE_AGENT", "REACTIVATE_AGENT",
        "UPDATE_MAINTENANCE_SCHEDULE",
        "START_MAINTENANCE", "STOP_MAINTENANCE", "UPDATE_QUOTA", "SET_QUOTA", "REMOVE_QUOTA"}),
    "agent": frozenset({
        "GET_METRICS", "SET_LOGGING_LEVEL", "LIST_FILES", "READ_FILE", "LAUNCH_CONTAINER",
        "WAIT_CONTAINER",
        "KILL_CONTAINER", "REMOVE_CONTAINER", "ATTACH_CONTAINER_INPUT", "ATTACH_CONTAINER_OUTPUT",
        "LAUNCH_NESTED_CONTAINER", "WAIT_NESTED_CONTAINER", "KILL_NESTED_CONTAINER",
        "REMOVE_NESTED_CONTAINER",
        "LAUNCH_NESTED_CONTAINER_SESSION", "ADD_RESOURCE_PROVIDER_CONFIG",
        "UPDATE_RESOURCE_PROVIDER_CONFIG",
        "REMOVE_RESOURCE_PROVIDER_CONFIG", "MARK_RESOURCE_PROVIDER_GONE"}),
}
RECORDIO: Final = "application/recordio"
_NOT_ACCEPTABLE: Final = {
    "master": "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'",
    "agent": "Expecting 'Accept' to allow application/json or application/x-protobuf or application/recordio",
}


class OperatorApi:
    """Answers operator calls of one kind ("master" or "agent")."""

    def __init__(self, kind: str, answers: Mapping[str, Answer], files: Files,
                 flags: Callable[[], Mapping[str, str]], metrics: Callable[[], Mapping[str, float]],
                 subscribe: Subscribe | None = None) -> None:
        self._kind = kind
        self._files = files
        self._flags = flags
        self._metrics = metrics
        self._subscribe = subscribe
        self._answers: dict[str, Answer] = {
            "GET_HEALTH": lambda _: {"get_health": {"healthy": True}},
            "GET_VERSION": lambda _: {"get_version": {"version_info": version_info()}},
            "GET_FLAGS": lambda _: {"get_flags": {"flags": [
                {"name": name, "value": value} for name, value in self._flags().items()]}},
            "GET_LOGGING_LEVEL": lambda _: {"get_logging_level": {"level": 0}},
            "GET_METRICS": lambda _: {"get_metrics": {"metrics": [
                {"name": name, "value": value} for name, value in self._metrics().items()]}},
            "SET_LOGGING_LEVEL": lambda _: Response(200),
            "LIST_FILES": self._list_files,
            "READ_FILE": self._read_file,
            **answers,
        }

    async def handle(self, request: Request) -> Response | Streaming:
        if request.method != "POST":
            return method_not_allowed(request, "POST")
        try:
            call, problem = await in_turn(request.body, lambda: self._understood(request))
        except CallError as error:
            return text(error.status, _agents_words(error) if self._kind == "agent" else str(error))
        if problem is not None:
            return text(400, f"Failed to validate {self._kind}::Call: {problem}")
        kind = call["type"]
        answer_type = accepted_type(request.headers.get("Accept"))
        if answer_type is None:
            if self._kind == "agent" and _takes_records(request.headers.get("Accept")):
                return text(406, f"Streaming response is not supported for {kind} call")
            return text(406, _NOT_ACCEPTABLE[self._kind])
        if kind == "SUBSCRIBE" and self._subscribe is not None:
            return self._subscribe(answer_type)
        answer = self._answers.get(str(kind))
        if answer is None:
            return not_implemented()
        result = answer(call)
        if isinstance(result, Awaitable):
            result = await result
        if isinstance(result, Response):
            return result
        answer_bytes = render_answer(self._kind, {"type": kind, **result}, answer_type)
        return Response(200, answer_bytes, answer_type)

    def _understood(self, request: Request) -> tuple[Json, str | None]:
        """The call, and what is wrong with it; raises CallError."""
        call = self._read(request)
        kind = call.get("type")
        if kind is None:
            return call, "Expecting 'type' to be present"
        if kind in _CONTENT[self._kind] and not _has_content(request, call, kind):
            return call, f"Expecting '{kind.lower()}' to be present"
        return call, None

    def _read(self, request: Request) -> Json:
        """The call. An agent also takes it as the first record of a stream; raises CallError."""
        name = f"mesos.v1.{self._kind}.Call"
        content_type = request.headers.get("Content-Type")
        if self._kind != "agent" or content_type != RECORDIO:
            return read_call(name, request.body, content_type)
        message_type = request.headers.get("Message-Content-Type")
        if message_type is None:
            raise CallError(400,
                            "Expecting 'Message-Content-Type' to be set for streaming requests")
        try:
            records = RecordDecoder().feed(request.body)
        except RecordError:
            records = []
        if not records:
            raise CallError(400, "Received EOF while reading request body")
        return read_call(name, records[0], message_type)

    async def _list_files(self, call: Json) -> Json | Response:
        try:
            infos = await self._files.list(call["list_files"]["path"])
        except FilesError as error:
            return error.response()
        return {"list_files": {"file_infos": [
            {"path": info["path"], "nlink": info["nlink"], "size": info["size"],
             "uid": info["uid"], "gid": info["gid"],
             "mode": info["mode"], "mtime": {"nanoseconds": int(info["mtime"] * 1e9)}}
            for info in infos]}}

    async def _read_file(self, call: Json) -> Json | Response:
        content = call["read_file"]
        try:
            size, data = await self._files.read(content["path"], content["offset"],
                                                content.get("length"))
        except FilesError as error:
            return error.response()
        return {"read_file": {"size": size, "data": b64encode(data).decode("ascii")}}


def _takes_records(accept: str | None) -> bool:
    return RECORDIO in [item.partition(";")[0].strip() for item in (accept or "").split(",")]


def _agents_words(error: CallError) -> str:
    """An agent reads calls with other code than the master, and says some things differently."""
    if error.status == 415:
        return f"{error} or application/recordio"
    words = str(error).removeprefix("Failed to convert JSON into Call protobuf: ")
    return words.replace("into Call protobuf", "into a protobuf object")


def _has_content(request: Request, call: Json, kind: str) -> bool:
    """Whether the call has the message that goes with its kind. Those of kinds that are not
    supported here are not in our schema, and have to be looked for in the body."""
    name = kind.lower()
    if name in call or request.headers.get("Content-Type") != JSON:
        return name in call
    try:
        value = parse_json(request.body.decode("utf-8", "replace"))
    except JsonSyntaxError:
        return False
    return isinstance(value, Mapping) and value.get(name) is not None


def version_info() -> Json:
    """As VersionInfo. The commit is that of the Mesos which is imitated; the build is not Mesos's,
    as its user says.
    """
    return {"version": VERSION, "git_sha": GIT_SHA, "build_date": "", "build_time": 0.0,
            "build_user": "mesos-docker"}
