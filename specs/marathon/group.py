"""A group: apps and groups under one path, with the groups and apps that all of it depends on."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from specs.marathon import ids
from specs.marathon.app import App

ROOT = ids.ROOT


@dataclass(frozen=True, slots=True)
class Group:
    """`apps` and `groups` by their absolute ids. `version`: the text of a timestamp."""

    id: str = ROOT
    apps: Mapping[str, App] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    version: str = "1970-01-01T00:00:00.000Z"
    enforce_role: bool | None = None  # of the groups right below the root

    def all_apps(self) -> Iterator[App]:
        """Its own, then those of the groups inside."""
        yield from self.apps.values()
        for group in self.groups.values():
            yield from group.all_apps()

    def all_groups(self) -> Iterator[Group]:
        """Itself, then those inside."""
        yield self
        for group in self.groups.values():
            yield from group.all_groups()
