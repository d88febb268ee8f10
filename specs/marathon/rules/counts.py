"""How many instances an app may have: asked when it is defined, and again when a whole group is
scaled.

As Marathon: state/AppDefinition.scala, `validBasicAppDefinition`, which its tree of groups is
checked by as well, and core/externalvolume/impl/providers.
"""
from __future__ import annotations

from collections.abc import Iterator

from specs.marathon.app import App
from specs.marathon.container import CsiVolume, ExternalVolume, VolumeMode
from specs.marathon.rules.config import MOST_INSTANCES


def count_problems(app: App) -> Iterator[tuple[str, str]]:
    """Why it cannot have so many; the paths are those of the app."""
    if app.is_single_instance and app.instances > 1:
        yield "/", "Single instance app may only have one instance"
    if app.instances > MOST_INSTANCES:
        yield "/instances", f"got {app.instances}, expected {MOST_INSTANCES} or less"
    if app.instances > 1:
        yield from _by_volumes(app)


def _by_volumes(app: App) -> Iterator[tuple[str, str]]:
    volumes = app.container.volumes if app.container is not None else ()
    drivers = [volume for volume in volumes if isinstance(volume, ExternalVolume)
               and volume.provider == "dvdi"]
    if drivers:
        yield "/", f"Number of instances is limited to 1 when declaring DVDI volumes in app [{app.id}]"
    plugins = [volume for volume in volumes if isinstance(volume, CsiVolume)]
    if not plugins:
        return
    modes = [volume.options.capability.access_mode for volume in plugins]
    words = f"got {app.instances}, expected 1 or less"
    if not all(mode.is_shareable for mode in modes):
        yield "/instances", f"{words} while non-shareable CSI volumes are defined"
    elif all(mode is VolumeMode.MULTI_NODE_SINGLE_WRITER for mode in modes) \
            and all(volume.mode == "RW" for volume in plugins):
        yield "/instances", f"{words} while a multi-node single-writer volume is defined mounted as read/write"
