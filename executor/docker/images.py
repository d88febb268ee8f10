"""Images: whether one is here, pull, and Docker's everyday commands for them, on one engine."""
from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from executor.docker import auth as docker_auth
from executor.docker.api import Api
from executor.docker.calls import Call
from executor.docker.pull import Puller, PullSettings, reference
from executor.engine import errors as docker_errors
from executor.engine.cancellation import Cancel
from executor.engine.failures import ImageNotFound, NoSuchContainer
from executor.engine.port import PullListener

NONE: Final = "<none>"
COLUMNS: Final = {"Repository": "repository", "Tag": "tag", "Digest": "digest", "ID": "id", "CreatedAt": "created",
                  "Size": "size"}


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One line of `docker images`: an image once for each of its names; `created` is seconds since the epoch."""

    repository: str
    tag: str
    digest: str
    id: str  # in full: "sha256:…"
    created: int
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """What `docker commit` is told; `changes` are Dockerfile instructions."""

    repository: str | None = None
    tag: str | None = None
    author: str | None = None
    message: str | None = None
    changes: tuple[str, ...] = ()
    pause: bool = True


class Images:
    """The images of one engine."""

    def __init__(self, engine: Api, settings: PullSettings | None = None) -> None:
        self._engine = engine
        self._settings = settings or PullSettings()
        self._puller = Puller(self._pull_lines, self._settings)

    def has(self, image: str) -> bool:
        """Whether it is here, by name with tag (latest if none), digest or id."""
        try:
            self.inspect(image)
        except ImageNotFound:
            return False
        return True

    def inspect(self, image: str) -> dict[str, Any]:
        """As `docker image inspect`. Raises ImageNotFound."""
        try:
            return self._engine.call("image inspect", self._engine.deadlines.quick,
                                     lambda api: dict(api.inspect_image(image)))
        except NoSuchContainer as failure:  # a 404 whose text names no kind
            raise ImageNotFound(str(failure)) from failure

    def pull(self, image: str, *, sandbox: str | None = None, force: bool = False,
             listener: PullListener | None = None, cancel: Cancel | None = None) -> None:
        """See the port. As Mesos: docker.cpp, `pull`; beyond it, `latest` is added with force, too."""
        while force or not self.has(image):
            credentials = docker_auth.find(image, sandbox, self._settings.node_config)
            if self._puller.pull(image, credentials, listener, cancel):
                return

    def ls(self, name: str | None = None, *, all: bool = False,  # noqa: A002 - as docker images
           filters: Mapping[str, Sequence[str]] | None = None) -> list[ImageRow]:
        """As `docker images`: newest first. Filters: dangling, label, before, since, reference."""
        wanted = {key: list(values) for key, values in (filters or {}).items()}
        if name is not None:
            wanted["reference"] = [*wanted.get("reference", []), name]
        listed = self._engine.call("images", self._engine.deadlines.quick,
                                   lambda api: list(api.images(all=all, filters=wanted)))
        return [row for image in listed for row in _rows(image)]

    def commit(self, container: str, commit: Commit = Commit()) -> str:
        """As `docker commit`: the id of the new image."""
        def do(api: Any) -> str:
            params = {"container": container, "repo": commit.repository, "tag": commit.tag, "author": commit.author,
                      "comment": commit.message, "pause": commit.pause, "changes": list(commit.changes)}
            return str(api._result(api._post_json(api._url("/commit"), {}, params=params), json=True)["Id"])

        return self._engine.call("commit", self._engine.deadlines.start, do)

    def import_archive(self, archive: bytes | Iterable[bytes], name: str, *, changes: Sequence[str] = (),
                       message: str | None = None) -> str:
        """As `docker import - NAME`: a root folder as a tar archive, in whole or in pieces, is an image of one layer.

        Returns its id. Raises BadOption if the archive is none.
        """
        repository, tag = reference(name)
        params = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": list(changes), "message": message}
        headers = {"Content-Type": "application/x-tar"}

        def do(api: Any) -> str:
            return str(api._result(api._post(api._url("/images/create"), params=params, headers=headers, data=archive)))

        answer = json.loads(self._engine.call("import", self._engine.deadlines.transfer, do).splitlines()[-1])
        if "error" in answer:  # it came when the answer was 200 already
            raise docker_errors.failure(400, str(answer["error"]))
        return str(answer["status"])

    def rm(self, image: str, *, force: bool = False) -> None:
        """As `docker rmi`; one that is gone is removed."""
        try:
            self._engine.call("rmi", self._engine.deadlines.remove, lambda api: api.remove_image(image, force=force))
        except (ImageNotFound, NoSuchContainer):
            return

    def _pull_lines(self, call: Call, repository: str, tag: str, auth: str | None) -> Iterator[bytes]:
        params = {"fromImage": repository, "tag": tag}
        headers = {"X-Registry-Auth": auth} if auth is not None else {}
        return self._engine.lines(
            call, lambda api: api._post(api._url("/images/create"), params=params, headers=headers, stream=True),
            docker_errors.pull_failure)


def _rows(image: Mapping[str, Any]) -> Iterator[ImageRow]:
    """As the docker command pairs them: every tag with the digest of its repository."""
    digests = dict(text.split("@", 1) for text in image.get("RepoDigests") or () if "@" in text)
    tags = [text for text in image.get("RepoTags") or () if text != f"{NONE}:{NONE}"]
    names = [tuple(text.rsplit(":", 1)) for text in tags]
    names += [(repository, NONE) for repository in digests if repository not in {name for name, _ in names}]
    for repository, tag in names or [(NONE, NONE)]:
        yield ImageRow(repository, tag, digests.get(repository, NONE), str(image["Id"]), int(image["Created"]),
                       int(image["Size"]))


def listing(rows: Sequence[ImageRow], *, digests: bool = False, no_trunc: bool = False, quiet: bool = False,
            format: str | None = None) -> str:  # noqa: A002 - as docker images
    """The rows as `docker images` prints them: a table, ids alone, `json`, or a line of `{{.Column}}` for each."""
    shown = [_shown(row, no_trunc=no_trunc) for row in rows]
    if quiet:
        return "".join(f"{row['ID']}\n" for row in shown)
    if format == "json":
        return "".join(f"{json.dumps(row)}\n" for row in shown)
    if format is not None and not format.startswith("table "):
        return "".join(re.sub(r"\{\{\s*\.(\w+)\s*\}\}", lambda name: row.get(name[1], NONE), format) + "\n"  # noqa: B023 - used at once
                       for row in shown)
    columns = (re.findall(r"\.(\w+)", format) if format is not None
               else ["Repository", "Tag", *(["Digest"] if digests else []), "ID", "CreatedAt", "Size"])
    lines = [[name.upper() for name in columns], *([row.get(name, NONE) for name in columns] for row in shown)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    return "".join("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
                   for line in lines)


def _shown(row: ImageRow, *, no_trunc: bool) -> dict[str, str]:
    shown = {column: str(getattr(row, name)) for column, name in COLUMNS.items()}
    if not no_trunc:
        shown["ID"] = row.id.removeprefix("sha256:")[:12]
    return shown
