"""What a task's status says about its instance.

An exit code is read out of the executor's message, in Mesos's words; our executor's and Mesos's own
write the same. As Mesos: docker/executor.cpp, `reaped`, and 3rdparty/stout, `WSTRINGIFY`.
"""
from __future__ import annotations

import functools
import ipaddress
import re
import signal
from collections.abc import Collection

from scheduler.apps.transitions import News
from scheduler.tasks.states import condition
from specs.messages.containerinfo import NetworkInfo
from specs.messages.status import TaskStatus

_EXITED = re.compile(r"(?:Container|Command) exited with status (\d+)")
_SIGNALLED = re.compile(r"(?:Container|Command) terminated with signal ([^(;:.]+)")


def news(status: TaskStatus, ready_codes: Collection[int] = ()) -> News:
    """Of one update, whoever sent it. `ready_codes`: the answers to the task's check that mean that
    it is ready.
    """
    found = condition(status.state, status.reason, status.message)
    addresses = tuple(_address(text) for info in status.network_infos for text in _addresses(info))
    return News(found, healthy=status.healthy, ready=_ready(status, ready_codes),
                ip_addresses=addresses or None, reason=status.reason, message=status.message,
                exit_code=exit_code(status.message or "") if found.is_terminal else None)


def _ready(status: TaskStatus, codes: Collection[int]) -> bool | None:
    """True once the check has answered so; an instance that was ready stays it, as in Marathon."""
    http = None if status.check_status is None else status.check_status.http
    return True if http is not None and http.status_code in codes else None


def exit_code(message: str) -> int | None:
    """128 and the signal's number where one ended it; None if the message does not tell."""
    if match := _EXITED.match(message):
        return int(match[1]) & 255
    if match := _SIGNALLED.match(message):
        names = {text: number for number in signal.valid_signals()
                 if (text := signal.strsignal(number))}
        number = names.get(match[1].strip())
        return None if number is None else 128 + number
    return None


def _addresses(info: NetworkInfo) -> list[str]:
    return [each.ip_address for each in info.ip_addresses if each.ip_address]


@functools.lru_cache(maxsize=10_000)
def _address(text: str) -> tuple[str, str]:
    """With its protocol. Agents give the same few addresses to their containers, so instances share them."""
    try:
        return text, f"IPv{ipaddress.ip_address(text).version}"
    except ValueError:
        return text, "IPv4"
