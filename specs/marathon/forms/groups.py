"""The JSON that creates or changes groups. As Marathon:
docs/docs/rest-api/public/api/v2/types/group.raml, GroupUpdate.

Nothing said of a group's apps, groups or dependencies means that they stay; what is said takes
their place.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from specs.marathon.forms.apps import APP, PATH_ID, TIME
from specs.marathon.forms.draft import Draft
from specs.marathon.forms.kinds import BOOLEAN, TEXT, FormField, Kind, Notes, list_of, number, record


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """What was said of a group. `scale_by`: a factor for the instances of all apps in it;
    `version`: to which version it shall go back; `pods`: there are none, others are refused."""

    id: str | None = None
    apps: tuple[Draft, ...] | None = None
    groups: tuple[GroupDraft, ...] | None = None
    dependencies: tuple[str, ...] | None = None
    scale_by: float | None = None
    version: str | None = None
    enforce_role: bool | None = None
    pods: tuple[()] | None = None


def _read_group(value: Any, path: str, notes: Notes) -> Any:
    return GROUP.read(value, path, notes)


def _read_pods(value: Any, path: str, notes: Notes) -> Any:
    if not isinstance(value, list):
        return notes.wrong(path, "error.expected.jsarray")
    return notes.breaks(path, "pods are not supported") if value else ()


GROUP = record(
    GroupDraft, FormField("id", PATH_ID), FormField("apps", list_of(APP)),
    FormField("groups", list_of(Kind(_read_group))),
    FormField("dependencies", list_of(TEXT, unique=True)), FormField("scale_by", number(0, 1_000_000)),
    FormField("version", TIME), FormField("enforce_role", BOOLEAN), FormField("pods", Kind(_read_pods)))
