"""What a framework message asks of us. Pure; a message that is none of ours is nothing.

A framework of somebody else's may send whatever it likes: as in Mesos, that means nothing here.
"""
from __future__ import annotations

import json
from typing import Final

from specs.between.executor_request import ExecRequest, ExecutorRequest
from specs.errors import SpecError
from specs.forms.codec import read

LONGEST: Final = 256 * 1024  # bytes of a message that is read


def wanted_exec(data: bytes) -> ExecRequest | None:
    """The command that is to be run; None if that is not what is asked."""
    if len(data) > LONGEST:
        return None
    try:
        request = read(ExecutorRequest, json.loads(data), strict=False).exec
    except (SpecError, ValueError, RecursionError):
        return None
    return request if request is not None and request.command else None
