"""The tasks and the app of the main job, and the ends that the tasks must have."""
from __future__ import annotations

from typing import Any

PORT = 8080  # of the host, unless it is taken
NGINX = "nginx"
PAGE = "<h1>Hello from a container that Mesos started.</h1>\n"

BATCH = {
    "hello": "TASK_FINISHED", "count": "TASK_FINISHED", "sleep": "TASK_FINISHED",
    "exits-with-3": "TASK_FAILED", "no-such-program": "TASK_FAILED",
}


def nginx_task(image: str, network: str, port: int = PORT) -> dict[str, Any]:
    """nginx on a network of its own, behind a port of the host; its pages come from the folder
    `html` of the task's sandbox."""
    return _task(NGINX, {
        "type": "DOCKER",
        "docker": {"image": image, "network": "USER",
                   "port_mappings": [{"host_port": port, "container_port": 80}]},
        "network_infos": [{"name": network}],
        "volumes": [{"host_path": "html", "container_path": "/var/www/html", "mode": "RO"}],
    }, {"shell": False}, ports=[port], kill_policy={"grace_period": {"nanoseconds": 5_000_000_000}})


def batch_tasks(image: str) -> list[dict[str, Any]]:
    """Five short tasks."""
    return [
        _shell("hello", image, "echo hello from $(hostname)"),
        _shell("count", image, "for i in 1 2 3; do echo $i; done"),
        _shell("sleep", image, "sleep 1"),
        _shell("exits-with-3", image, "echo this goes wrong >&2; exit 3"),
        _task("no-such-program", {"type": "DOCKER",
                                  "docker": {"image": image, "network": "BRIDGE"}},
              {"shell": False, "value": "no-such-program"}),
    ]


APP = "/web"


def app(image: str, version: str) -> dict[str, Any]:
    """Three web servers that answer with their version, at host ports that are found for them.

    They are asked at once whether they serve (Marathon waits for 15 s), and end on SIGTERM, which
    a container's first program hears only if it says so.
    """
    check = {"protocol": "MESOS_HTTP", "path": "/", "portIndex": 0, "gracePeriodSeconds": 20,
             "delaySeconds": 0, "intervalSeconds": 1, "timeoutSeconds": 5, "maxConsecutiveFailures": 3}
    page = "mkdir -p /www; echo $VERSION > /www/index.html; httpd -f -p 80 -h /www & wait $!"
    return {
        "id": APP, "instances": 3, "cpus": 0.1, "mem": 32, "env": {"VERSION": version},
        "cmd": f"trap 'exit 0' TERM; {page}",
        "container": {"type": "DOCKER", "docker": {"image": image},
                      "portMappings": [{"containerPort": 80, "hostPort": 0}]},
        "networks": [{"mode": "container/bridge"}], "healthChecks": [check],
        "labels": {"MESOS_DOCKER_DRAIN_SECONDS": "3"},
    }


def _shell(name: str, image: str, line: str) -> dict[str, Any]:
    container = {"type": "DOCKER", "docker": {"image": image, "network": "BRIDGE"}}
    return _task(name, container, {"shell": True, "value": line})


def _task(name: str, container: dict[str, Any], command: dict[str, Any], *,
          ports: list[int] | None = None, **more: Any) -> dict[str, Any]:
    resources: list[dict[str, Any]] = [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
        {"name": "mem", "type": "SCALAR", "scalar": {"value": 64.0}},
    ]
    if ports:
        ranges = [{"begin": port, "end": port} for port in ports]
        resources.append({"name": "ports", "type": "RANGES", "ranges": {"range": ranges}})
    return {"name": name, "task_id": {"value": name}, "command": command, "container": container,
            "resources": resources, **more}
