"""What a framework message asks of us. Pure; a message that is none of ours is nothing.

A framework of somebody else's may send whatever it likes: as in Mesos, that means nothing here.
"""
from __future__ import annotations

import json
from typing import Final

from specs.between.executor_request import (
    LONGEST_INTERVAL,
    ExecRequest,
    ExecutorRequest,
    ReportRequest,
    UpgradeRequest,
)
from specs.errors import SpecError
from specs.forms.codec import read

LONGEST: Final = 256 * 1024  # bytes of a message that is read


def requested(data: bytes) -> ExecRequest | UpgradeRequest | ReportRequest | None:
    """What is asked; None if it is nothing that we know."""
    if len(data) > LONGEST:
        return None
    try:
        found = read(ExecutorRequest, json.loads(data), strict=False)
    except (SpecError, ValueError, RecursionError):
        return None
    if found.exec is not None:
        return found.exec if found.exec.command else None
    if found.report is not None:
        return found.report if 1 <= found.report.interval <= LONGEST_INTERVAL else None
    return found.upgrade
