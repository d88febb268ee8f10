"""Which credentials a pull is made with, and where they come from.

The order is Mesos's (docker.cpp, `pull`): `.docker/config.json` or `.dockercfg` in the task's sandbox; if neither is
there, the node's configuration. Beyond Mesos, which leaves it to the docker command: a configuration may name a
credential helper, for one registry (`credHelpers`) or for all (`credsStore`), which is then asked for the registry.

Nothing here prints a secret: `Credentials.source` is what a message may say.
"""
from __future__ import annotations

import base64
import binascii
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from executor.runtime import NotAuthorised

HUB: Final = "docker.io"
_HUB_HOSTS: Final = frozenset({HUB, "index.docker.io", "registry-1.docker.io"})
HELPER_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the engine sends to the registry; `header` is the value of X-Registry-Auth, None for nobody's."""

    header: str | None = field(repr=False)
    source: str  # "user joe from .docker/config.json in the sandbox"


ANONYMOUS: Final = Credentials(None, "no credentials")


def registry_of(image: str) -> str:
    """The registry's host, with port, that an image's name means."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return HUB if first in _HUB_HOSTS else first
    return HUB


def find(image: str, sandbox: str | None, node_config: str | None) -> Credentials:
    """The credentials for an image; `node_config` is the path of a Docker configuration or its JSON.

    Raises NotAuthorised if a configuration that is there cannot be used: a pull without it would only hide that.
    """
    registry = registry_of(image)
    for text, where in _configurations(sandbox, node_config):
        config = _parsed(text, where)
        helper = _helper(config, registry)
        if helper is not None:
            return _asked(helper, registry, where)
        entry = _entry(config, registry)
        return ANONYMOUS if entry is None else _credentials(entry, registry, where)
    return ANONYMOUS


def _configurations(sandbox: str | None, node_config: str | None) -> list[tuple[str, str]]:
    if sandbox is not None:
        for name in (".docker/config.json", ".dockercfg"):
            path = Path(sandbox, name)
            if path.is_file():
                return [(_read(path), f"{name} in the sandbox")]
    if not node_config:
        return []
    if node_config.lstrip().startswith("{"):
        return [(node_config, "the node's configuration")]
    path = Path(node_config.removeprefix("file://"))
    return [(_read(path), f"the node's configuration {path}")]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise NotAuthorised(f"cannot read the Docker configuration {path}: {error}") from error


def _parsed(text: str, where: str) -> Mapping[str, Any]:
    try:
        config = json.loads(text)
    except ValueError as error:
        raise NotAuthorised(f"{where}: JSON parse failed: {error}") from error
    if not isinstance(config, dict):
        raise NotAuthorised(f"{where}: not a JSON object")
    return config


def _entry(config: Mapping[str, Any], registry: str) -> Mapping[str, Any] | None:
    """The registry's entry: under `auths`, or in the whole of an old `.dockercfg`."""
    entries = config.get("auths", config)
    if not isinstance(entries, dict):
        return None
    return next((entry for key, entry in entries.items() if isinstance(entry, dict) and _host(key) == registry), None)


def _host(key: str) -> str:
    """The host that a key of `auths` means: without scheme and path."""
    host = re.sub(r"^https?://", "", key).partition("/")[0]
    return HUB if host in _HUB_HOSTS else host


def _credentials(entry: Mapping[str, Any], registry: str, where: str) -> Credentials:
    token = entry.get("identitytoken")
    if token:
        return _header({"identitytoken": token, "serveraddress": registry}, f"an identity token from {where}")
    user, password = entry.get("username"), entry.get("password")
    if entry.get("auth"):
        try:
            user, colon, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
        except (binascii.Error, ValueError, TypeError) as error:
            raise NotAuthorised(f"{where}: the entry for {registry} cannot be decoded") from error
        if not colon:
            raise NotAuthorised(f"{where}: the entry for {registry} is not of the form user:password")
    if not user:
        return ANONYMOUS
    return _login(str(user), str(password or "").rstrip("\0"), registry, where)


def _login(user: str, password: str, registry: str, where: str) -> Credentials:
    return _header({"username": user, "password": password, "serveraddress": registry}, f"user {user} from {where}")


def _header(login: Mapping[str, str], source: str) -> Credentials:
    return Credentials(base64.urlsafe_b64encode(json.dumps(login).encode()).decode(), source)


def _helper(config: Mapping[str, Any], registry: str) -> str | None:
    helpers = config.get("credHelpers")
    if isinstance(helpers, dict):
        for key, name in helpers.items():
            if _host(key) == registry:
                return str(name)
    return str(config["credsStore"]) if config.get("credsStore") else None


def _asked(helper: str, registry: str, where: str) -> Credentials:
    """As the docker command asks: `docker-credential-NAME get`, the registry on its stdin, JSON on its stdout."""
    program = shutil.which(f"docker-credential-{helper}") if re.fullmatch(r"[\w.-]+", helper) else None
    if program is None:
        raise NotAuthorised(f"{where} names a credential helper that is not here: docker-credential-{helper}")
    server = "https://index.docker.io/v1/" if registry == HUB else registry
    try:
        done = subprocess.run([program, "get"], input=server, capture_output=True, text=True, timeout=HELPER_SECONDS,
                              check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAuthorised(f"docker-credential-{helper}: {type(error).__name__}") from error
    if done.returncode != 0:
        if "credentials not found" in done.stdout + done.stderr:
            return ANONYMOUS
        raise NotAuthorised(f"docker-credential-{helper} exited with status {done.returncode}")
    answer = _parsed(done.stdout, f"docker-credential-{helper}")
    user, secret = str(answer.get("Username", "")), str(answer.get("Secret", ""))
    source = f"docker-credential-{helper}"
    if user == "<token>":
        return _header({"identitytoken": secret, "serveraddress": registry}, f"an identity token from {source}")
    return _login(user, secret, registry, source)
