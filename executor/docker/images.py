"""Images: whether one is here, pull, and Docker's everyday commands for them, on one engine."""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from executor.docker import auth
from executor.docker.door.api import Api
from executor.docker.door.calls import Call
from executor.docker.door.http import Ask, route
from executor.docker.pull import Puller, PullSettings, Wanted, reference, stream_error
from executor.engine import errors
from executor.engine.cancellation import Cancel
from executor.engine.failures import ImageNotFound, NoSuchContainer, RuntimeFailure
from executor.engine.port import PullListener
from specs.errors import SpecError
from specs.images.platform import Platform, parse_platform, serves

NONE: Final = "<none>"


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One line of `docker images`: an image once for each of its names; `created` is seconds since
    the epoch.
    """

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


class DockerImages:
    """The images of one engine."""

    def __init__(self, api: Api, settings: PullSettings | None = None) -> None:
        self._api = api
        self._settings = settings or PullSettings()
        self._puller = Puller(self._pull_lines, self._settings)

    def has(self, image: str, platform: str | None = None) -> bool:
        """Whether it is here, by name with tag (latest if none), digest or id; and for this platform, if that is said.
        """
        try:
            found = self.inspect(image)
            return platform is None or serves(_platform(found), parse_platform(platform))
        except (ImageNotFound, SpecError):  # what is no platform the engine says in its own words
            return False

    def inspect(self, image: str) -> dict[str, Any]:
        """As `docker image inspect`. Raises ImageNotFound."""
        try:
            return self._api.ask("image inspect", self._api.deadlines.quick, Ask(
                "GET", route("/images/{}/json", image)), dict)
        except NoSuchContainer as failure:  # a 404 whose text names no kind
            raise ImageNotFound(str(failure)) from failure

    def pull(self, image: str, *, platform: str | None = None, sandbox: str | None = None,
             force: bool = False, listener: PullListener | None = None,
             cancel: Cancel | None = None) -> None:
        """See the port. As Mesos: docker.cpp, `pull`; beyond it, `latest` is added with force, too.
        """
        while force or not self.has(image, platform):
            credentials = auth.find(image, sandbox, self._settings.node_config)
            if self._puller.pull(Wanted.of(image, platform), credentials, listener, cancel):
                return

    def ls(self, name: str | None = None, *, all: bool = False,  # noqa: A002 - as docker images
           filters: Mapping[str, Sequence[str]] | None = None) -> list[ImageRow]:
        """As `docker images`: newest first. Filters: dangling, label, before, since, reference."""
        wanted = {key: list(values) for key, values in (filters or {}).items()}
        if name is not None:
            wanted["reference"] = [*wanted.get("reference", []), name]
        listed = self._api.call("images", self._api.deadlines.quick,
                                   lambda sdk: list(sdk.images(all=all, filters=wanted)))
        return [row for image in listed for row in _rows(image)]

    def commit(self, container: str, commit: Commit = Commit()) -> str:
        """As `docker commit`: the id of the new image."""
        def do(sdk: Any) -> str:
            params = {"container": container, "repo": commit.repository, "tag": commit.tag,
                      "author": commit.author,
                      "comment": commit.message, "pause": commit.pause,
                      "changes": list(commit.changes)}
            return str(sdk._result(sdk._post_json(sdk._url("/commit"), {}, params=params),
                                   json=True)["Id"])

        return self._api.call("commit", self._api.deadlines.start, do)

    def import_archive(self, archive: bytes | Iterable[bytes], name: str, *,
                       changes: Sequence[str] = (), message: str | None = None) -> str:
        """As `docker import - NAME`: a root folder as a tar archive, in whole or in pieces, is an
        image of one layer.

        Returns its id. Raises BadOption if the archive is none.
        """
        repository, tag = reference(name)
        params = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": list(changes),
                  "message": message}
        headers = {"Content-Type": "application/x-tar"}

        def do(sdk: Any) -> str:
            return str(sdk._result(sdk._post(sdk._url("/images/create"), params=params,
                                             headers=headers, data=archive)))

        known = self.has(name)
        try:
            answer = json.loads(self._api.call("import", self._api.deadlines.transfer,
                                               do).splitlines()[-1])
            said = stream_error(answer)
            if said is not None:
                raise errors.refusal(400, said)
        except RuntimeFailure:
            if not known:  # containerd's store keeps what there was of it, under that name
                self.rm(name)
            raise
        return str(answer["status"])

    def rm(self, image: str, *, force: bool = False) -> None:
        """As `docker rmi`; one that is gone is removed."""
        try:
            self._api.call("rmi", self._api.deadlines.remove,
                           lambda sdk: sdk.remove_image(image, force=force))
        except (ImageNotFound, NoSuchContainer):
            return

    def _pull_lines(self, call: Call, wanted: Wanted, auth: str | None) -> Iterator[bytes]:
        params = {"fromImage": wanted.repository, "tag": wanted.tag}
        if wanted.platform is not None:
            params["platform"] = wanted.platform
        headers = {"X-Registry-Auth": auth} if auth is not None else {}
        return self._api.lines(call, Ask("POST", "/images/create", params, headers=headers),
                               errors.pull_failure)


def _platform(image: Mapping[str, Any]) -> Platform:
    return Platform(str(image.get("Architecture") or ""), str(image.get("Os") or ""), str(image.get("Variant") or ""))


def _rows(image: Mapping[str, Any]) -> Iterator[ImageRow]:
    """As the docker command pairs them: every tag with the digest of its repository."""
    digests = dict(text.split("@", 1) for text in image.get("RepoDigests") or () if "@" in text)
    tags = [text for text in image.get("RepoTags") or () if text != f"{NONE}:{NONE}"]
    names = [tuple(text.rsplit(":", 1)) for text in tags]
    names += [(repository, NONE) for repository in digests
              if repository not in {name for name, _ in names}]
    for repository, tag in names or [(NONE, NONE)]:
        yield ImageRow(repository, tag, digests.get(repository, NONE), str(image["Id"]),
                       int(image["Created"]), int(image["Size"]))
