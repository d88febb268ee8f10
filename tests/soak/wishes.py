"""What was asked of the service, and which answers came: so what it may be in the end. No I/O."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Wish:
    """What an app shall be."""

    instances: int
    version: str  # in its environment


@dataclass(slots=True)
class Wishes:
    """By app, what it may be; None: not there. More than one where an answer was lost with the process that owed it."""

    possible: dict[str, list[Wish | None]] = field(default_factory=dict)
    acknowledged: int = 0
    unanswered: int = 0

    def likely(self) -> dict[str, Wish]:
        """The apps that are there, as far as is known."""
        return {app_id: found[-1] for app_id, found in self.possible.items() if found[-1] is not None}

    def answered(self, app_id: str, wish: Wish | None, status: int | None) -> None:
        """`status` None: nothing came back. Raises AssertionError for a refusal: nothing here may be refused."""
        if status is None or status == 503:
            self.unanswered += 1
            self.possible[app_id] = [*self.possible.get(app_id, [None]), wish]
            return
        gone = status == 404 and None in self.possible.get(app_id, [None])
        assert status in (200, 201) or gone, f"{status} for {app_id} as {wish}"
        self.acknowledged += 1
        self.possible[app_id] = [wish if not gone else None]

    def broken(self, apps: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """What of the acknowledged is not so. `apps`: definitions as the service shows them, by id."""
        found = {app_id: Wish(app["instances"], app["env"]["VERSION"]) for app_id, app in apps.items()}
        return [f"{app_id} is {found.get(app_id)}, and should be {' or '.join(map(str, wishes))}"
                for app_id, wishes in self.possible.items() if found.get(app_id) not in wishes] + [
                    f"{app_id} was never asked for" for app_id in found.keys() - self.possible.keys()]
