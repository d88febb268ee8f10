"""What `embed=` of GET /v2/apps and /v2/groups asks for.

The names were changed several times, so each is understood with `group.apps.`, `apps.`, `app.` or
nothing before it; what is not understood is passed over. As Marathon:
api/v2/InfoEmbedResolver.scala.
"""
from __future__ import annotations

import enum
from collections.abc import Iterable

_PREFIXES = ("group.apps.", "apps.", "app.")


class AppPart(enum.Enum):
    """What an app can be shown with."""

    TASKS = "tasks"
    DEPLOYMENTS = "deployments"
    READINESS = "readiness"
    COUNTS = "counts"
    LAST_TASK_FAILURE = "lastTaskFailure"
    TASK_STATS = "taskStats"
    SCALE_BACK = "scaleBack"  # not Marathon's: only who asks for it knows the key


class GroupPart(enum.Enum):
    """What a group can be shown with."""

    GROUPS = "group.groups"
    APPS = "group.apps"
    PODS = "group.pods"


_MORE = {  # names that mean several parts, from the time when these came together
    "tasks": frozenset({AppPart.TASKS, AppPart.DEPLOYMENTS}),
    "failures": frozenset({AppPart.TASKS, AppPart.LAST_TASK_FAILURE, AppPart.DEPLOYMENTS}),
}
_APP_PARTS = {part.value: frozenset({part}) for part in AppPart} | _MORE
_GROUP_PARTS = {part.value: part for part in GroupPart}


def app_parts(embeds: Iterable[str]) -> frozenset[AppPart]:
    """The parts of an app."""
    return frozenset(part for embed in embeds for part in _APP_PARTS.get(_bare(embed), ()))


def group_parts(embeds: Iterable[str]) -> tuple[frozenset[AppPart], frozenset[GroupPart]]:
    """The parts of a group's apps (`group.apps.tasks`), and of the group itself (`group.apps`)."""
    names = list(embeds)
    return (app_parts(name for name in names if name.startswith("group.apps.")),
            frozenset(_GROUP_PARTS[name] for name in names if name in _GROUP_PARTS))


def _bare(embed: str) -> str:
    for prefix in _PREFIXES:
        if embed.startswith(prefix):
            return embed.removeprefix(prefix)
    return embed
