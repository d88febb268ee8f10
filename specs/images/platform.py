"""The platform of an image: OS[/ARCH[/VARIANT]], as containerd reads it (platforms.go, `Parse` and `Normalize`)."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from specs.errors import SpecError

_ARCHITECTURES: Final = {"i386": ("386", None), "x86_64": ("amd64", None), "x86-64": ("amd64", None),
                         "aarch64": ("arm64", None), "armhf": ("arm", "v7"), "armel": ("arm", "v6")}
_VARIANTS: Final = {"arm64": "v8", "arm": "v7", "amd64": "v1"}  # meant where none is said
_SYSTEMS: Final = frozenset({"linux", "windows", "darwin", "freebsd"})


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image is for; of a manifest in an index, too."""

    architecture: str
    os: str
    variant: str | None = None


def parse_platform(text: str) -> Platform:
    """A word alone is an operating system if it is the name of one, else an architecture of Linux.

    Raises SpecError. An empty architecture is any.
    """
    words = text.lower().split("/")
    if not 1 <= len(words) <= 3 or not all(re.fullmatch(r"[a-z0-9_.-]+", word) for word in words):
        raise SpecError("", f"'{text}' is not of the form OS[/ARCH[/VARIANT]]")
    system, architecture, variant = (*words, *("",) * (3 - len(words)))
    if not architecture and system not in _SYSTEMS:
        system, architecture = "linux", system
    architecture, meant = _ARCHITECTURES.get(architecture, (architecture, None))
    return Platform(architecture, system, _variant(architecture, variant or meant or ""))


def serves(image: Platform, wanted: Platform) -> bool:
    """Whether an image of one platform is what was asked for."""
    if wanted.os != image.os.lower():
        return False
    if not wanted.architecture:
        return True
    architecture, meant = _ARCHITECTURES.get(image.architecture, (image.architecture, None))
    same = architecture == wanted.architecture
    return same and _variant(architecture, image.variant or meant or "") == wanted.variant


def _variant(architecture: str, said: str) -> str | None:
    if said and said[0].isdigit():  # "8", as some images have it
        said = f"v{said}"
    return said or _VARIANTS.get(architecture)
