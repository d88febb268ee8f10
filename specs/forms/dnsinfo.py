"""Reading a ContainerDNSInfo; apart from the task's, because an executor needs it at its start,
before any task.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specs.forms import codec
from specs.messages.dns import ContainerDNSInfo


def container_dns(value: Mapping[str, Any]) -> ContainerDNSInfo:
    """From the JSON form. Raises SpecError with the path."""
    return codec.read(ContainerDNSInfo, value, strict=False)
