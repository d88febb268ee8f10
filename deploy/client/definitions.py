"""Definitions out of files: JSON with `//` comments; and a first one to begin with."""
from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from deploy.cli.problems import REFUSED, Problem
from specs.marathon.errors import MarathonError
from specs.marathon.forms.text import parse

TEMPLATE = """\
// An app of mesos-docker: `mesos-docker deploy app.json` makes it so. It is an app definition of Marathon's.
{
  "id": "/hello",
  // A container's first program ends on SIGTERM only if it says so: the trap does.
  "cmd": "trap 'exit 0' TERM; echo '<h1>hello</h1>' > index.html; httpd -f -p 80 & wait $!",
  "instances": 2,
  "cpus": 0.1,
  "mem": 32,                        // MiB: more than that, and it is ended as out of memory
  "container": {
    "type": "DOCKER",
    "docker": {"image": "busybox:static"},
    "portMappings": [{"containerPort": 80, "hostPort": 0, "name": "http"}]  // 0: any port of the agent
  },
  "networks": [{"mode": "container/bridge"}],
  "healthChecks": [{"protocol": "HTTP", "path": "/", "portIndex": 0, "gracePeriodSeconds": 30,
                    "intervalSeconds": 5, "timeoutSeconds": 5, "maxConsecutiveFailures": 3}],
  // While it is changed, all instances that serve go on to serve, and at most one more is there:
  "upgradeStrategy": {"minimumHealthCapacity": 1, "maximumOverCapacity": 0.5},
  "labels": {
    "MESOS_DOCKER_PROGRESS_DEADLINE": "5mins",  // a change that gets nowhere for so long has failed,
    "MESOS_DOCKER_AUTO_ROLLBACK": "true"        // and what was before comes back
  }
}
"""
_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*')


def read(file: str) -> Any:
    """What a file, or stdin for -, says. Raises Problem."""
    where = "stdin" if file == "-" else file
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"{where}: {getattr(error, 'strerror', None) or error}", REFUSED) from error
    try:
        parsed = parse(without_comments(text))
    except MarathonError as error:
        raise Problem(f"{where}: {error}", REFUSED) from error
    for path in parsed.repeated:
        sys.stderr.write(f"{where}: {path} stands there more than once; the last one counts\n")
    return parsed.value


def without_comments(text: str) -> str:
    """JSON with what follows `//` taken out, but for what stands in a string; lines stay where they
    are.
    """
    return _STRING_OR_COMMENT.sub(lambda found: found[0] if found[0].startswith('"') else "", text)


def is_group(value: Any) -> bool:
    """Whether it is a group: an object with apps or groups."""
    return isinstance(value, dict) and ("apps" in value or "groups" in value)


def app_ids(value: Any, base: str = "/") -> list[str]:
    """The absolute ids of all apps in a definition; relative ones are seen from `base`."""
    if isinstance(value, list):
        return [each for entry in value for each in app_ids(entry, base)]
    if not isinstance(value, dict):
        return []
    own = str(value.get("id", ""))
    path = "/" + (own if own.startswith("/") else f"{base}/{own}").strip("/").replace("//", "/")
    if "apps" in value or "groups" in value:
        return [*app_ids(value.get("apps", []), path), *app_ids(value.get("groups", []), path)]
    return [path]
