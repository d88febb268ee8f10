"""What `mesos-docker init` writes, as a container."""
from __future__ import annotations

import json

from deploy.client.definitions import TEMPLATE, without_comments
from tests.docker.made import Made

HERE = "until test -e index.html && wget -q -O - 127.0.0.1; do sleep 0.1; done"


def test_it_serves_and_ends_when_it_is_asked_to(made: Made) -> None:
    container = made.start("sh", "-c", json.loads(without_comments(TEMPLATE))["cmd"])
    assert made.shell(container, HERE) == (0, "<h1>hello</h1>\n")
    made.docker.containers.stop(container, 60)
    assert made.docker.containers.wait(container, 60) == 0  # and not 137: killed
