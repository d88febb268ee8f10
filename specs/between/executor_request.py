"""What the service asks of our executor by a framework message, in JSON: `{"exec": {…}}`,
`{"upgrade": {"run": "0f3a…"}}` or `{"report": {"interval": 15}}`.

Mesos passes such messages on unread and promises nothing: one may be lost, or come twice. An
executor that does not know a kind of request passes it over.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from specs.messages.fields import UInt32

LONGEST_INTERVAL: Final = 24 * 3600  # seconds between two reports


@dataclass(frozen=True, slots=True)
class TerminalSize:
    """In characters."""

    columns: UInt32
    rows: UInt32


@dataclass(frozen=True, slots=True)
class ExecCommand:
    """What somebody asks of the service: a command to be run in an instance's container."""

    command: tuple[str, ...] = ()
    tty: bool | None = None
    columns: UInt32 | None = None
    rows: UInt32 | None = None


@dataclass(frozen=True, slots=True)
class ExecRequest:
    """Run a command in a task's container, its streams over a connection to `url`.

    The executor asks there for a WebSocket, with `token` as its bearer, which is good once; the
    command begins when that is answered. Binary frames begin with a byte for the stream (0 stdin,
    1 stdout, 2 stderr); text frames are JSON (`specs/between/exec_frames.py`).
    """

    id: str
    task_id: str
    url: str  # http:// or https://
    token: str
    command: tuple[str, ...]
    tty: bool | None = None
    size: TerminalSize | None = None
    certificate: str | None = None  # SHA-256 of the service's own, in hex; None: one that authorities vouch for


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """Let what is installed by now go on with the tasks, if it starts; else say why not
    (`specs/between/upgrade_refused.py`). Only the process of this `run` is asked, as its reports
    name it: the message may come twice, and late.
    """

    run: str


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Report now, and then again every `interval` seconds at the least, 1 to LONGEST_INTERVAL,
    until another interval is asked for (`specs/between/reports.py`).

    For executors that nobody could tell it at their start: a drop-in is every framework's, and says
    nothing of the kind to those that do not ask.
    """

    interval: UInt32


@dataclass(frozen=True, slots=True)
class ExecutorRequest:
    """One request; of its fields one is there."""

    exec: ExecRequest | None = None
    upgrade: UpgradeRequest | None = None
    report: ReportRequest | None = None
