"""An app out of JSON, and back: the way in that everybody takes who accepts definitions.

types (`schema`, `reading`) → old forms rewritten (`oldforms`) → frozen value with defaults (`building`) → rules. As
Marathon: api/v2/AppsResource.scala; the order of checks decides which errors are told first.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from specs.forms import Json
from specs.marathon import ids
from specs.marathon.app import App
from specs.marathon.beyond import beyond, with_block
from specs.marathon.building import Surroundings
from specs.marathon.building import app as build
from specs.marathon.constraint_rules import judge_constraints
from specs.marathon.errors import Detail, MarathonError, broken
from specs.marathon.oldforms import canonical
from specs.marathon.reading import Reading
from specs.marathon.rendering import app_json
from specs.marathon.rules import Allowed, judge
from specs.marathon.schema import APP, OUTPUT_ONLY

VERSION_ALONE = "The 'version' field may only be combined with the 'id' field."


@dataclass(frozen=True, slots=True)
class Config:
    """What of a service's settings decides about definitions."""

    features: frozenset[str] = frozenset()
    default_network_name: str | None = None
    role: str = "*"
    bridge_name: str = "mesos-bridge"
    local_port_min: int = 10000
    local_port_max: int = 20000


@dataclass(frozen=True, slots=True)
class Read:
    """An app, and the paths of fields that were passed over because nobody knows them."""

    app: App
    unknown: tuple[str, ...] = ()


def read_app(value: Any, config: Config, *, base: str = ids.ROOT, existing: App | None = None,
             path: str = "") -> Read:
    """A whole definition. `existing`: the app of this id, whose role may stay. Raises MarathonError."""
    read, unknown = typed_app(value, path)
    if "id" not in read:
        raise MarathonError(422, "Invalid JSON", [_undefined(path, value)])
    passed_over = foreign_roles(read, config, existing)
    return Read(app_of(read, config, base=base, existing=existing), (*unknown, *passed_over))


def foreign_roles(read: Json, config: Config, existing: App | None) -> tuple[str, ...]:
    """Takes roles out of acceptedResourceRoles that are neither `*` nor the app's: DC/OS wrote such ones everywhere.

    The path, if there were some; without any left it is as if there were no list. As Marathon: AppNormalization.scala,
    `sanitizeAcceptedResourceRoles`.
    """
    accepted = read.get("acceptedResourceRoles")
    own = {"*", read.get("role", existing.role if existing is not None else config.role)}
    if not accepted or set(accepted) <= own:
        return ()
    read["acceptedResourceRoles"] = [role for role in accepted if role in own]
    if not read["acceptedResourceRoles"]:
        del read["acceptedResourceRoles"]
    return ("/acceptedResourceRoles",)


def typed_app(value: Any, path: str = "") -> tuple[Json, tuple[str, ...]]:
    """JSON of an app or of a part of one, well-typed and without what is only output, and the unknown paths.

    Raises MarathonError.
    """
    reading = Reading()
    if isinstance(value, dict):
        value = with_block({key: each for key, each in value.items() if key not in OUTPUT_ONLY})
    read = reading.read(value, APP, path)
    reading.finish()
    judge_constraints(read.get("constraints", ()))
    return read, tuple(reading.unknown)


def app_of(read: Json, config: Config, *, base: str = ids.ROOT, existing: App | None = None) -> App:
    """The app that well-typed JSON says. Raises MarathonError."""
    app_id = ids.canonical(read["id"], base)
    whole = canonical(read, bridge_name=config.bridge_name)
    around = Surroundings(base, existing.role if existing is not None else config.role, config.default_network_name)
    app = build(whole, around)
    judge(app, Allowed(config.features, _roles(app_id, config, existing)))
    beyond(app)
    return app


def updated_app(value: Any, config: Config, existing: App | None, app_id: str, *, partial: bool) -> Read:
    """What a PUT or PATCH of an app makes of it. The id of the path wins over that of the body.

    `partial`: fields that are not there stay as they are; null does not change that. Raises MarathonError.
    """
    read, unknown = typed_app(value)
    read["id"] = app_id
    if existing is not None and partial:
        read = _merged(existing, read)
    passed_over = foreign_roles(read, config, existing)
    return Read(app_of(read, config, existing=existing), (*unknown, *passed_over))


def version_to_restore(value: Any) -> str | None:
    """The version that a body of nothing but `version` (and `id`) asks for. Raises MarathonError if there is more.

    An app as GET shows it has a version, too: what is sent back so is a definition like any other.
    """
    if not isinstance(value, Mapping) or value.get("version") is None or "versionInfo" in value:
        return None
    if any(each is not None and key in APP.fields and key not in ("id", "version") for key, each in value.items()):
        raise broken("/", VERSION_ALONE)
    return str(value["version"])


def _merged(existing: App, read: Json) -> Json:
    """The app as it is shown, with the fields that were given instead: old forms of one count as given, too."""
    before = app_json(existing)
    given = set(read)
    if given & {"ports", "portDefinitions"}:
        before.pop("portDefinitions", None)
    if given & {"uris", "fetch"}:
        before.pop("fetch", None)
    container = read.get("container")
    if "ipAddress" in given or (container and "network" in container.get("docker", {})):
        before.pop("networks", None)
    if "ipAddress" in given or "networks" in given or (container and "network" in container.get("docker", {})):
        before.pop("portDefinitions", None)
    return {**before, **read}


def _roles(app_id: str, config: Config, existing: App | None) -> Collection[str]:
    top = ids.segments(app_id)
    return {config.role, *(top[:1] if len(top) > 1 else ()), *((existing.role,) if existing is not None else ())}


def _undefined(path: str, value: Any) -> Detail:
    return Detail(f"{path}/id", (f"'id' is undefined on object: {str(value)[:200]}",))
