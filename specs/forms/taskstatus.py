"""Reading a TaskStatus in Mesos's JSON form.

Updates come by the ten thousand, so what masters send every day is read by hand here. Whatever is
not of that kind, a rare field or a value that is not as masters write it, goes the long way of all
messages (specs/forms/codec.py), which finds the words for what is wrong, too. Both ways give the
same.
"""
from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any, Final

from specs.errors import SpecError
from specs.forms import codec
from specs.messages.containerinfo import IPAddress, NetworkInfo
from specs.messages.status import TaskState, TaskStatus
from specs.messages.status_message import ContainerStatus, StatusMessage

_EVERY_DAY: Final = frozenset({
    "task_id", "state", "source", "reason", "message", "healthy", "timestamp", "uuid", "data",
    "agent_id", "executor_id", "container_status"})
_STATES: Final[Mapping[Any, TaskState]] = {state.value: state for state in TaskState}


def status_from_mapping(mapping: Mapping[str, Any]) -> TaskStatus:
    """The status in a mapping of Mesos's JSON form, as an UPDATE event holds it; lenient. Raises
    SpecError.
    """
    if type(mapping) is dict and mapping.keys() <= _EVERY_DAY:
        try:
            return _by_hand(mapping)
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # something is not as masters write it
    return _the_long_way(mapping)


def _the_long_way(mapping: Mapping[str, Any]) -> TaskStatus:
    said = codec.read(StatusMessage, mapping, strict=False)
    try:
        state = TaskState(said.state)
    except ValueError as error:
        raise SpecError("state", f"is no state of a task: {said.state}") from error
    container = said.container_status or ContainerStatus()
    return TaskStatus(
        task_id=said.task_id, state=state, message=said.message, reason=said.reason,
        healthy=said.healthy,
        data=said.data, network_infos=container.network_infos, check_status=said.check_status,
        timestamp=said.timestamp, uuid=said.uuid, labels=said.labels, source=said.source,
        agent_id=said.agent_id,
        executor_id=said.executor_id, container_id=container.container_id.value
        if container.container_id else None,
        executor_pid=container.executor_pid, unreachable_time=said.unreachable_time,
        limitation=said.limitation)


def _by_hand(said: dict[str, Any]) -> TaskStatus:
    """Raises ValueError, KeyError, TypeError or AttributeError for what is better read the long
    way.
    """
    get = said.get
    timestamp, healthy, container = get("timestamp"), get("healthy"), get("container_status")
    if type(timestamp) is not float or (healthy is not None and type(healthy) is not bool):
        raise ValueError
    network_infos, container_id, executor_pid = ((), None,
                                                 None) if container is None else _container(
                                                     container)
    return TaskStatus(
        _text(said["task_id"]["value"]), _STATES[said["state"]], _text_or_none(get("message")),
        _text_or_none(get("reason")), healthy, _bytes(get("data")), network_infos, None, timestamp,
        _bytes(get("uuid")),
        (), _text_or_none(get("source")), _id(get("agent_id")), _id(get("executor_id")),
        container_id, executor_pid)


def _container(said: dict[str, Any]) -> tuple[tuple[NetworkInfo, ...], str | None, int | None]:
    """The addresses, the container's id, the process's id."""
    pid = said.get("executor_pid")
    if not said.keys() <= {"container_id", "network_infos",
                           "executor_pid"} or (pid is not None and (
            type(pid) is not int or pid >> 32)):
        raise ValueError
    return tuple([_network(info) for info in _list(said.get("network_infos"))]), _id(
        said.get("container_id")), pid


def _network(said: dict[str, Any]) -> NetworkInfo:
    addresses = [IPAddress(_text_or_none(each.get("protocol")),
                           _text_or_none(each.get("ip_address")))
                 for each in _list(said.get("ip_addresses"))]
    if not said.keys() <= {"ip_addresses", "name"}:
        raise ValueError
    return NetworkInfo(tuple(addresses), _text_or_none(said.get("name")))


def _id(said: dict[str, Any] | None) -> str | None:
    return None if said is None else _text(said["value"])


def _text_or_none(said: Any) -> str | None:
    return None if said is None else _text(said)


def _text(said: Any) -> str:
    if type(said) is str and said.isascii():
        return said
    raise ValueError


def _list(said: Any) -> list[Any] | tuple[()]:
    if said is None:
        return ()
    if type(said) is list:
        return said
    raise ValueError


def _bytes(said: Any) -> bytes | None:
    if said is None:
        return None
    if type(said) is str:
        return a2b_base64(said, strict_mode=True)
    raise ValueError
