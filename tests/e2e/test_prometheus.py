"""Prometheus finds what runs by `marathon_sd_configs`: a task in each network mode, which it then scrapes."""
from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from executor.docker.networks import NewNetwork
from tests.e2e.served import PATIENCE, Served, serving
from tests.engine import real_docker
from tests.patience import SLOW
from tests.ports import free_port

SERVE = "mkdir /www; echo it_runs 1 > /www/metrics.txt; exec httpd -f -h /www -p"
# Prometheus 3 reads only what says that it is text, which this server takes from a file's name.
CONFIG = {"scrape_configs": [{
    "job_name": "apps", "scrape_interval": "1s", "metrics_path": "/metrics.txt", "marathon_sd_configs": [{
        "servers": ["URL"], "refresh_interval": "1s", "authorization": {"credentials": "TOKEN"}}]}]}


@contextmanager
def prometheus(folder: Path, url: str, token: str) -> Iterator[str]:
    """Its own address."""
    address = f"127.0.0.1:{free_port()}"
    config = folder / "prometheus.yml"  # JSON is YAML
    config.write_text(json.dumps(CONFIG).replace("URL", url).replace("TOKEN", token))
    process = subprocess.Popen(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
         f"--web.listen-address={address}"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


@pytest.fixture
def network() -> Iterator[str]:
    name = f"prometheus-{uuid.uuid4().hex[:12]}"
    with real_docker() as docker:
        docker.networks.create(NewNetwork(name))
        yield name
        docker.networks.rm(name)


@pytest.fixture
def served(network: str, tmp_path: Path) -> Iterator[Served]:
    """`network` outlives it."""
    assert network
    with serving(tmp_path) as found:
        yield found


def apps(network: str) -> list[dict[str, Any]]:
    """The same server in host, bridge and container mode; each of its ports has a label."""
    one = {"containerPort": 80, "labels": {"metrics": "yes"}}
    modes: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("host", "$PORT0", {"portDefinitions": [{"port": 0, "name": "http", "labels": {"metrics": "yes"}}]}, {}),
        ("bridge", "80", {"networks": [{"mode": "container/bridge"}]}, {"portMappings": [{**one, "hostPort": 0}]}),
        ("own", "80", {"networks": [{"mode": "container", "name": network}]}, {"portMappings": [one]})]
    return [{"id": f"/mode/{name}", "cmd": f"{SERVE} {port}", "cpus": 0.1, "mem": 32, "instances": 2,
             "taskKillGracePeriodSeconds": 0, "labels": {"team.name": "a"},
             "container": {"type": "DOCKER", "docker": {"image": "busybox:static"}, **container}, **rest}
            for name, port, rest, container in modes]


def expected(served: Served) -> dict[str, set[str]]:
    """Where each app's tasks are scraped, by the rules of Prometheus: an address of its own, or its host's."""
    return {app["id"]: {f"{task['ipAddresses'][0]['ipAddress']}:80" if app["id"] == "/mode/own"
                        else f"{task['host']}:{task['ports'][0]}" for task in app["tasks"]}
            for app in served.ask("GET", "/v2/apps?embed=apps.tasks")[1]["apps"]}


def scraped(address: str) -> list[dict[str, Any]]:
    """The targets that answer."""
    try:
        with urllib.request.urlopen(f"http://{address}/api/v1/targets?state=active", timeout=10 * SLOW) as answer:
            found = json.load(answer)["data"]["activeTargets"]
    except OSError as error:  # it has only just started
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        return []
    return [each for each in found if each["health"] == "up"]


def test_every_task_is_a_target(served: Served, network: str, tmp_path: Path) -> None:
    assert served.ask("PUT", "/v2/groups", {"id": "/", "apps": [], "groups": [
        {"id": "/mode", "apps": apps(network)}]})[0] == 200
    served.until(lambda: served.ask("GET", "/v2/deployments")[1] == [], "the end of the deployment")
    with prometheus(tmp_path, served.url, served.token()) as address:
        deadline = time.monotonic() + PATIENCE
        while len(targets := scraped(address)) < 6:
            assert time.monotonic() < deadline, targets
            time.sleep(0.2)
        by_app: dict[str, set[str]] = {}
        for each in targets:
            found = each["discoveredLabels"]
            by_app.setdefault(found["__meta_marathon_app"], set()).add(found["__address__"])
            assert (found["__meta_marathon_image"], found["__meta_marathon_app_label_team_name"],
                    found["__meta_marathon_port_index"]) == ("busybox:static", "a", "0")
            kind = "definition" if found["__meta_marathon_app"] == "/mode/host" else "mapping"
            assert found[f"__meta_marathon_port_{kind}_label_metrics"] == "yes"
        assert by_app == expected(served)
        served.ask("PUT", "/v2/apps/mode/bridge", {"instances": 1})
        served.ask("DELETE", "/v2/apps/mode/own")
        while len(scraped(address)) != 3:
            assert time.monotonic() < deadline, scraped(address)
            time.sleep(0.2)
