"""/v2/groups: the tree, and changes of whole parts of it."""
from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from scheduler.api.asking import Asking, author, deployment_answer
from scheduler.api.conditions import group_check
from scheduler.api.errors import RefusedError, not_found
from scheduler.api.handlers.apps import warnings
from scheduler.api.server import Asked, json_answer, text_answer
from scheduler.api.shown.apps import LISTED, old_group, shown_group
from scheduler.api.shown.texts import Texts
from scheduler.service import tree
from scheduler.service.changes import Planned
from scheduler.service.news.told import step_json
from scheduler.service.operations import By, ExistsError, NoSuchError
from specs.marathon import ids
from specs.marathon.definitions import Config
from specs.marathon.embeds import GroupPart, group_parts
from specs.marathon.group import Group
from specs.marathon.groups import GroupUpdate, applied, read_group

_ALL = frozenset(GroupPart)


class Groups:
    """Handlers."""

    def __init__(self, asking: Asking, config: Config, texts: Texts) -> None:
        self._asking = asking
        self._config = config
        self._texts = texts

    async def shown(self, asked: Asked) -> web.Response:
        """GET /v2/groups and /v2/groups/ID; ID/apps lists apps."""
        path = _path(asked)
        view = self._asking.view
        embeds = asked.texts("embed")
        parts, inside = group_parts(embeds)
        if not embeds:
            inside = _ALL
        if GroupPart.APPS in inside:
            parts = parts | LISTED
        now = self._asking.clock()
        group = tree.find_group(view.root, path)
        if group is None and path.endswith("/apps"):
            group = tree.find_group(view.root, ids.parent(path))
            if group is not None:
                shown = shown_group(group, view, parts | LISTED, {GroupPart.APPS}, now)
                return json_answer(shown["apps"])
        if group is None:
            raise not_found(f"Group '{path}' does not exist")
        return text_answer(self._texts.group(group, view, parts, inside, now),
                           headers={"ETag": f'"{group.version}"'})

    async def versions(self, asked: Asked) -> web.Response:
        """GET …/versions: of the group, the newest first."""
        path = _path(asked)
        if tree.find_group(self._asking.view.root, path) is None:
            raise not_found(f"Group '{path}' does not exist")
        found = await self._asking.ask(lambda: sorted(
            {group.version for tree_version in self._asking.service.board.trees.values()
             if (group := tree.find_group(tree_version.group, path)) is not None}, reverse=True))
        return json_answer(found)

    async def version(self, asked: Asked) -> web.Response:
        """GET …/versions/VERSION: the group as it was."""
        path = _path(asked, versioned=True)
        version = asked.ids[-1]
        return json_answer(old_group(await self._asking.ask(lambda: self._group_at(path, version))))

    async def put_version(self, asked: Asked) -> web.Response:
        """PUT …/ID/versions/VERSION: the group as it was, again; the client of PyPI asks so."""
        path = _path(asked, versioned=True)
        update = GroupUpdate(path, version=asked.ids[-1])
        return deployment_answer(await self._asking.change(asked,
                                                           lambda by: self._asking.operations.edit(
            lambda root: self._edited(root, update), by), group_check(asked.request.headers, path)))

    async def created(self, asked: Asked) -> web.Response:
        """POST /v2/groups and /v2/groups/ID: a new group below ID."""
        update = await self._update(asked, _path(asked))

        def change(by: By) -> Planned:
            root = self._asking.operations.root
            if tree.find_group(root, update.id) is not None:
                raise ExistsError("group", update.id)
            if tree.find_app(root, update.id) is not None:
                raise RefusedError(409, f"An app with the path {update.id} already exists.")
            return self._asking.operations.edit(lambda tree_before: self._edited(tree_before,
                                                                                 update), by)

        planned = await self._asking.change(asked, change)
        answer = deployment_answer(planned, 201)
        answer.headers["Location"] = f"/v2/groups{update.id}"
        answer.headers.update(warnings(asked, update.unknown))
        return answer

    async def put(self, asked: Asked) -> web.Response:
        """PUT /v2/groups and /v2/groups/ID: what is given replaces what is there; dryRun tells the
        steps alone.
        """
        path = _path(asked)
        update = await self._update(asked, path)
        if asked.flag("dryRun"):
            planned = await self._asking.ask(lambda: self._asking.operations.plan(
                lambda root: self._edited(root, update), update.defined()))
            return json_answer({"steps": [step_json(step) for step in planned.deployment.steps]})
        planned = await self._asking.change(asked, lambda by: self._asking.operations.edit(
            lambda root: self._edited(root, update), by, whole=update.defined()),
            group_check(asked.request.headers, path))
        answer = deployment_answer(planned)
        answer.headers.update(warnings(asked, update.unknown))
        return answer

    async def patch(self, asked: Asked) -> web.Response:
        """PATCH /v2/groups/TOP: {enforceRole}."""
        path = _path(asked)
        body = await asked.json()
        if not isinstance(body, dict) or set(body) != {"enforceRole"} or not isinstance(
                body["enforceRole"], bool):
            raise RefusedError(422, "Invalid JSON")
        if path.count("/") != 1 or path == ids.ROOT:
            raise RefusedError(422, "enforceRole is for groups right below the root")

        def change(by: By) -> Planned:
            group = tree.find_group(self._asking.operations.root, path)
            if group is None:
                raise NoSuchError("group", path)
            update = GroupUpdate(path, enforce_role=body["enforceRole"])
            return self._asking.operations.edit(lambda root: self._edited(root, update), by)

        return deployment_answer(await self._asking.change(
            asked, change, group_check(asked.request.headers, path)))

    async def removed(self, asked: Asked) -> web.Response:
        """DELETE /v2/groups and /v2/groups/ID."""
        path = _path(asked)
        check = group_check(asked.request.headers, path)

        def change() -> Planned:
            check(self._asking.service.board)
            if tree.find_group(self._asking.operations.root, path) is None:
                raise NoSuchError("group", path)
            return self._asking.operations.edit(lambda root: tree.without_group(root, path),
                                                By(author(asked), asked.flag("force")))

        return deployment_answer(await self._asking.defined(asked, change))

    def read(self, value: Any, path: str) -> GroupUpdate:
        """A whole group; its id is seen from this path, which is its id if it has none. Raises
        MarathonError.
        """
        root = self._asking.view.root
        existing = {app.id: app for app in root.all_apps()}
        enforcing = frozenset(group.id for group in root.groups.values() if group.enforce_role)
        return read_group(value, self._config, base=path, existing=existing, default_id=path,
                          enforcing=enforcing)

    def edited(self, root: Group, update: GroupUpdate) -> Group:
        """The tree with the update. Raises MarathonError, NoSuchError."""
        return self._edited(root, update)

    # ---- inside

    async def _update(self, asked: Asked, path: str) -> GroupUpdate:
        """What the body says: a thousand apps take a while to read, and others are answered meanwhile."""
        return await asyncio.to_thread(self.read, await asked.json(), path)

    def _edited(self, root: Group, update: GroupUpdate) -> Group:
        if update.version is not None:
            return tree.with_group(root, self._group_at(update.id, update.version))
        return tree.with_group(root, applied(update, tree.find_group(root, update.id)))

    def _group_at(self, path: str, version: str) -> Group:
        board = self._asking.service.board
        known = [each for each in board.trees if each <= version]
        group = tree.find_group(board.tree_at(max(known)), path) if known else None
        if group is None or (version not in board.trees and group.version != version):
            raise not_found(f"Group '{path}' does not exist in version {version}")
        return group


def _path(asked: Asked, *, versioned: bool = False) -> str:
    """The id of the group out of the path; a version may stand behind it. `..` leads nowhere: what
    is removed here is a whole tree."""
    open_parts = asked.ids[:-1] if versioned else asked.ids
    return ids.ROOT + open_parts[0].strip("/") if open_parts else ids.ROOT
