"""Docker's configuration files: which credentials are for which registry. As Mesos:
docker/spec.cpp.

Two formats: `.docker/config.json` has the registries under "auths", the older `.dockercfg` is
nothing but them. Beyond Mesos: a newer file may name programs that know the credentials, for one
registry (`credHelpers`) or for all (`credsStore`), and an entry may hold an identity token.
"""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from specs.errors import SpecError
from specs.images.reference import HUB, HUB_HOSTS

LOGIN_FILES: Final = (".docker/config.json", ".dockercfg")  # in a sandbox; the first that is there counts

_WRONG_TYPE = "Found JSON value of wrong type"


@dataclass(frozen=True, slots=True)
class Auth:
    """One registry's entry; `auth` is base64 of user:password. Its repr shows no secret."""

    auth: str | None = field(default=None, repr=False)
    email: str | None = None
    identity_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """A whole file; `auths` is by registry as the file writes it."""

    auths: Mapping[str, Auth] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)  # by registry
    store: str | None = None  # the helper for all others


def parse_auth_config(text: str) -> AuthConfig:
    """From the file's text. Raises SpecError with Mesos's text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError("", f"JSON parse failed: {error}") from None
    if not isinstance(value, dict):
        raise SpecError("", f"JSON parse failed: {_WRONG_TYPE}")
    return auth_config(value)


def auth_config(value: Mapping[str, Any]) -> AuthConfig:
    """From the file's JSON object. Raises SpecError with Mesos's text."""
    found = value.get("auths")
    if found is not None and not isinstance(found, dict):
        raise SpecError("auths", f"Failed to find 'auths' in docker config file: {_WRONG_TYPE}")
    helpers = value.get("credHelpers")
    named = {key: name for key, name in helpers.items()
             if isinstance(name, str)} if isinstance(helpers, dict) else {}
    store = value.get("credsStore")
    new = found is not None or isinstance(helpers, dict)  # a file of helpers only needs no "auths"
    entries: Mapping[str, Any] = found if found is not None else {} if new else value
    return AuthConfig({key: _auth(key, entry) for key, entry in entries.items()}, named,
                      store if new and isinstance(store, str) else None)


def _auth(key: str, entry: object) -> Auth:
    if not isinstance(entry, dict):
        raise SpecError(key, f"Invalid JSON object '{json.dumps(entry, separators=(',', ':'))}'")
    for name in ("auth", "email", "identitytoken"):
        if entry.get(name) is not None and not isinstance(entry[name], str):
            problem = f"Protobuf parse failed: Not expecting a JSON {_json_type(entry[name])} for field '{name}'"
            raise SpecError(f"{key}.{name}", problem)
    return Auth(entry.get("auth"), entry.get("email"), entry.get("identitytoken"))


def _json_type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value,
                                  int | float) else "array" if isinstance(value, list) else "object"


def auth_host(url: str) -> str:
    """The host, with its port, of a registry as configuration files write it: without scheme and
    path.
    """
    for scheme in ("http://", "https://"):
        if url.startswith(scheme):
            return url.removeprefix(scheme).partition("/")[0]
    return url.partition("/")[0]


def same_registry(key: str, registry: str | None) -> bool:
    """Whether a key of a configuration file means this registry; None is the hub, which has several
    names.
    """
    host, wanted = auth_host(key), registry or HUB
    return host == wanted or (host in HUB_HOSTS and wanted in HUB_HOSTS)


def find_auth(config: AuthConfig, registry: str | None) -> Auth | str | None:
    """The entry for a registry, or the name of the helper to ask for it, or None."""
    for key, helper in config.helpers.items():
        if same_registry(key, registry):
            return helper
    if config.store is not None:
        return config.store
    return next((auth for key, auth in config.auths.items() if same_registry(key, registry)), None)
