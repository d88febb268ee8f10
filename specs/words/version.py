"""Versions (SemVer, as stout/version.hpp) and what `docker --version` prints (docker.cpp)."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from specs.errors import SpecError

MINIMUM_DOCKER: Final = "1.8.0"
_NUMBER: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
_IDENTIFIER: Final = re.compile(r"[0-9A-Za-z-]+", re.ASCII)
_UINT32: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Version:
    """major.minor.patch[-prerelease][+build]; the build does not count when two are compared."""

    major: int
    minor: int = 0
    patch: int = 0
    prerelease: tuple[str, ...] = ()
    build: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        text += f"-{'.'.join(self.prerelease)}" if self.prerelease else ""
        return text + (f"+{'.'.join(self.build)}" if self.build else "")

    def __lt__(self, other: Version) -> bool:
        return self._rank() < other._rank()

    def _rank(self) -> tuple[Any, ...]:
        """A release comes after its prereleases; numbers before words, and longer after shorter."""
        words = tuple((0, int(word), "") if _NUMBER.fullmatch(word) else (1, 0, word)
                      for word in self.prerelease)
        return self.major, self.minor, self.patch, not self.prerelease, words


def parse_version(text: str) -> Version:
    """One to three numbers, with labels. Raises SpecError with Mesos's text."""
    rest, plus, build = text.partition("+")
    numbers, dash, prerelease = rest.partition("-")
    build_label = _label(build, "build") if plus else ()
    prerelease_label = _label(prerelease, "prerelease") if dash else ()
    parts = numbers.split(".")
    if len(parts) > 3:
        raise SpecError("", f"Version has {len(parts)} components; maximum 3 components allowed")
    for part in parts:
        if not _NUMBER.fullmatch(part) or int(part) > _UINT32:
            raise SpecError("",
                            f"Invalid version component '{part}': Failed to convert '{part}' to number")
    major, minor, patch = (*(int(part) for part in parts), 0, 0)[:3]
    return Version(major, minor, patch, prerelease_label, build_label)


def _label(text: str, kind: str) -> tuple[str, ...]:
    if not text:
        raise SpecError("", f"Invalid {kind} label: Empty label")
    words = tuple(text.split("."))
    for word in words:
        if not word:
            raise SpecError("", f"Invalid {kind} label: Empty identifier")
        if not _IDENTIFIER.fullmatch(word):
            illegal = next(character for character in word if not _IDENTIFIER.fullmatch(character))
            raise SpecError("",
                            f"Invalid {kind} label: Identifier contains illegal character: '{illegal}'")
    return words


def docker_version(output: str) -> Version:
    """From the output of `docker --version`. Raises SpecError with Mesos's text."""
    word = output.partition(",")[0].split(" ")[-1]
    try:
        return parse_version(".".join(word.split(".")[:3]))
    except SpecError as error:
        raise SpecError("", f"Failed to parse docker version: {error.problem}") from None


def require_docker(found: Version, minimum: Version) -> None:
    """Raises SpecError, with Mesos's text and its quotes, if the version is too old."""
    if found < minimum:
        raise SpecError("",
                        f"Insufficient version '{found}' of Docker. Please upgrade to >=' {minimum}'")


def require_networks(found: Version, network: str, dns: Sequence[str],
                     dns_opt: Sequence[str]) -> None:
    """What a network and its DNS settings need of the engine. As Mesos: docker.cpp, `Docker::run`.
    """
    if network not in {"host", "bridge", "none"} and found < Version(1, 9):
        raise SpecError("", "User defined networks require Docker version 1.9.0 or higher")
    if network == "host" and dns and found < Version(1, 12):
        raise SpecError("",
                        "--dns option with host network requires Docker version 1.12.0 or higher")
    if dns_opt and found < Version(1, 9):
        raise SpecError("", "--dns-opt option requires Docker version 1.9.0 or higher")


def docker_socket(path: str) -> str:
    """The address of the engine's socket. Raises SpecError with Mesos's text if the path is not
    absolute.
    """
    if not path.startswith("/"):
        raise SpecError("", f"Invalid Docker socket path: {path}")
    return f"unix://{path}"
