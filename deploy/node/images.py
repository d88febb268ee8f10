"""`mesos-docker node images`: what is in the image store, and its garbage collection."""
from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import click

from deploy.cli.local_command import Duration
from deploy.cli.problems import Problem
from deploy.client.options import shown_json, table
from deploy.node.collection import Marks, StoredImage, superfluous
from deploy.node.image_store import remove, stored
from deploy.node.options import OUTPUT, SOCKET, opened_docker
from deploy.node.reap import NOT_REMOVED
from executor.docker.mesos_docker import Docker
from executor.engine.failures import RuntimeFailure
from specs.errors import SpecError
from specs.words.sizes import parse_size


class Size(click.ParamType[int]):
    """A size in Mesos's form; the value is bytes."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None,
                ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_size(str(value))
        except SpecError as error:
            self.fail(f"{value!r} is not a size, as 512MB or 20GB: {error.problem}", param, ctx)


@dataclass(frozen=True, slots=True)
class Collected:
    """What has become of an image that was to go; `problem`: why it is still there."""

    image: StoredImage
    problem: str = ""


@click.command()
@click.option("--gc", "collect", is_flag=True,
              help="Remove images that nobody uses when there are too many.")
@click.option("--high", type=Size(),
              help="With --gc: nothing is removed while the store is not larger, such as 50GB.")
@click.option("--low", type=Size(),
              help="With --gc: images are removed until it is no larger than this.")
@click.option("--grace", default="1hrs", type=Duration(), show_default=True,
              help="With --gc: leave alone what has come within this time.")
@click.option("--dry-run", is_flag=True,
              help="With --gc: say what would be removed, and remove nothing.")
@SOCKET
@OUTPUT
def images(*, collect: bool, high: int | None, low: int | None, grace: float, dry_run: bool,
           docker_socket: str, output: str) -> int:
    """List the images of this machine: how large, how long here, who uses them.

    With --gc, --high and --low those are removed that no container is made of, running or not,
    those first that have been here longest. Nothing is removed by force. When an image was pulled
    only root can see; for others such images stay.

    Exit status: 0; 1 if something could not be removed; 2 for what cannot be asked for; 3 if Docker
    does not answer.
    """
    marks = _marks(high, low, grace) if collect else None
    if marks is None and (high is not None or low is not None or dry_run):
        raise click.UsageError("--high, --low and --dry-run go with --gc")
    with opened_docker(docker_socket) as docker:
        try:
            found, size = stored(docker)
            gone, after = ([], size) if marks is None else _collected(docker, found, size, marks,
                                                                      dry_run=dry_run)
        except RuntimeFailure as failure:
            raise Problem(f"cannot ask Docker: {failure}") from failure
    show = _show_json if output == "json" else _show
    show(found, gone, (size, after), dry_run=dry_run)
    return NOT_REMOVED if any(each.problem for each in gone) else 0


def _marks(high: int | None, low: int | None, grace: float) -> Marks:
    if high is None or low is None:
        raise click.UsageError("--gc needs --high and --low")
    if low > high:
        raise click.UsageError("--low is above --high")
    return Marks(high, low, grace)


def _collected(docker: Docker, found: list[StoredImage], size: int, marks: Marks, *,
               dry_run: bool) -> tuple[list[Collected], int]:
    """What has gone, and how large the store is then. As long as it helps: what is freed is known
    only afterwards.
    """
    done: dict[str, Collected] = {}
    while True:
        wanted = [image for image in superfluous(found, size, marks, time.time())
                  if image.id not in done]
        if not wanted:
            return list(done.values()), size
        if dry_run:
            return [Collected(image) for image in wanted], size - sum(image.own for image in wanted)
        for image in wanted:
            done[image.id] = _removed(docker, image)
        found, size = stored(docker)
        marks = replace(marks, high=marks.low)  # once begun it goes on to the low one


def _removed(docker: Docker, image: StoredImage) -> Collected:
    try:
        remove(docker, image)
    except RuntimeFailure as failure:
        return Collected(image, str(failure))
    return Collected(image)


def _show(found: list[StoredImage], gone: list[Collected], sizes: tuple[int, int], *,
          dry_run: bool) -> None:
    now, done = time.time(), "would be removed" if dry_run else "removed"
    what = {each.image.id: f"not removed: {each.problem}" if each.problem else done
            for each in gone}
    table(["IMAGE", "ID", "SIZE", "OWN", "HERE FOR", "USED BY", *(["DONE"] if gone else [])], (
        [", ".join(image.names), image.id.removeprefix("sha256:")[:12], _size(image.size),
         _size(image.own),
         "?" if image.since is None else _age(now - image.since), _users(image),
         *([what.get(image.id, "kept")] if gone else [])]
        for image in found))
    after = f"; {_size(sizes[1])} {'then' if dry_run else 'now'}" if gone else ""
    click.echo(f"{len(found)} images, {_size(sizes[0])}{after}")


def _show_json(found: list[StoredImage], gone: list[Collected], sizes: tuple[int, int], *,
               dry_run: bool) -> None:
    problems = {each.image.id: each.problem for each in gone}
    done = "would be removed" if dry_run else "removed"
    shown_json({"dryRun": dry_run, "size": sizes[0], "sizeAfter": sizes[1], "images": [
        {**_image(image), "problem": problems.get(image.id) or None,
         "done": "kept" if image.id not in problems else "not removed" if problems[image.id]
         else done}
        for image in found]})


def _image(image: StoredImage) -> dict[str, Any]:
    return {"id": image.id, "names": list(image.names), "size": image.size, "own": image.own,
            "since": image.since, "usedBy": list(image.used_by)}


def _users(image: StoredImage) -> str:
    if len(image.used_by) <= 2:
        return ", ".join(image.used_by)
    return f"{image.used_by[0]} and {len(image.used_by) - 1} others"


def _size(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _age(seconds: float) -> str:
    for length, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
