"""The drop-in as Clusterd's agent starts it: a task on a CNI network, by Debian's plugins, proved by traffic."""
from __future__ import annotations

import json
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.executor.program.running import task
from tests.executor.program.test_executor_process import started
from tests.executor.program.test_program import flags
from tests.executor.program.test_v0_program import comes_true, environment, until
from tests.fakes.v0_agent import V0Agent
from tests.images import busybox_image

PLUGINS = "/usr/lib/cni"  # of Debian's containernetworking-plugins
PAGE = "served on a CNI network"
SERVE = f"mkdir /www; echo {PAGE} > /www/index.html; exec httpd -f -h /www -p 80"


@pytest.fixture(autouse=True, scope="module")
def _image() -> None:
    busybox_image()


@pytest.fixture
def name() -> Iterator[str]:
    chosen = f"mesos-{uuid.uuid4()}"
    yield chosen
    subprocess.run(["docker", "rm", "-f", "-v", chosen], check=False, capture_output=True)


@pytest.fixture
def bridge() -> Iterator[str]:
    chosen = f"cni{uuid.uuid4().hex[:8]}"
    yield chosen
    subprocess.run(["ip", "link", "delete", chosen], check=False, capture_output=True)


def configured(folder: Path, bridge: str, **more: Any) -> dict[str, str]:
    """Flags for a network `front` on this bridge; its leases are in `folder`."""
    (folder / "front.conf").write_text(json.dumps({
        "cniVersion": "0.4.0", "name": "front", "type": "bridge", "bridge": bridge,
        "isGateway": True, "ipMasq": False,
        "ipam": {"type": "host-local", "dataDir": str(folder / "leases"),
                 "ranges": [
                     [{"subnet": f"10.{100 + hash(bridge) % 90}.{hash(bridge) // 50 % 256}.0/24"}]]}, **more}))
    return {"network_cni_config_dir": str(folder), "network_cni_plugins_dir": PLUGINS}


def run(agent: V0Agent, command: str, network: str) -> None:
    agent.wait_said("RegisterExecutorMessage")
    info = task("t", command, network=network, container={"network_infos": [{"name": "front"}]})
    agent.run("t", **{key: value for key,
                      value in info.items() if key not in {"task_id", "name", "agent_id"}})


def addresses(agent: V0Agent) -> list[str]:
    (running,) = [update for update in agent.updates if update["state"] == "TASK_RUNNING"]
    infos = running["container_status"]["network_infos"]
    return [address["ip_address"] for info in infos for address in info["ip_addresses"]]


def leases(folder: Path) -> list[str]:
    return [each.name for each in (folder / "leases").rglob("10.*")]


@pytest.mark.parametrize("network", ["USER", "NONE"])
def test_it_is_reached_at_the_address_that_it_tells_and_gives_it_back(tmp_path: Path, name: str,
                                                                      bridge: str,
                                                                      network: str) -> None:
    (cni := tmp_path / "cni").mkdir()
    with V0Agent() as agent, started(environment(agent, tmp_path), tmp_path,
                                     flags(name, tmp_path, **configured(cni, bridge))) as process:
        run(agent, SERVE, network)
        until(agent, "TASK_RUNNING")
        (address,) = addresses(agent)
        assert leases(cni) == [address]
        with urllib.request.urlopen(f"http://{address}/", timeout=30) as answer:
            assert answer.read().decode().strip() == PAGE
        agent.kill("t", 0.0)
        until(agent, "TASK_KILLED")
        assert process.wait(30) == 0
    assert leases(cni) == []


def test_a_plugin_that_fails_ends_the_task_with_its_words(tmp_path: Path, name: str,
                                                          bridge: str) -> None:
    (cni := tmp_path / "cni").mkdir()
    said = configured(cni, bridge, ipam={"type": "host-local", "subnet": "10.1.2.0/33"})
    with V0Agent() as agent, started(environment(agent, tmp_path), tmp_path,
                                     flags(name, tmp_path, **said)) as process:
        run(agent, "sleep 600", "NONE")
        until(agent, "TASK_FAILED")
        assert process.wait(30) == 0
    assert "TASK_RUNNING" not in agent.states()
    assert "Failed to run docker container: CNI network 'front': plugin 'bridge' failed (ADD): " in \
        agent.updates[-1]["message"]
    assert "10.1.2.0/33" in agent.updates[-1]["message"]
    assert subprocess.run(["docker", "inspect", name], check=False,
                          capture_output=True).returncode != 0


def test_when_the_executor_crashes_its_launcher_gives_the_address_back(tmp_path: Path, name: str,
                                                                       bridge: str) -> None:
    (cni := tmp_path / "cni").mkdir()
    with V0Agent() as agent, started(environment(agent, tmp_path), tmp_path,
                                     flags(name, tmp_path, **configured(cni, bridge))) as process:
        run(agent, "sleep 600", "NONE")
        until(agent, "TASK_RUNNING")
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        subprocess.run(["kill", "-9", child], check=True)
        process.wait(60)
    comes_true(lambda: leases(cni) == [])


def test_flags_that_name_folders_without_networks_change_nothing(tmp_path: Path, name: str) -> None:
    said = {"network_cni_config_dir": str(tmp_path / "nowhere"),
            "network_cni_plugins_dir": str(tmp_path)}
    with V0Agent() as agent, started(environment(agent, tmp_path), tmp_path,
                                     flags(name, tmp_path, **said)) as process:
        run(agent, "exit 3", "BRIDGE")
        until(agent, "TASK_FAILED")
        assert process.wait(30) == 0
    assert agent.updates[-1]["message"] == "Container exited with status 3"
