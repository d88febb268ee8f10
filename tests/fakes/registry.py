"""A registry in memory: what can be pulled, and what goes wrong. The pulling itself is the executor's own."""
from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping

from executor.docker.door.calls import Call
from executor.docker.pull import Puller, PullSettings, Wanted
from executor.engine.failures import RuntimeFailure

PLATFORM = "linux/amd64"  # of this machine
QUICK = PullSettings(pause=0.01, longest_pause=0.02, limited_pause=0.01)


class FakeRegistry:
    """Answers pulls as an engine does, in lines of JSON; `images` maps names to their numbers of layers."""

    def __init__(self, here: dict[str, str], images: Mapping[str, int]) -> None:
        """`here` gets what was pulled, with its platform."""
        self.images = dict(images)
        self.pulls: list[str] = []  # those that came this far
        self.platforms: list[str | None] = []  # of each of them
        self.logins: list[str | None] = []  # with each of them, as the engine gets it
        self.failures: list[RuntimeFailure] = []  # for the next ones
        self.held: threading.Event | None = None
        self.puller = Puller(self._lines, QUICK)
        self._here = here

    def _lines(self, call: Call, wanted: Wanted, auth: str | None) -> Iterator[bytes]:
        repository, tag = wanted.repository, wanted.tag
        image = f"{repository}@{tag}" if tag.startswith("sha256:") else f"{repository}:{tag}"
        self.pulls.append(image)
        self.platforms.append(wanted.platform)
        self.logins.append(auth)
        layers = [f"layer{number}" for number in range(self.images.get(image, 1))]
        for layer in layers:
            yield _line(status="Pulling fs layer", id=layer)
        self._wait(call)
        if self.failures:
            raise self.failures.pop(0)
        if image not in self.images:
            yield _line(error=f"manifest for {image} not found: manifest unknown: manifest unknown")
        for layer in layers:
            yield _line(status="Downloading", id=layer, progressDetail={"current": 50, "total": 100})
            yield _line(status="Pull complete", id=layer)
        self._here[image] = wanted.platform or PLATFORM

    def _wait(self, call: Call) -> None:
        while self.held is not None and not self.held.wait(0.005):
            verdict = call.verdict()
            if verdict is not None:
                raise verdict


def _line(**message: object) -> bytes:
    return json.dumps(message).encode()
