"""What makes a health check or a check valid. As Mesos: common/validation.cpp.

How often and with what result it runs is the executor's business (`executor/life/health.py`).
"""
from __future__ import annotations

import math

from specs.errors import SpecError
from specs.messages.check import PARTS, CheckInfo, HealthCheck
from specs.messages.command import CommandInfo
from specs.rules.parts import validate_command, within


def validate_health_check(check: HealthCheck) -> None:
    """Raises SpecError with Mesos's text."""
    if check.type is None or check.type not in {*PARTS, "UNKNOWN"}:
        raise SpecError("type", "HealthCheck must specify 'type'")
    _need_part(check.type, check, "health check")
    if check.type == "COMMAND" and check.command is not None:
        _validate_check_command(check.command, "Command health check",
                                "Health check's `CommandInfo` is invalid: ", "command")
    elif check.type == "HTTP" and check.http is not None:
        if check.http.scheme is not None and check.http.scheme not in {"http", "https"}:
            raise SpecError("http.scheme",
                            f"Unsupported HTTP health check scheme: '{check.http.scheme}'")
        _validate_path(check.http.path, "HTTP health check")
    _validate_times(check, "delay_seconds", "grace_period_seconds", "interval_seconds",
                    "timeout_seconds")


def validate_check(check: CheckInfo) -> None:
    """Raises SpecError with Mesos's text."""
    if check.type is None or check.type not in {*PARTS, "UNKNOWN"}:
        raise SpecError("type", "CheckInfo must specify 'type'")
    _need_part(check.type, check, "check")
    if check.type == "COMMAND" and check.command is not None:
        _validate_check_command(check.command.command, "Command check",
                                "Check's `CommandInfo` is invalid: ", "command.command")
    elif check.type == "HTTP" and check.http is not None:
        _validate_path(check.http.path, "HTTP check")
    _validate_times(check, "delay_seconds", "interval_seconds", "timeout_seconds")


def with_type(check: HealthCheck) -> str | None:
    """The type that the master gives to a health check of a LAUNCH that names none; None: it gives
    none.

    As Mesos: master/master.cpp, `Master::accept`.
    """
    if check.type is not None or (check.command is not None) == (check.http is not None):
        return check.type
    return "COMMAND" if check.command is not None else "HTTP"


def _need_part(kind: str, check: HealthCheck | CheckInfo, noun: str) -> None:
    part = PARTS.get(kind)
    if part is None:
        raise SpecError("type", f"'{kind}' is not a valid {noun} type")
    if getattr(check, part) is None:
        raise SpecError(part, f"Expecting '{part}' to be set for {kind} {noun}")


def _validate_check_command(command: CommandInfo, noun: str, prefix: str, path: str) -> None:
    if command.value is None:
        kind = "'executable path'" if command.shell is False else "'shell command'"
        raise SpecError(f"{path}.value", f"{noun} must contain {kind}")
    with within(path, prefix):
        validate_command(command)


def _validate_path(path: str | None, noun: str) -> None:
    if path is not None and not path.startswith("/"):
        raise SpecError("http.path", f"The path '{path}' of {noun} must start with '/'")


def _validate_times(check: HealthCheck | CheckInfo, *fields: str) -> None:
    for field in fields:
        value: float | None = getattr(check, field)
        if value is not None and (value < 0 or math.isnan(value)):
            raise SpecError(field, f"Expecting '{field}' to be non-negative")
