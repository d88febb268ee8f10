"""Names of images and of registries. As Mesos: docker/spec.cpp, which checks no characters."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from specs.errors import SpecError

HUB: Final = "docker.io"  # where an image without a registry comes from
HUB_HOSTS: Final = frozenset({HUB, "index.docker.io", "registry-1.docker.io"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,10}", re.ASCII)
_INT_MAX: Final = (1 << 31) - 1
# As Docker: distribution/reference, `grammar`.
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?", re.ASCII)
_REPOSITORY: Final = re.compile(r"{0}(?:/{0})*".format(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"),
                                re.ASCII)
_TAG: Final = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """[registry/]repository[:tag][@digest]; a part that is not there is None."""

    repository: str
    registry: str | None = None
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        """A digest says more than a tag, so of both only the digest is printed, as Mesos does."""
        name = self.repository if self.registry is None else f"{self.registry}/{self.repository}"
        if self.digest is not None:
            return f"{name}@{self.digest}"
        return name if self.tag is None else f"{name}:{self.tag}"


def parse_reference(text: str) -> ImageReference:
    """Raises SpecError with Mesos's text."""
    name, *digests = text.split("@")
    if len(digests) > 1:
        raise SpecError("", "Multiple '@' symbols found")
    head, colon, tail = name.rpartition(":")
    tag = None
    if colon and "/" not in tail:
        name, tag = head, tail
    first, slash, rest = name.partition("/")
    digest = digests[0] if digests else None
    if slash and ("." in first or ":" in first or first == "localhost"):
        return ImageReference(rest, first, tag, digest)
    return ImageReference(name, None, tag, digest)


def check_reference(text: str) -> None:
    """Docker's own rules for a name, which Mesos leaves to Docker. Raises SpecError if no engine
    would take it.
    """
    name = parse_reference(text)
    if not _REPOSITORY.fullmatch(name.repository):
        why = "must be in lower case" if _REPOSITORY.fullmatch(
            name.repository.lower()) else "is not well formed"
        raise SpecError("", f"{text!r} is not an image: the repository {name.repository!r} {why}")
    for part, value, grammar in (("registry", name.registry, _HOST), ("tag", name.tag, _TAG),
                                 ("digest", name.digest, _DIGEST)):
        if value is not None and not grammar.fullmatch(value):
            raise SpecError("",
                            f"{text!r} is not an image: the {part} {value!r} is not well formed")


def registry_port(registry: str) -> int | None:
    """The port after the host, if there is one. Raises SpecError with Mesos's text."""
    _, colon, port = registry.partition(":")
    if not colon:
        return None
    if not _NUMBER.fullmatch(port) or not -_INT_MAX - 1 <= int(port) <= _INT_MAX:
        raise SpecError("", f"Failed to numify '{port}'")
    return int(port)


def registry_host(registry: str) -> str:
    """The host without the port."""
    return registry.partition(":")[0]


def registry_scheme(registry: str) -> str:
    """http for port 80, and on this host itself for any but 443; else https. Raises SpecError with
    Mesos's text.
    """
    try:
        port = registry_port(registry)
    except SpecError as error:
        raise SpecError("", f"Failed to get registry port: {error.problem}") from None
    local = registry_host(registry) in {"localhost", "127.0.0.1"}
    return "http" if port == 80 or (local and port not in {None, 443}) else "https"


def pulled_name(image: str) -> str:
    """What Mesos pulls: with ":latest" if the last part has neither tag nor digest (docker.cpp,
    `pull`).
    """
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"
