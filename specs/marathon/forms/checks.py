"""The JSON of health checks, readiness checks and Mesos's check.

As Marathon:
docs/docs/rest-api/public/api/v2/types/{healthCheck,readinessCheck,check,mesosCommand}.raml.
"""
from __future__ import annotations

from specs.marathon.checks import AppHealthCheck, CommandProbe, HttpProbe, Protocol, ReadinessCheck, TaskCheck, TcpProbe
from specs.marathon.forms.containers import PORT_NAME
from specs.marathon.forms.kinds import (
    BOOLEAN,
    NATURAL,
    NOT_EMPTY,
    PORT,
    TEXT,
    FormField,
    choice,
    integer,
    list_of,
    record,
    text,
    wrapped,
)

_PATH = text(1, 1024)
_SCHEME = choice(("HTTP", "HTTPS"))


HEALTH_CHECK = record(
    AppHealthCheck, FormField("command", wrapped("value", TEXT, "error.path.missing")),
    FormField("grace_period_seconds", NATURAL), FormField("ignore_http_1xx", BOOLEAN, key="ignoreHttp1xx"),
    FormField("interval_seconds", NATURAL), FormField("max_consecutive_failures", NATURAL),
    FormField("path", TEXT),
    FormField("port", PORT), FormField("port_index", PORT), FormField("protocol", choice(Protocol)),
    FormField("ip_protocol", choice(("IPv4", "IPv6"))), FormField("timeout_seconds", NATURAL),
    FormField("delay_seconds", NATURAL))

READINESS_CHECK = record(
    ReadinessCheck, FormField("name", NOT_EMPTY), FormField("protocol", _SCHEME), FormField("path", _PATH),
    FormField("port_name", PORT_NAME), FormField("interval_seconds", NATURAL),
    FormField("timeout_seconds", integer(1)),
    FormField("http_status_codes_for_ready", list_of(integer(100, 999), shortest=1, unique=True)),
    FormField("preserve_last_response", BOOLEAN))

_PROBED = (FormField("port_index", PORT), FormField("port", PORT))
_COMMAND = record(CommandProbe, FormField("shell", NOT_EMPTY), FormField("argv", list_of(TEXT, shortest=1)))
TASK_CHECK = record(
    TaskCheck, FormField("http", record(HttpProbe, *_PROBED, FormField("path", _PATH),
                                    FormField("scheme", _SCHEME))),
    FormField("tcp", record(TcpProbe, *_PROBED)),
    FormField("exec", wrapped("command", _COMMAND, "error.path.missing")),
    FormField("interval_seconds", NATURAL), FormField("timeout_seconds", NATURAL),
    FormField("delay_seconds", NATURAL))
