"""What the launcher runs in place of an executor that will not come back: it ends what that has left.

Of a drop-in that is one container: an agent takes no second v0 executor, so it cannot come back at
all; and the agent, which tells the failure, stops no container whose executor is gone. As Mesos: an
executor's crash leaves the container running until --docker_remove_delay, six hours by default.
What it was attached to by CNI is told to give its address back.
Of a custom executor, which has crashed too often, it is all that carries its labels, stopped and
removed. Secrets go with the launcher (admission/secrets.py).
"""
from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from executor.docker.runtime import DockerRuntime
from executor.engine.failures import NoSuchContainer, RuntimeFailure
from executor.engine.port import Inspection
from executor.node.cni import delete
from executor.settings import labels as names
from executor.settings.flags import Flags
from executor.settings.settings import CniFolders, cni_folders
from specs.words.defaults import DOCKER_SOCKET

log = logging.getLogger(__name__)

AT_ONCE = 16


def end_container(flags: Flags) -> bool:
    """Of a drop-in; whether that is certain."""
    assert flags.container is not None  # noqa: S101 - it is one
    try:
        runtime = _runtime(flags)
        runtime.containers.stop(flags.container, (flags.stop_timeout or 0) / 1e9)
        if (folders := cni_folders(flags)) is not None:
            _detach(runtime.containers.inspect(flags.container), folders)
    except NoSuchContainer:
        return True
    except RuntimeFailure as failure:
        log.error("The executor crashed; its container %s was not ended: %s", flags.container, failure)  # noqa: TRY400 - it says all
        return False
    log.warning("The executor crashed; its container %s was ended", flags.container)
    return True


def _detach(ended: Inspection, folders: CniFolders) -> None:
    delete(folders, ended.id, names.cni_networks(ended.labels))


def end_all(flags: Flags, labels: Mapping[str, str], grace: float) -> bool:
    """Of a custom executor with these labels; whether nothing is left. `grace`: seconds between the
    stop signal and SIGKILL.
    """
    ours, runtime = names.of_one_executor(labels), _runtime(flags)
    try:
        found = runtime.containers.ls(ours) if ours else []
    except RuntimeFailure as failure:
        log.error("The executor crashed; its containers were not ended: %s", failure)  # noqa: TRY400
        return False
    turns, ended = threading.Semaphore(AT_ONCE), list[str]()

    def end(container: Inspection) -> None:
        with turns:
            try:
                runtime.containers.stop(container.id, grace)
                runtime.containers.remove(container.id)
            except RuntimeFailure as failure:
                log.error("Container %s is left: %s", container.name, failure)  # noqa: TRY400
            else:
                ended.append(container.id)
                if (folders := cni_folders(flags)) is not None:
                    _detach(container, folders)

    threads = [threading.Thread(target=end, args=(each,)) for each in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.warning("The executor crashed; %s of its %s containers were ended", len(ended), len(found))
    return len(ended) == len(found)


def _runtime(flags: Flags) -> DockerRuntime:
    return DockerRuntime(flags.docker_socket or DOCKER_SOCKET)
