"""Health checks and checks: defaults, and what makes one valid. As Mesos: mesos.proto, common/validation.cpp.

Times are seconds. How often and with what result a check runs is the executor's business (`executor/life/health.py`).
"""
from __future__ import annotations

import math
from typing import Final

from specs.errors import SpecError
from specs.messages.check import CheckInfo, CheckStatusInfo, HealthCheck
from specs.messages.command import CommandInfo
from specs.rules.parts import validate_command, within

DELAY: Final = 15.0  # from the start of the container to the first check
INTERVAL: Final = 10.0  # from the end of a check to the next
TIMEOUT: Final = 20.0  # of one check; 0 is no limit
CONSECUTIVE_FAILURES: Final = 3  # that kill
GRACE_PERIOD: Final = 10.0  # in which failures do not count until the first success

_PARTS: Final = {"COMMAND": "command", "HTTP": "http", "TCP": "tcp"}


def validate_health_check(check: HealthCheck) -> None:
    """Raises SpecError with Mesos's text."""
    if check.type is None or check.type not in {*_PARTS, "UNKNOWN"}:
        raise SpecError("type", "HealthCheck must specify 'type'")
    _need_part(check.type, check, "health check")
    if check.type == "COMMAND" and check.command is not None:
        _validate_check_command(check.command, "Command health check", "Health check's `CommandInfo` is invalid: ",
                                "command")
    elif check.type == "HTTP" and check.http is not None:
        if check.http.scheme is not None and check.http.scheme not in {"http", "https"}:
            raise SpecError("http.scheme", f"Unsupported HTTP health check scheme: '{check.http.scheme}'")
        _validate_path(check.http.path, "HTTP health check")
    _validate_times(check, "delay_seconds", "grace_period_seconds", "interval_seconds", "timeout_seconds")


def validate_check(check: CheckInfo) -> None:
    """Raises SpecError with Mesos's text."""
    if check.type is None or check.type not in {*_PARTS, "UNKNOWN"}:
        raise SpecError("type", "CheckInfo must specify 'type'")
    _need_part(check.type, check, "check")
    if check.type == "COMMAND" and check.command is not None:
        _validate_check_command(check.command.command, "Command check", "Check's `CommandInfo` is invalid: ",
                                "command.command")
    elif check.type == "HTTP" and check.http is not None:
        _validate_path(check.http.path, "HTTP check")
    _validate_times(check, "delay_seconds", "interval_seconds", "timeout_seconds")


def validate_check_status(status: CheckStatusInfo) -> None:
    """Raises SpecError with Mesos's text."""
    if status.type is None or status.type not in {*_PARTS, "UNKNOWN"}:
        raise SpecError("type", "CheckStatusInfo must specify 'type'")
    part = _PARTS.get(status.type)
    if part is None:
        raise SpecError("type", f"'{status.type}' is not a valid check's status type")
    if getattr(status, part) is None:
        raise SpecError(part, f"Expecting '{part}' to be set for {status.type} check's status")


def with_type(check: HealthCheck) -> str | None:
    """The type that the master gives to a health check of a LAUNCH that names none."""
    if check.type is not None:
        return check.type
    if check.command is not None:
        return "COMMAND"
    return "HTTP" if check.http is not None else None


def _need_part(kind: str, check: HealthCheck | CheckInfo, noun: str) -> None:
    part = _PARTS.get(kind)
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
