"""Image manifests: Docker's v1, v2 schema 1 and v2 schema 2, and OCI's image manifests and indexes.

The first three as Mesos: docker/spec.cpp and include/mesos/docker/*.proto, with its error texts; it
refuses the OCI forms, which registries of today serve. Null counts as absent and unknown fields are
ignored. Sizes are bytes; Mesos keeps them in 32 bits, which layers of 4 GiB and more do not fit
into, so here they are 64.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from specs.errors import SpecError
from specs.forms.jsonfields import Field, Schema, parse_object
from specs.images.platform import Platform

DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What a container of the image starts with."""

    hostname: str | None = None
    entrypoint: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    user: str | None = None
    cmd: tuple[str, ...] = ()
    working_dir: str | None = None
    image: str | None = None
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class V1Manifest:
    """One layer's JSON of the oldest form; everything may be absent."""

    id: str | None = None
    parent: str | None = None
    comment: str | None = None
    created: str | None = None
    container: str | None = None
    container_config: ImageConfig | None = None
    docker_version: str | None = None
    author: str | None = None
    config: ImageConfig | None = None
    architecture: str | None = None
    os: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class FsLayer:
    """A layer by its digest."""

    blob_sum: str


@dataclass(frozen=True, slots=True)
class History:
    """A layer's v1 manifest, as the text that was signed and read."""

    v1_compatibility: str
    v1: V1Manifest = V1Manifest()


@dataclass(frozen=True, slots=True)
class Jwk:
    """A public key."""

    kty: str
    kid: str | None = None
    crv: str | None = None
    x: str | None = None
    y: str | None = None


@dataclass(frozen=True, slots=True)
class SignatureHeader:
    """Who signed, and how."""

    alg: str
    jwk: Jwk | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature; nobody here verifies it."""

    header: SignatureHeader
    signature: str
    protected: str


@dataclass(frozen=True, slots=True)
class V2Schema1Manifest:
    """The newest layer first."""

    name: str
    tag: str
    architecture: str
    schema_version: int
    fs_layers: tuple[FsLayer, ...] = ()
    history: tuple[History, ...] = ()
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Something in a registry, by its digest."""

    media_type: str
    size: int
    digest: str
    urls: tuple[str, ...] = ()
    platform: Platform | None = None


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """v2 schema 2, and OCI's, which has the same fields; the oldest layer first."""

    schema_version: int
    config: Descriptor
    media_type: str | None = None
    layers: tuple[Descriptor, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageIndex:
    """One manifest per platform: Docker's manifest list and OCI's index."""

    schema_version: int
    media_type: str | None = None
    manifests: tuple[Descriptor, ...] = ()


def _text(required: bool = False) -> Field:
    return Field("string", required=required)


_TEXTS: Final = Field("string", repeated=True)
_CONFIG: Final = Schema(ImageConfig, {
    "Hostname": _text(), "Entrypoint": _TEXTS, "Env": _TEXTS, "User": _text(), "Cmd": _TEXTS,
    "WorkingDir": _text(), "Image": _text(), "Labels": Field("map")})
_V1: Final = Schema(V1Manifest, {
    **{name: _text() for name in ("id", "parent", "comment", "created", "container",
                                  "docker_version", "author", "architecture", "os")},
    "container_config": Field(_CONFIG), "config": Field(_CONFIG), "Size": Field("uint32")})
_JWK: Final = Schema(Jwk, {"kty": _text(True), "kid": _text(), "crv": _text(), "x": _text(),
                           "y": _text()})
_SIGNATURE: Final = Schema(Signature, {
    "header": Field(Schema(SignatureHeader, {"alg": _text(True), "jwk": Field(_JWK)}),
                    required=True),
    "signature": _text(True), "protected": _text(True)})
_V2_1: Final = Schema(V2Schema1Manifest, {
    "name": _text(True), "tag": _text(True), "architecture": _text(True),
    "fsLayers": Field(Schema(FsLayer, {"blobSum": _text(True)}), repeated=True),
    "history": Field(Schema(History, {"v1Compatibility": _text(True)}), repeated=True),
    "schemaVersion": Field("uint32", required=True),
    "signatures": Field(_SIGNATURE, repeated=True)})
_PLATFORM: Final = Schema(Platform,
                          {"architecture": _text(True), "os": _text(True), "variant": _text()})
_DESCRIPTOR: Final = Schema(Descriptor, {
    "mediaType": _text(True), "size": Field("uint64", required=True), "digest": _text(True),
    "urls": _TEXTS, "platform": Field(_PLATFORM)})
_V2_2: Final = Schema(ImageManifest, {
    "schemaVersion": Field("uint32", required=True), "mediaType": _text(True),
    "config": Field(_DESCRIPTOR, required=True), "layers": Field(_DESCRIPTOR, repeated=True)})
_OCI: Final = Schema(ImageManifest, {**_V2_2.fields, "mediaType": _text()})
_INDEX: Final = Schema(ImageIndex, {
    "schemaVersion": Field("uint32", required=True), "mediaType": _text(),
    "manifests": Field(_DESCRIPTOR, repeated=True)})


def parse_v1(text: str | dict[str, Any]) -> V1Manifest:
    """Nothing is demanded of it but the types. Raises SpecError with Mesos's text."""
    manifest: V1Manifest = parse_object(_V1, text)
    return manifest


def parse_v2_schema1(text: str | dict[str, Any]) -> V2Schema1Manifest:
    """With each layer's v1 manifest read. Raises SpecError with Mesos's text."""
    manifest: V2Schema1Manifest = parse_object(_V2_1, text)
    history = tuple(replace(item, v1=_v1_compatibility(item.v1_compatibility))
                    for item in manifest.history)
    prefix = "Docker v2 image manifest validation failed: "
    if not manifest.fs_layers:
        raise SpecError("fsLayers", f"{prefix}'fsLayers' field size must be at least one")
    if not history:
        raise SpecError("history", f"{prefix}'history' field size must be at least one")
    if len(manifest.fs_layers) != len(history):
        raise SpecError("fsLayers",
                        f"{prefix}The size of 'fsLayers' should be equal to the size of 'history'")
    for index, layer in enumerate(manifest.fs_layers):
        if ":" not in layer.blob_sum:
            raise SpecError(f"fsLayers[{index}].blobSum",
                            f"{prefix}Incorrect 'blobSum' format: {layer.blob_sum}")
    return replace(manifest, history=history)


def _v1_compatibility(text: str) -> V1Manifest:
    try:
        return parse_v1(text)
    except SpecError as error:
        what, _, detail = error.problem.partition(" parse failed: ")
        if what == "JSON":
            raise SpecError("history", f"Parsing v1Compatibility JSON failed: {detail}") from None
        raise SpecError("history",
                        f"Parsing v1Compatibility protobuf failed: {error.problem}") from None


def parse_v2_schema2(text: str | dict[str, Any]) -> ImageManifest:
    """Docker's own only. Raises SpecError with Mesos's text."""
    manifest: ImageManifest = parse_object(_V2_2, text)
    prefix = "Docker v2 s2 image manifest validation failed: "
    _check_manifest(manifest, prefix)
    if manifest.media_type != DOCKER_MANIFEST:
        raise SpecError("mediaType", f"{prefix}'mediaType' field must be '{DOCKER_MANIFEST}'")
    return manifest


def parse_oci_manifest(text: str | dict[str, Any]) -> ImageManifest:
    """OCI's; the media type may be absent. Raises SpecError."""
    manifest: ImageManifest = parse_object(_OCI, text)
    prefix = "OCI image manifest validation failed: "
    _check_manifest(manifest, prefix)
    if manifest.media_type not in {None, OCI_MANIFEST}:
        raise SpecError("mediaType", f"{prefix}'mediaType' field must be '{OCI_MANIFEST}'")
    return manifest


def _check_manifest(manifest: ImageManifest, prefix: str) -> None:
    if not manifest.layers:
        raise SpecError("layers", f"{prefix}'layers' field size must be at least one")
    for descriptor in (manifest.config, *manifest.layers):
        _check_digest(descriptor, prefix)
    if manifest.schema_version != 2:
        raise SpecError("schemaVersion", f"{prefix}'schemaVersion' field must be 2")


def _check_digest(descriptor: Descriptor, prefix: str) -> None:
    if ":" not in descriptor.digest:
        raise SpecError("digest", f"{prefix}Incorrect 'digest' format: {descriptor.digest}")


def parse_index(text: str | dict[str, Any]) -> ImageIndex:
    """An OCI index or Docker's manifest list. Raises SpecError."""
    index: ImageIndex = parse_object(_INDEX, text)
    prefix = "OCI image index validation failed: "
    for descriptor in index.manifests:
        _check_digest(descriptor, prefix)
    if index.schema_version != 2:
        raise SpecError("schemaVersion", f"{prefix}'schemaVersion' field must be 2")
    if index.media_type not in {None, OCI_INDEX, DOCKER_LIST}:
        raise SpecError("mediaType",
                        f"{prefix}'mediaType' field must be '{OCI_INDEX}' or '{DOCKER_LIST}'")
    return index


def for_platform(index: ImageIndex, architecture: str, system: str = "linux") -> Descriptor | None:
    """The manifest for this platform; the first, if there are variants."""
    return next((found for found in index.manifests if found.platform is not None
                 and (found.platform.architecture, found.platform.os) == (architecture, system)),
                None)
