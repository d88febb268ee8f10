"""The v1 operator API, POST /api/v1 on master and agent: GET_STATE and its kin.

Both sides answer the same small calls (health, version, flags, files) in the same way; what is theirs they bring
along as a table of functions. A call that has to change something and is not supported is answered 501.

As Mesos: master/http.cpp (`api`), slave/http.cpp (`api`), common/http.cpp.
"""
from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from deploy.local.cluster import VERSION
from deploy.local.events import CallError, accepted_type, read_call, render
from deploy.local.files import Files, FilesError
from deploy.local.http_server import (
    JSON,
    Request,
    Response,
    accepted,
    dump_json,
    method_not_allowed,
    not_implemented,
    text,
)
from deploy.local.json_message import full

Json = dict[str, Any]
Answer = Callable[[Json], Json | Response]

_CONTENT: Final = frozenset({
    "GET_METRICS", "SET_LOGGING_LEVEL", "LIST_FILES", "READ_FILE", "UPDATE_WEIGHTS", "RESERVE_RESOURCES",
    "UNRESERVE_RESOURCES", "CREATE_VOLUMES", "DESTROY_VOLUMES", "GROW_VOLUME", "SHRINK_VOLUME", "TEARDOWN",
    "MARK_AGENT_GONE", "DEACTIVATE_AGENT", "REACTIVATE_AGENT",
})

# Lists that Mesos writes by hand into its JSON answers, and so does not leave out when they are empty.
_LISTS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "master": {
        "get_agents": ("agents", "recovered_agents"), "get_executors": ("executors",),
        "get_frameworks": ("frameworks", "completed_frameworks"),
        "get_tasks": ("tasks", "unreachable_tasks", "completed_tasks"),
    },
    "agent": {
        "get_executors": ("executors", "completed_executors"),
        "get_frameworks": ("frameworks", "completed_frameworks"),
        "get_tasks": ("pending_tasks", "queued_tasks", "launched_tasks", "terminated_tasks", "completed_tasks"),
    },
}
_NOT_ACCEPTABLE: Final = {
    "master": "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'",
    "agent": "Expecting 'Accept' to allow application/json or application/x-protobuf or application/recordio",
}


class OperatorApi:
    """Answers operator calls of one kind ("master" or "agent")."""

    def __init__(self, kind: str, answers: Mapping[str, Answer], files: Files,
                 flags: Callable[[], Mapping[str, str]]) -> None:
        self._kind = kind
        self._files = files
        self._flags = flags
        self._answers: dict[str, Answer] = {
            "GET_HEALTH": lambda _: {"get_health": {"healthy": True}},
            "GET_VERSION": lambda _: {"get_version": {"version_info": version_info()}},
            "GET_FLAGS": lambda _: {"get_flags": {"flags": [
                {"name": name, "value": value} for name, value in self._flags().items()]}},
            "GET_LOGGING_LEVEL": lambda _: {"get_logging_level": {"level": 0}},
            "GET_METRICS": lambda _: {"get_metrics": {"metrics": []}},
            "SET_LOGGING_LEVEL": lambda _: accepted(),
            "LIST_FILES": self._list_files,
            "READ_FILE": self._read_file,
            **answers,
        }

    def handle(self, request: Request) -> Response:
        if request.method != "POST":
            return method_not_allowed(request, "POST")
        try:
            call = read_call(f"mesos.v1.{self._kind}.Call", request.body, request.headers.get("Content-Type"))
        except CallError as error:
            return text(error.status, _agents_words(error) if self._kind == "agent" else str(error))
        kind = call.get("type")
        problem = "Expecting 'type' to be present" if kind is None else None
        if problem is None and kind in _CONTENT and str(kind).lower() not in call:
            problem = f"Expecting '{str(kind).lower()}' to be present"
        if problem is not None:
            return text(400, f"Failed to validate {self._kind}::Call: {problem}")
        answer_type = accepted_type(request.headers.get("Accept"))
        if answer_type is None:
            return text(406, _NOT_ACCEPTABLE[self._kind])
        answer = self._answers.get(str(kind))
        if answer is None:
            return not_implemented()
        result = answer(call)
        if isinstance(result, Response):
            return result
        return self._whole({"type": kind, **result}, answer_type)

    def _whole(self, message: Json, answer_type: str) -> Response:
        """Protobuf, or JSON with the lists that are always shown."""
        name = f"mesos.v1.{self._kind}.Response"
        if answer_type != JSON:
            return Response(200, render(name, message, answer_type), answer_type)
        shown = full(name, message)
        for part, content in {**shown, **shown.get("get_state", {})}.items():
            for field in _LISTS[self._kind].get(part, ()):
                content.setdefault(field, [])
        return Response(200, dump_json(shown), answer_type)

    def _list_files(self, call: Json) -> Json | Response:
        try:
            infos = self._files.list(call["list_files"]["path"])
        except FilesError as error:
            return error.response()
        return {"list_files": {"file_infos": [
            {"path": info["path"], "nlink": info["nlink"], "size": info["size"], "uid": info["uid"], "gid": info["gid"],
             "mtime": {"nanoseconds": int(info["mtime"] * 1e9)}} for info in infos]}}

    def _read_file(self, call: Json) -> Json | Response:
        content = call["read_file"]
        try:
            size, data = self._files.read(content["path"], content["offset"], content.get("length"))
        except FilesError as error:
            return error.response()
        return {"read_file": {"size": size, "data": b64encode(data).decode("ascii")}}


def _agents_words(error: CallError) -> str:
    """An agent reads calls with other code than the master, and says some things differently."""
    if error.status == 415:
        return f"{error} or application/recordio"
    words = str(error).removeprefix("Failed to convert JSON into Call protobuf: ")
    return words.replace("into Call protobuf", "into a protobuf object")


def version_info() -> Json:
    """As VersionInfo. The build is not Mesos's: its user says whose it is."""
    return {"version": VERSION, "build_date": "", "build_time": 0.0, "build_user": "mesos-docker"}
