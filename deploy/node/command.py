"""`mesos-docker node`: the commands on an agent, each imported when it is wanted."""
from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import click

from deploy.cli.main import LazyGroup


class NodeGroup(LazyGroup):
    """What `mesos-docker node` knows."""

    modules: ClassVar[Mapping[str, str]] = {
        "reap": "deploy.node.reap", "images": "deploy.node.images", "upgrade": "deploy.node.upgrade"}


@click.command(cls=NodeGroup)
def node() -> None:
    """Look after an agent's machine: what is left there, its images, its executors."""
