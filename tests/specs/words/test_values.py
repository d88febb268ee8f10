"""Durations, sizes, ids, roles, images, credentials, versions: cases that the vectors do not have, and round trips."""
from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.errors import SpecError
from specs.images.auth import Auth, auth_host, find_auth, parse_auth_config
from specs.images.manifest import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST, for_platform, parse_index, parse_oci_manifest
from specs.images.reference import parse_reference, pulled_name
from specs.resources.roles import role_problem
from specs.words.durations import UNITS, parse_duration, print_duration
from specs.words.ids import id_problem
from specs.words.sizes import parse_size, print_size
from specs.words.version import Version, docker_version, parse_version


@given(st.integers(0, 15_000), st.sampled_from(sorted(UNITS)))
def test_a_printed_duration_is_read_again(number: int, unit: str) -> None:
    nanoseconds = number * UNITS[unit]
    if nanoseconds < 2**53:  # as exact as a double is
        # A double of hours or days is cut off to nanoseconds, as Mesos cuts it.
        assert parse_duration(print_duration(nanoseconds)) == pytest.approx(nanoseconds, rel=1e-13, abs=2)
    assert parse_duration(f"{number}{unit}") == nanoseconds


@given(st.integers(0, 2**63))
def test_a_printed_size_is_read_again(size: int) -> None:
    assert parse_size(print_size(size)) == size


@pytest.mark.parametrize(("read", "text", "problem"), [
    (parse_size, "1.5MB", "Fractional bytes '1.5MB'"), (parse_size, "12", "Invalid bytes '12'"),
    (parse_size, "1XB", "Unknown bytes unit 'XB'"), (parse_size, "MB", "Failed to convert '' to number"),
    (parse_size, "9" * 5000 + "B", f"Failed to convert '{'9' * 5000}' to number"),
    (parse_duration, "300000000weeks",
     "Argument out of the range that a Duration can represent due to int64_t's size limit"),
    (parse_version, "1.2.3.4", "Version has 4 components; maximum 3 components allowed"),
    (parse_version, "1.2-", "Invalid prerelease label: Empty label"),
    (parse_version, "1+a_b", "Invalid build label: Identifier contains illegal character: '_'"),
])
def test_wrong_texts(read: Callable[[str], Any], text: str, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(text)
    assert caught.value.problem == problem


@given(st.text())
def test_readers_raise_nothing_else(text: str) -> None:
    for read in (parse_size, parse_duration, parse_version, docker_version, parse_reference, parse_auth_config,
                 parse_index, parse_oci_manifest):
        with contextlib.suppress(SpecError):
            read(text)


@given(st.from_regex(r"\A[a-z0-9/:.@-]{1,40}\Z").filter(lambda text: text.count("@") < 2))
def test_a_reference_is_printed_as_it_was_read(text: str) -> None:
    reference = parse_reference(text)
    if reference.tag is None or reference.digest is None:
        assert str(reference) == text


def test_mesos_pulls_latest() -> None:
    assert pulled_name("host:5000/app") == "host:5000/app:latest"
    assert pulled_name("app@sha256:1") == "app@sha256:1"


def test_versions_are_ordered_as_semver_orders_them() -> None:
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
               "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0"]
    versions = [parse_version(text) for text in ordered]
    assert sorted(versions, key=str) != versions
    assert sorted(sorted(versions, key=str)) == versions
    assert [str(version) for version in versions] == ordered
    assert Version(1, 2, 3, build=("x",)) != Version(1, 2, 4)


@pytest.mark.parametrize(("role", "valid"), [
    ("*", True), ("a/b", True), ("", False), ("/a", False), ("a/", False), ("a//b", False), ("a/./b", False),
    ("..", False), ("a/*", False), ("-a", False), ("a b", False)])
def test_roles(role: str, valid: bool) -> None:
    assert (role_problem(role) is None) is valid


def test_an_id_has_at_most_255_bytes() -> None:
    assert id_problem("x" * 255) is None
    assert id_problem("é" * 128) == "ID must not be greater than 255 characters"


def test_credentials_of_newer_files() -> None:
    config = parse_auth_config(json.dumps({
        "auths": {"https://index.docker.io/v1/": {"auth": "YTpi"}, "r.io": {"identitytoken": "t"}},
        "credHelpers": {"gcr.io": "gcloud"}}))
    assert find_auth(config, None) == Auth("YTpi")
    assert find_auth(config, "gcr.io") == "gcloud"
    assert find_auth(config, "other.io") is None
    assert "YTpi" not in repr(config)
    assert find_auth(parse_auth_config('{"auths": {}, "credsStore": "desktop"}'), "any.io") == "desktop"
    assert parse_auth_config('{"credHelpers": {"a.io": "x"}}').helpers == {"a.io": "x"}
    assert auth_host("https://a.io/v1/") == "a.io"


_LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 5 << 30, "digest": "sha256:1"}


def test_oci_manifests_and_indexes() -> None:
    manifest = {"schemaVersion": 2, "config": {**_LAYER, "size": 7}, "layers": [_LAYER]}
    assert parse_oci_manifest(manifest).layers[0].size == 5 << 30
    assert parse_oci_manifest({**manifest, "mediaType": OCI_MANIFEST}).media_type == OCI_MANIFEST
    with pytest.raises(SpecError, match="'mediaType' field must be"):
        parse_oci_manifest({**manifest, "mediaType": OCI_INDEX})
    with pytest.raises(SpecError, match=r"Missing required fields: schemaVersion, config\.size, layers\[0\]\.digest"):
        parse_oci_manifest({"config": {"mediaType": "m", "digest": "a:b"}, "layers": [{"mediaType": "m", "size": 1}]})
    entry = {**_LAYER, "platform": {"architecture": "arm64", "os": "linux", "variant": "v8"}}
    index = parse_index({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": [entry]})
    assert for_platform(index, "arm64") == index.manifests[0]
    assert for_platform(index, "amd64") is None
