"""An app out of JSON: the way in that everybody takes who accepts definitions.

JSON is read (`forms`), old forms are checked and rewritten into today's, defaults are filled in,
and all rules are checked (`rules`). A change of an app that exists says some fields, which are laid
over what the app is; null says nothing, so a field cannot be taken away by one.

As Marathon: api/v2/AppHelpers.scala, `appNormalization`, `updateOrCreate`;
api/v2/AppsResource.scala.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from specs.marathon import ids
from specs.marathon.app import App
from specs.marathon.errors import BROKEN_RULE, WRONG_TYPE, Detail, MarathonError, Problems, broken
from specs.marathon.forms.apps import APP, APP_CHANGE
from specs.marathon.forms.completing import completed, laid_over, said_of
from specs.marathon.forms.draft import Draft
from specs.marathon.forms.kinds import Kind, Notes
from specs.marathon.forms.oldforms import rewritten, with_port_index
from specs.marathon.rules.apps import check_app
from specs.marathon.rules.config import Config, RulesPlace, roles
from specs.marathon.rules.oldforms import check_old_forms

__all__ = ["Config", "Read", "app_of", "read_app", "read_as", "today", "updated_app",
           "version_to_restore"]

_VERSION_ALONE = "The 'version' field may only be combined with the 'id' field."


@dataclass(frozen=True, slots=True)
class Read:
    """An app, and the paths of what was passed over: fields that nobody knows, roles that are never
    offered."""

    app: App
    unknown: tuple[str, ...] = ()


def read_app(value: object, config: Config, *, base: str = ids.ROOT, existing: App | None = None,
             path: str = "", enforced: bool = False) -> Read:
    """A whole definition. `base`, `existing` and `enforced` as of `Place`; `path` stands before all
    paths. Raises MarathonError."""
    said, unknown = read_as(APP, value, path)
    try:
        read = app_of(today(said, config), config, RulesPlace(base, existing, enforced))
    except MarathonError as error:
        raise error.under(path) from None
    return Read(read.app, unknown + tuple(path + each for each in read.unknown))


def updated_app(value: object, config: Config, existing: App | None, app_id: str, *, partial: bool,
                enforced: bool = False) -> Read:
    """What a PUT or PATCH makes of the app of an absolute id; the id in the body does not count.
    `partial`: fields that are not said stay as they are. Raises MarathonError."""
    if existing is None or not partial:
        whole = {**value, "id": app_id} if isinstance(value, dict) else value
        return _or_same(read_app(whole, config, existing=existing, enforced=enforced), existing)
    said, unknown = read_as(APP_CHANGE, value)
    change = replace(today(said, config), id=app_id)
    if change.health_checks is not None:
        change = replace(change, health_checks=tuple(with_port_index(check)
                                                     for check in change.health_checks))
    read = app_of(laid_over(change, said_of(existing)), config,
                  RulesPlace(existing=existing, enforced=enforced))
    return _or_same(Read(read.app, unknown + read.unknown), existing)


def _or_same(read: Read, existing: App | None) -> Read:
    """A check that says no port is of the only one. Sent back as GET shows it, beside that port, it
    gets the port's index, which is no change of the app, and must not restart it."""
    if existing is not None and read.app == replace(
            existing, health_checks=tuple(with_port_index(check)
                                          for check in existing.health_checks)):
        return replace(read, app=existing)
    return read


def version_to_restore(value: object) -> str | None:
    """The version that a body of nothing but `version` (and `id`) asks for, as a timestamp of
    Marathon's; None if it asks for none.

    An app as GET shows it has a version, too, and `versionInfo`: what is sent back so is a
    definition like any other. Raises MarathonError if there is more than the version, or if it is
    none.
    """
    if not isinstance(value, dict) or value.get("version") is None or "versionInfo" in value:
        return None
    said, _ = read_as(APP_CHANGE, value)
    if said != Draft(id=said.id, version=said.version):
        raise broken("/", _VERSION_ALONE)
    return str(said.version)


def read_as(kind: Kind, value: object, path: str = "") -> tuple[Any, tuple[str, ...]]:
    """What a kind reads, and the paths of fields that it does not know. Raises MarathonError."""
    notes = Notes()
    try:
        found = kind.read(value, path, notes)
    except RecursionError:
        raise MarathonError(422, WRONG_TYPE,
                            [Detail(path or "/", ("nested too deeply",))]) from None
    notes.errors.raise_if_any(WRONG_TYPE)
    notes.broken.raise_if_any(BROKEN_RULE)
    return found, tuple(notes.unknown)


def today(said: Draft, config: Config) -> Draft:
    """In today's forms. Raises MarathonError for old ones that contradict each other."""
    problems = Problems()
    check_old_forms(said, problems)
    problems.raise_if_any(BROKEN_RULE)
    return rewritten(said, config.bridge_name)


def app_of(said: Draft, config: Config, place: RulesPlace) -> Read:
    """The app that was said, in today's forms. Raises MarathonError if a rule is broken."""
    allowed = roles(ids.canonical(said.id or "", place.base), config, place)
    passed_over: tuple[str, ...] = ()
    if config.service:
        own = {"*", said.role or allowed[0]}
        foreign = set(said.accepted_resource_roles or ()) - own
        if foreign:
            kept = tuple(role for role in said.accepted_resource_roles or () if role in own)
            said = replace(said, accepted_resource_roles=kept or None)
            passed_over = ("/acceptedResourceRoles",)
    app, said = completed(said, place.base, allowed[0], config.default_network_name)
    check_app(app, said, config, allowed)
    return Read(app, passed_over)
