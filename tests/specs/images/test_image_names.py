"""Names that Docker takes, and names that no Docker engine takes."""
from __future__ import annotations

import pytest

from specs.errors import SpecError
from specs.images.reference import check_reference


@pytest.mark.parametrize("name", [
    "busybox", "busybox:static", "library/busybox", "Host.example:5000/a/b__c:v1.0", "localhost/x", "[::1]:5000/x",
    "a@sha256:" + "0" * 64, "a-b---c:_x"])
def test_a_name_that_docker_takes(name: str) -> None:
    check_reference(name)


@pytest.mark.parametrize(("name", "word"), [
    ("UPPER/case", "lower case"), ("busy box", "repository"), ("--", "repository"), ("", "repository"),
    ("a//b", "repository"), ("/a", "repository"), ("a:", "tag"), ("a:b c", "tag"), ("a@sha256:12", "digest"),
    ("-x.y/a", "registry"), ("a.b:port/c", "registry")])
def test_a_name_that_no_engine_takes(name: str, word: str) -> None:
    with pytest.raises(SpecError, match=word):
        check_reference(name)
