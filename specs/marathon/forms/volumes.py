"""The JSON of volumes. Which kind one is, its keys tell; with none of them it is taken for a path
of the agent.

As Marathon: docs/docs/rest-api/public/api/v2/types/volumes.raml, but that it tells what is wrong in
the kind that was meant, where Marathon always speaks of `hostPath`.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from specs.marathon.container import (
    CsiCapability,
    CsiOptions,
    CsiVolume,
    ExternalVolume,
    HostVolume,
    PersistentVolume,
    SecretVolume,
    VolumeMode,
)
from specs.marathon.forms.kinds import (
    BOOLEAN,
    LONG,
    NOT_EMPTY,
    TEXT,
    TEXTS,
    FormField,
    Kind,
    Notes,
    choice,
    list_of,
    record,
)

_MODE = choice(("RO", "RW"))
_PLACE = (FormField("container_path", NOT_EMPTY, required=True), FormField("mode", _MODE, required=True))


@dataclass(frozen=True, slots=True)
class _Persistent:
    """The object `persistent`, which is part of its volume here."""

    size: int
    type: str | None = None
    max_size: int | None = None
    profile_name: str | None = None
    constraints: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class _External:
    """The object `external` of a volume driver; what it has to have is a rule's business, as in
    Marathon."""

    name: str | None = None
    provider: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    size: int | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class _Csi:
    """The object `external` of a storage plugin."""

    name: str
    provider: str
    options: CsiOptions


_PERSISTENT = record(
    _Persistent, FormField("size", LONG, required=True),
    FormField("type", choice(("root", "path", "mount"))),
    FormField("max_size", LONG), FormField("profile_name", TEXT),
    FormField("constraints", list_of(list_of(TEXT), unique=True)))
_EXTERNAL = record(
    _External, FormField("name", TEXT), FormField("provider", TEXT),
    FormField("options", TEXTS, omit_empty=True), FormField("size", LONG), FormField("shared", BOOLEAN))
_CAPABILITY = record(
    CsiCapability, FormField("access_mode", choice(VolumeMode), required=True),
    FormField("access_type", choice(("block", "mount")), required=True), FormField("fs_type", TEXT),
    FormField("mount_flags", list_of(TEXT), omit_empty=True))
_CSI_OPTIONS = record(
    CsiOptions, FormField("plugin_name", NOT_EMPTY, required=True),
    FormField("capability", _CAPABILITY, required=True),
    FormField("node_stage_secret", TEXTS, omit_empty=True),
    FormField("node_publish_secret", TEXTS, omit_empty=True),
    FormField("volume_context", TEXTS, omit_empty=True))
_CSI = record(_Csi, FormField("name", TEXT, required=True), FormField("provider", TEXT, required=True),
              FormField("options", _CSI_OPTIONS, required=True))


def _persistent(container_path: str, mode: str, persistent: _Persistent) -> PersistentVolume:
    kind = persistent.type or ("root" if persistent.profile_name is None else "mount")
    return PersistentVolume(container_path, persistent.size, mode, kind, persistent.max_size,
                            persistent.profile_name, persistent.constraints)


def _external(container_path: str, mode: str, external: _External) -> ExternalVolume:
    return ExternalVolume(container_path, external.name or "", external.provider or "",
                          external.options, mode, external.size, external.shared)


def _csi(container_path: str, mode: str, external: _Csi) -> CsiVolume:
    return CsiVolume(container_path, external.name, external.options, mode)


_HOST_FORM = record(HostVolume, *_PLACE, FormField("host_path", NOT_EMPTY, required=True))
_SECRET_FORM = record(SecretVolume, _PLACE[0], FormField("secret", NOT_EMPTY, required=True),
                      passed=frozenset({"mode"}))
_PERSISTENT_FORM = record(_persistent, *_PLACE, FormField("persistent", _PERSISTENT, required=True))
_EXTERNAL_FORM = record(_external, *_PLACE, FormField("external", _EXTERNAL, required=True))
_CSI_FORM = record(_csi, *_PLACE, FormField("external", _CSI, required=True))


def _read(value: Any, path: str, notes: Notes) -> Any:
    if not isinstance(value, dict):
        return notes.wrong(path, "error.expected.jsobject")
    if value.get("persistent") is not None:
        return _PERSISTENT_FORM.read(value, path, notes)
    external = value.get("external")
    if external is not None:
        is_csi = isinstance(external, dict) and external.get("provider") == "csi"
        return (_CSI_FORM if is_csi else _EXTERNAL_FORM).read(value, path, notes)
    if value.get("secret") is not None and value.get("hostPath") is None:
        return _SECRET_FORM.read(value, path, notes)
    return _HOST_FORM.read(value, path, notes)


def _write(volume: Any) -> Any:
    place = {"containerPath": volume.container_path}
    if isinstance(volume, SecretVolume):
        return {**place, "secret": volume.secret}
    place["mode"] = volume.mode
    if isinstance(volume, PersistentVolume):
        return {**place, "persistent": _PERSISTENT.write(volume)}
    if isinstance(volume, CsiVolume):
        return {**place, "external": _CSI.write(_Csi(volume.name, "csi", volume.options))}
    if isinstance(volume, ExternalVolume):
        return {**place, "external": _EXTERNAL.write(volume)}
    return {**place, "hostPath": volume.host_path}


VOLUME = Kind(_read, _write)
