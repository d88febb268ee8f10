"""What the launcher of a drop-in runs when the executor has crashed: it ends the container.

An agent takes no second v0 executor, so a drop-in that crashed cannot come back; and the agent, which
tells the failure, stops no container whose executor is gone. As Mesos: an executor's crash leaves the
container running until --docker_remove_delay, six hours by default. Secrets are not left: a drop-in
keeps none on the node, as Mesos's executor resolves none. What it was attached to by CNI is told to
give its address back.
"""
from __future__ import annotations

import os
import sys

from executor.docker.runtime import DockerRuntime
from executor.engine.failures import NoSuchContainer, RuntimeFailure
from executor.engine.port import Inspection
from executor.node.cni import delete
from executor.settings.flags import FlagError, parse
from executor.settings.labels import CNI
from executor.settings.settings import CniFolders, cni_folders
from specs.words.defaults import DOCKER_SOCKET


def main(words: list[str]) -> int:
    """Exit status: 0 if nothing is left, 1 if that cannot be said."""
    try:
        flags = parse(words, os.environ)
    except FlagError:
        return 0  # the executor has said so, and began nothing
    if flags.container is None:
        return 0
    grace = (flags.stop_timeout or 0) / 1e9
    containers = DockerRuntime(flags.docker_socket or DOCKER_SOCKET).containers
    try:
        containers.stop(flags.container, grace)
        if (folders := cni_folders(flags)) is not None:
            _detach(containers.inspect(flags.container), folders)
    except NoSuchContainer:
        return 0
    except RuntimeFailure as failure:
        print(f"The executor crashed; its container {flags.container} was not ended: {failure}",  # noqa: T201
              file=sys.stderr)
        return 1
    print(f"The executor crashed; its container {flags.container} was ended", file=sys.stderr)  # noqa: T201
    return 0


def _detach(ended: Inspection, folders: CniFolders) -> None:
    names = ended.labels.get(CNI, "")
    if names:
        delete(folders, ended.id, names.split(","))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
