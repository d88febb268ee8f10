"""What an engine says of a command that it could not start, where it says so in the command's output."""
from __future__ import annotations

import pytest

from executor.docker.exec import not_started
from executor.engine.failures import CommandNotExecutable, CommandNotFound, RuntimeFailure

RUNC = "OCI runtime exec failed: exec failed: unable to start container process: exec: "
MISSING = RUNC + '"nope": executable file not found in $PATH'


@pytest.mark.parametrize(("status", "output", "kind"), [
    (126, MISSING + ": unknown\r\n", CommandNotFound),  # 20.10 to 24
    (127, MISSING + "\r\n", CommandNotFound),  # seen on 28.5
    (126, RUNC + '"/etc": permission denied\r\n', CommandNotExecutable),
    (127, "sh: nope: not found\n", None), (126, "sh: /etc: Permission denied\n", None),
    (1, MISSING, None), (0, MISSING, None), (None, MISSING, None),
])
def test_what_was_not_started(status: int | None, output: str, kind: type[RuntimeFailure] | None) -> None:
    found = not_started(status, output.encode())
    assert found is None if kind is None else type(found) is kind
