"""Vectors of values and messages: from a record's input to what our functions answer."""
from __future__ import annotations

import dataclasses
import re
from typing import Any

from specs.errors import SpecError
from specs.forms import Message
from specs.forms.codec import read
from specs.images.auth import Auth, auth_config, auth_host, parse_auth_config
from specs.images.manifest import parse_v1, parse_v2_schema1, parse_v2_schema2
from specs.images.reference import ImageReference, parse_reference, registry_host, registry_port, registry_scheme
from specs.messages.check import CheckInfo, HealthCheck
from specs.messages.task import ExecutorInfo, TaskInfo
from specs.rules.checks import validate_check, validate_health_check
from specs.rules.containername import container_id
from specs.rules.executor_call import call_problem, check_status_problem
from specs.rules.groups import prepared_group, validate_task_group
from specs.rules.tasks import Facts, prepared, validate_task
from specs.words.durations import parse_duration, print_duration
from specs.words.version import Version, docker_socket, docker_version, parse_version, require_docker, require_networks
from tests.vectors.answers import Adapter, answer


def duration(case: Message) -> Message:
    if case["op"] == "parse":
        return answer(lambda: parse_duration(case["text"]))
    return answer(lambda: print_duration(case["nanoseconds"]))


def image_reference(case: Message) -> Message:
    if case["op"] == "print":
        return answer(lambda: str(ImageReference(**case["reference"])))
    return answer(lambda: dataclasses.asdict(parse_reference(case["reference"])))


def registry(case: Message) -> Message:
    name = case["registry"]
    return {"port": answer(lambda: registry_port(name)), "scheme": answer(lambda: registry_scheme(name)),
            "host": answer(lambda: registry_host(name))}


def auth(case: Message) -> Message:
    def entry(found: Auth) -> dict[str, str]:
        fields = {"auth": found.auth, "email": found.email}  # all that Mesos's message has
        return {name: value for name, value in fields.items() if value is not None}

    def entries() -> dict[str, dict[str, str]]:
        config = parse_auth_config(case["text"]) if "text" in case else auth_config(case["json"])
        return {key: entry(found) for key, found in config.auths.items()}
    return answer(entries)


def version(case: Message) -> Message:
    match case["op"]:
        case "parse":
            return answer(lambda: _version(docker_version(case["output"])))
        case "create":
            return answer(lambda: docker_socket(case["socket"]))
        case "run":
            return answer(lambda: require_networks(docker_version(case["output"]), case["network"], case.get("dns", ()),
                                                   case.get("dns_opt", ())))
    return _validate_version(case)


def _version(found: Version) -> dict[str, Any]:
    return {"major": found.major, "minor": found.minor, "patch": found.patch, "prerelease": list(found.prerelease),
            "build": list(found.build)}


def _validate_version(case: Message) -> Message:
    if case.get("hang"):
        return {"error": "Timed out getting docker version"}  # no program is asked here: nothing can hang

    def require() -> bool:
        try:
            found = docker_version(case["output"])
        except SpecError as error:
            raise SpecError("", f"Failed to get docker version: {error.problem}") from None
        require_docker(found, parse_version(case["minimum"]))
        return True
    return answer(require)


def manifest(parse: Any) -> Adapter:
    """Answers the fields of the manifest by their names in JSON; lists of messages also as lists of a field."""
    def adapter(case: Message) -> Message:
        return answer(lambda: _Paths(parse(case["json"] if "json" in case else case["text"])))
    return adapter


class _Paths(dict[str, Any]):
    """All dotted paths of a manifest: "fsLayers.blobSum" is a list, "signatures[0].header.alg" one value."""

    def __init__(self, found: Any) -> None:
        super().__init__()
        self._add(found, "")

    def _add(self, found: Any, path: str) -> None:
        for field in dataclasses.fields(found):
            value, name = getattr(found, field.name), f"{path}{_json_name(found, field.name)}"
            if field.name == "labels":
                self[name] = dict(value)
            elif dataclasses.is_dataclass(value):
                self._add(value, f"{name}.")
            elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
                self._add_all(value, name)
            else:
                self[name] = list(value) if isinstance(value, tuple) else value

    def _add_all(self, values: tuple[Any, ...], name: str) -> None:
        each = [_Paths(value) for value in values]
        for index, paths in enumerate(each):
            self.update({f"{name}[{index}].{key}": value for key, value in paths.items()})
        for key in each[0]:
            self[f"{name}.{key}"] = [paths.get(key) for paths in each]


def _json_name(found: Any, name: str) -> str:
    kind = type(found).__name__
    if kind == "ImageConfig":
        return "".join(word.capitalize() for word in name.split("_"))
    if kind == "V1Manifest":
        return "Size" if name == "size" else name
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)


def check(case: Message) -> Message:
    if "check_status" in case:
        return _verdict(check_status_problem(case["check_status"]))
    return _valid(lambda: validate_check(read(CheckInfo, case["check"], strict=False)))


def health_check(case: Message) -> Message:
    return _valid(lambda: validate_health_check(read(HealthCheck, case["health_check"], strict=False)))


def _valid(validate: Any) -> Message:
    result = answer(validate)
    return {"ok": True} if "ok" in result else result


def executor_call(case: Message) -> Message:
    return _verdict(call_problem(case["call"]))


def _verdict(problem: str | None) -> Message:
    return {"ok": True} if problem is None else {"error": problem}


def task(case: Message) -> Message:
    """The framework of the vectors is f1, the agent S0, and the role of all resources *."""
    facts = Facts(framework_id="f1", agent_id="S0", running=frozenset(case.get("running", ())),
                  unreachable=frozenset(case.get("unreachable", ())))
    launch = case["operation"] == "LAUNCH"
    result = _valid(lambda: _launch(case, facts) if launch else _launch_group(case, facts))
    if "ok" in result:
        return result
    reason = "REASON_TASK_INVALID" if launch else "REASON_TASK_GROUP_INVALID"
    return {"error": result["error"], "state": "TASK_ERROR", "reason": reason}


def _launch(case: Message, facts: Facts) -> None:
    validate_task(prepared(read(TaskInfo, case["task"], strict=False), framework_id="f1", role="*"), facts)


def _launch_group(case: Message, facts: Facts) -> None:
    tasks = [read(TaskInfo, each, strict=False) for each in case.get("tasks", [case.get("task")])]
    validate_task_group(*prepared_group(tasks, read(ExecutorInfo, case["executor"], strict=False), role="*"), facts)


ADAPTERS: dict[str, Adapter] = {
    "duration": duration,
    "image_reference": image_reference,
    "registry": registry,
    "auth_config": auth,
    "auth_url": lambda case: answer(lambda: auth_host(case["url"])),
    "docker_version": version,
    "manifest_v1": manifest(parse_v1),
    "manifest_v2": manifest(parse_v2_schema1),
    "manifest_v2_2": manifest(parse_v2_schema2),
    "container_name": lambda case: {"container_id": container_id(case["name"])},
    "check_validation": check,
    "health_check_validation": health_check,
    "executor_call_validation": executor_call,
    "task_validation": task,
}
