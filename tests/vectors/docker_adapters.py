"""Vectors of what Docker is told and what it answers: from a record's input to what our functions answer."""
from __future__ import annotations

import dataclasses
from typing import Any

from executor.engine.mesos_inspect import mesos_container, mesos_image
from specs.container.command_line import argv
from specs.container.from_task import run_options
from specs.container.payload import create_payload
from specs.container.place import Place
from specs.container.run_options import Device, RunOptions
from specs.errors import SpecError
from specs.forms import Message
from specs.forms.codec import read
from specs.messages.check import HealthCheck
from specs.messages.containerinfo import ContainerInfo
from specs.messages.task import CommandInfo, Resource
from specs.network.dns import container_dns
from tests.vectors.answers import Adapter, answer
from tests.vectors.check_commands import check_command


def options_as_mesos(case: Message) -> Message:
    """Only what Mesos's executor would do."""
    return _options_answer(case, only_mesos=True)


def options(case: Message) -> Message:
    """All that we can do."""
    return _options_answer(case, only_mesos=False)


def _options_answer(case: Message, *, only_mesos: bool) -> Message:
    result = answer(lambda: _options(case, only_mesos=only_mesos))
    if "error" in result:
        return result
    try:
        create_payload(dataclasses.replace(result["ok"], parameters=()))
        return {"ok": _shown(result["ok"])}
    except SpecError as error:
        return {"run_error": error.problem}


def _options(case: Message, *, only_mesos: bool) -> RunOptions:
    resources, dns, devices = case["resources"], case["default_container_dns"], case["devices"]
    place = Place(
        case["name"], case["sandbox_directory"], case["mapped_directory"], total_memory=case["total_memory_bytes"],
        enable_cfs=case["enable_cfs"], task_environment=case["task_environment"] or {},
        devices=tuple(_device(each) for each in devices or ()),
        default_dns=None if dns is None else container_dns(dns), only_mesos=only_mesos)
    return run_options(
        read(ContainerInfo, case["container_info"], strict=False),
        read(CommandInfo, case["command_info"], strict=False),
        None if resources is None else [read(Resource, each, strict=False) for each in resources],
        {name: float(_scalar(value)) for name, value in (case["limits"] or {}).items()}, place)


def _scalar(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) else value


def _device(device: Message) -> Device:
    access = device.get("access", {})
    return Device(device["host_path"], device["container_path"], access.get("read", False), access.get("write", False),
                  access.get("mknod", False))


def _device_shown(device: Device) -> Message:
    return {"host_path": device.host_path, "container_path": device.container_path,
            "access": {"read": device.read, "write": device.write, "mknod": device.mknod}}


_MESOS_FIELDS = ("privileged", "cpu_shares", "cpu_quota", "memory_reservation", "memory", "oom_score_adj", "volumes",
                 "volume_driver", "network", "hostname", "dns", "dns_search", "dns_opt", "entrypoint", "name", "image",
                 "arguments")


def _shown(found: RunOptions) -> dict[str, Any]:
    return {
        **{name: getattr(found, name) for name in _MESOS_FIELDS}, "env": dict(found.env),
        "port_mappings": [dataclasses.asdict(mapping) for mapping in found.port_mappings],
        "devices": [_device_shown(device) for device in found.devices],
        "additional_options": [f"--{parameter.key}={parameter.value}" for parameter in found.parameters],
        "argv": argv(found),
    }


def differences(case: Message) -> set[str]:
    """In which fields of RunOptions we do more than Mesos; or Mesos's error, where we have none."""
    try:
        ours = _options(case, only_mesos=False)
    except SpecError as error:
        return {error.problem}
    try:
        theirs = _options(case, only_mesos=True)
    except SpecError as error:
        return {error.problem}
    return {field.name for field in dataclasses.fields(RunOptions)
            if getattr(ours, field.name) != getattr(theirs, field.name)}


def check_commands(case: Message) -> Message:
    try:
        found = check_command(read(HealthCheck, case["health_check"], strict=False), docker=case["docker_path"],
                              socket=case["docker_socket"], container=case["container"],
                              launcher_dir=case["launcher_dir"])
    except SpecError as error:
        return {"error": error.problem}
    return {"argv": list(found.argv), "namespaces": list(found.namespaces),
            "client_environment": dict(found.client_environment), "container_environment": {}}


def container_inspect(case: Message) -> Message:
    def shown() -> dict[str, Any]:
        found = mesos_container(case["text"] if "text" in case else case["array"])
        return {**dataclasses.asdict(found), "devices": [_device_shown(device) for device in found.devices]}
    return answer(shown)


def image_inspect(case: Message) -> Message:
    def shown() -> dict[str, Any]:
        found = mesos_image(case["text"] if "text" in case else case["array"] if "array" in case else case["json"])
        return {"entrypoint": found.entrypoint,
                "environment": None if found.environment is None else dict(found.environment)}
    return answer(shown)


ADAPTERS: dict[str, Adapter] = {
    "run_options": options_as_mesos,
    "check_commands": check_commands,
    "container_inspect": container_inspect,
    "image_inspect": image_inspect,
}
