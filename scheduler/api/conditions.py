"""If-Match: a change is made only of what the caller has seen, an app or a group at its version.

Two who write at once do not undo each other's work unawares: the second one is answered 409, with the version that is
there now, and what has changed since. A route that cannot honour the header refuses it.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final

from scheduler.api.errors import RefusedError
from scheduler.service import tree
from scheduler.service.board import Board
from scheduler.service.operations import ConflictError
from specs.marathon.app import App
from specs.marathon.rendering import app_json

HEADER: Final = "If-Match"
_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s",]+)')  # bare ones are taken, too: a version has neither quotes nor blanks

Check = Callable[[Board], None]


def expected(headers: Mapping[str, str]) -> frozenset[str]:
    """The versions that a request names; none if it names none, `*` for any that is there."""
    text = headers.get(HEADER, "").strip()
    found = frozenset(quoted or bare for quoted, bare in _TAG.findall(text))
    if text and not found:
        raise RefusedError(400, f"{HEADER} is a version in quotes, not {text[:80]!r}")
    return found


def app_check(headers: Mapping[str, str], app_id: str) -> Check:
    """Raises ConflictError, on the service's loop, if the app is at none of the versions that a request names."""
    wanted = expected(headers)

    def check(board: Board) -> None:
        state = board.states.get(app_id)
        target = None if state is None else state.target
        current = "" if target is None else target.version
        if not wanted or current in wanted or ("*" in wanted and target is not None):
            return
        known = board.definitions.get(app_id, {})
        before = next((known[version].app for version in wanted if version in known), None)
        changed = () if before is None or target is None else changed_fields(before, target.app)
        raise ConflictError(current, changed)

    return check


def group_check(headers: Mapping[str, str], path: str) -> Check:
    """The same of a group; what has changed are apps."""
    wanted = expected(headers)

    def check(board: Board) -> None:
        group = tree.find_group(board.root, path)
        current = "" if group is None else group.version
        if not wanted or current in wanted or ("*" in wanted and group is not None):
            return
        raise ConflictError(current, _changed_apps(board, path, wanted))

    return check


def changed_fields(one: App, other: App) -> list[str]:
    """The top-level fields in which two definitions differ."""
    first, second = app_json(one), app_json(other)
    return sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))


def _changed_apps(board: Board, path: str, wanted: Collection[str]) -> list[str]:
    now = {app_id: target.version for app_id,
           target in board.targets().items() if tree.is_below(app_id, path)}
    for version in sorted(board.trees, reverse=True):
        seen = board.trees[version]
        group = tree.find_group(seen.group, path)
        if group is not None and group.version in wanted:
            before = {app_id: each for app_id,
                      each in seen.versions.items() if tree.is_below(app_id, path)}
            return sorted(app_id for app_id in before.keys() | now.keys()
                          if before.get(app_id) != now.get(app_id))
    return []
