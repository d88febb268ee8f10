"""Platforms of images: what is meant, and which image will do."""
from __future__ import annotations

import pytest

from specs.errors import SpecError
from specs.images.platform import Platform, parse_platform, serves


@pytest.mark.parametrize(("text", "platform"), [
    ("linux/amd64", Platform("amd64", "linux", "v1")),
    ("Linux/x86_64", Platform("amd64", "linux", "v1")),
    ("linux/arm64", Platform("arm64", "linux", "v8")),
    ("linux/arm64/v8", Platform("arm64", "linux", "v8")),
    ("linux/arm64/8", Platform("arm64", "linux", "v8")),
    ("aarch64", Platform("arm64", "linux", "v8")),
    ("linux/arm/v6", Platform("arm", "linux", "v6")),
    ("armhf", Platform("arm", "linux", "v7")),
    ("linux/armel", Platform("arm", "linux", "v6")),
    ("linux/386", Platform("386", "linux")),
    ("windows", Platform("", "windows")),
    ("s390x", Platform("s390x", "linux")),
])
def test_what_is_meant(text: str, platform: Platform) -> None:
    assert parse_platform(text) == platform


@pytest.mark.parametrize("text", ["", "/", "linux/", "linux/amd64/v1/x", "linux amd64", "linux/ä"])
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(SpecError, match="is not of the form"):
        parse_platform(text)


@pytest.mark.parametrize(("image", "wanted", "does"), [
    (Platform("amd64", "linux"), "linux/amd64", True),
    (Platform("amd64", "linux", ""), "amd64", True),
    (Platform("amd64", "linux"), "linux", True),
    (Platform("amd64", "linux"), "linux/arm64", False),
    (Platform("arm64", "linux", "v8"), "linux/arm64", True),
    (Platform("arm64", "linux"), "linux/arm64/v8", True),
    (Platform("arm", "linux", "v6"), "linux/arm", False),
    (Platform("arm", "linux", "v7"), "linux/arm", True),
    (Platform("amd64", "windows"), "linux/amd64", False),
    (Platform("amd64", "linux", "v1"), "linux/amd64/v3", False),
])
def test_which_image_will_do(image: Platform, wanted: str, does: bool) -> None:
    assert serves(image, parse_platform(wanted)) is does
