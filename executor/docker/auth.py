"""Which credentials a pull is made with, and where they come from.

The order is Mesos's (docker.cpp, `pull`): `.docker/config.json` or `.dockercfg` in the task's
sandbox; if neither is there, the node's configuration. Beyond Mesos, which leaves it to the docker
command: a configuration may name a credential helper, for one registry (`credHelpers`) or for all
(`credsStore`), which is then asked for the registry.

Nothing here prints a secret: `Credentials.source` is what a message may say.
"""
from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from executor.engine.failures import BadNodeLogin, BadOption, NotAuthorised
from executor.node.output import sandbox_files
from specs.errors import SpecError
from specs.images.auth import LOGIN_FILES, Auth, find_auth, parse_auth_config
from specs.images.reference import HUB, parse_reference

HUB_SERVER: Final = "https://index.docker.io/v1/"  # what helpers know the hub by
HELPER_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the engine sends to the registry; `header` is the value of X-Registry-Auth, None for
    nobody's.
    """

    header: str | None = field(repr=False)
    source: str  # "user joe from .docker/config.json in the sandbox"
    nodes: bool = False  # from the node's configuration: that they do not do is an operator's to put right


ANONYMOUS: Final = Credentials(None, "no credentials")


def find(image: str, sandbox: str | None, node_config: str | None) -> Credentials:
    """The credentials for an image; `node_config` is the path of a Docker configuration or its
    JSON.

    Raises NotAuthorised, or BadNodeLogin, if a configuration that is there cannot be used: a pull
    without it would only hide that.
    """
    try:
        registry = parse_reference(image).registry or None
    except SpecError as error:
        raise BadOption(f"{image}: {error.problem}") from error
    for name in LOGIN_FILES if sandbox is not None else ():
        text = _logins(sandbox or "", name)
        if text is not None:
            return _configured(text, f"{name} in the sandbox", registry)
    if not node_config:
        return ANONYMOUS
    try:
        found = _nodes(node_config, registry)
    except NotAuthorised as failure:
        raise BadNodeLogin(str(failure)) from failure
    return replace(found, nodes=found is not ANONYMOUS)


def _logins(sandbox: str, name: str) -> str | None:
    try:
        return sandbox_files.read_text(sandbox, name)
    except (OSError, UnicodeDecodeError) as error:
        raise NotAuthorised(f"cannot read {name} in the sandbox: {error}") from error


def _nodes(node_config: str, registry: str | None) -> Credentials:
    if node_config.lstrip().startswith("{"):
        return _configured(node_config, "the node's configuration", registry)
    path = Path(node_config.removeprefix("file://"))
    return _configured(_read(path), f"the node's configuration {path}", registry)


def _configured(text: str, where: str, registry: str | None) -> Credentials:
    """What a configuration says of a registry; `where` names it."""
    try:
        entry = find_auth(parse_auth_config(text), registry)
    except SpecError as error:
        raise NotAuthorised(f"{where}: {error.problem}") from error
    if entry is None:
        return ANONYMOUS
    if isinstance(entry, str):
        return _asked(entry, registry or HUB, where)
    return _credentials(entry, registry or HUB, where)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise NotAuthorised(f"cannot read the Docker configuration {path}: {error}") from error


def _credentials(entry: Auth, registry: str, where: str) -> Credentials:
    if entry.identity_token:
        return _header({"identitytoken": entry.identity_token, "serveraddress": registry},
                       f"a token from {where}")
    if not entry.auth:
        return ANONYMOUS
    try:
        user, colon, password = base64.b64decode(entry.auth, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise NotAuthorised(f"{where}: the entry for {registry} cannot be decoded") from error
    if not colon:
        raise NotAuthorised(f"{where}: the entry for {registry} is not of the form user:password")
    return _login(user, password.rstrip("\0"), registry, where)


def _login(user: str, password: str, registry: str, where: str) -> Credentials:
    return _header({"username": user, "password": password, "serveraddress": registry},
                   f"user {user} from {where}")


def _header(login: Mapping[str, str], source: str) -> Credentials:
    return Credentials(base64.urlsafe_b64encode(json.dumps(login).encode()).decode(), source)


def _asked(helper: str, registry: str, where: str) -> Credentials:
    """As the docker command asks: `docker-credential-NAME get`, the registry on its stdin, JSON on
    its stdout.
    """
    import shutil
    import subprocess

    name = f"docker-credential-{helper}"
    program = shutil.which(name) if re.fullmatch(r"[\w.-]+", helper) else None
    if program is None:
        raise NotAuthorised(f"{where} names a credential helper that is not here: {name}")
    try:
        done = subprocess.run([program, "get"], input=HUB_SERVER if registry == HUB else registry,
                              capture_output=True, text=True, timeout=HELPER_SECONDS, check=False)
        if done.returncode != 0:
            if "credentials not found" in done.stdout + done.stderr:
                return ANONYMOUS
            raise NotAuthorised(f"{name} exited with status {done.returncode}")
        answer = json.loads(done.stdout)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError, TypeError) as error:
        raise NotAuthorised(
            f"{name} did not answer as it should ({type(error).__name__})") from None
    if user == "<token>":
        return _header({"identitytoken": secret, "serveraddress": registry}, f"a token from {name}")
    return _login(user, secret, registry, name)
