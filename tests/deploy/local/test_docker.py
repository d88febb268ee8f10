"""The docker containerizer's part, with real Docker: what the agent does around
`mesos-docker-executor`.
"""
from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from deploy.local import LocalMesos
from deploy.local.containers.containerizer import ContainerConfig
from deploy.local.containers.docker_containerizer import AGENT_LABEL, DockerContainerizer
from deploy.local.containers.processes import ProcessTable
from deploy.local.pytest_plugin import StartMesos
from deploy.local.records.flags import AgentFlags
from deploy.node.executors import custom_executors
from executor.settings import labels
from specs.forms import Json
from tests.deploy.local.client import Scheduler, command_task, wait_for
from tests.engine import containers as ours
from tests.images import busybox_image

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"


def docker_task(offer: Json, command: str, image: str) -> Json:
    return command_task("t", offer, command, container={
        "type": "DOCKER", "docker": {"image": image, "network": "NONE"}})


def containers(name: str) -> list[str]:
    listed = subprocess.run(["docker", "ps", "-a", "--format", "{{.Names}}"], check=True,
                            capture_output=True, text=True)
    return [line for line in listed.stdout.split() if name in line]


def test_close_stops_and_removes_the_container() -> None:
    image = busybox_image()
    with LocalMesos(resources=RESOURCES, executor_shutdown_grace_period=3.0) as mesos:
        scheduler = Scheduler(mesos.address)
        scheduler.subscribe()
        offer = scheduler.offer()
        scheduler.launch(offer, docker_task(offer, "exec sleep 600", image))
        status = scheduler.update("t", "TASK_RUNNING")
        name = status["container_status"]["container_id"]["value"]
        assert containers(name) == [f"mesos-{name}"]
        assert json.loads(b64decode(status["data"]))[0]["Name"] == f"/mesos-{name}"
    assert containers(name) == []


def test_close_removes_what_a_custom_executor_has_left_that_did_not_end() -> None:
    """One that hangs, or has a slow engine, is killed when its grace period is over."""
    with LocalMesos(resources=RESOURCES, executor_shutdown_grace_period=0.5) as mesos:
        command = [str(Path(sys.executable).with_name("mesos-docker")), "run", "--master", mesos.address,
                   "--image", busybox_image(), "--output", "json", "sleep", "600"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            while (status := json.loads(run.stdout.readline()))["state"] != "TASK_RUNNING":
                pass
            [container] = ours(task_id=status["task_id"]["value"])
            [executor] = [each for each in custom_executors()[0] if each.sandbox.startswith(str(mesos.work_dir))]
            os.kill(executor.pid, signal.SIGSTOP)
            run.kill()
        mesos.close()
    assert AGENT_LABEL == labels.AGENT
    assert container.labels[AGENT_LABEL]
    assert ours(task_id=status["task_id"]["value"]) == []


def test_the_container_of_an_ended_task_is_removed_after_the_delay(local_mesos: StartMesos) -> None:
    image = busybox_image()
    scheduler = Scheduler(local_mesos(resources=RESOURCES, docker_remove_delay=0.1).address)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, docker_task(offer, "echo out; exit 3", image))
    status = scheduler.update("t", "TASK_FAILED")
    assert status["message"] == "Container exited with status 3"
    wait_for(lambda: not containers(status["container_status"]["container_id"]["value"]))


def test_an_executor_that_cannot_be_started(local_mesos: StartMesos, tmp_path: Path) -> None:
    image = busybox_image()
    scheduler = Scheduler(local_mesos(resources=RESOURCES, launcher_dir=tmp_path).address)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, docker_task(offer, "true", image))
    status = scheduler.update("t")
    assert (status["state"], status["reason"]) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED")
    assert status["message"].startswith("Failed to launch container: Failed to fork executor: ")


def test_a_pull_that_never_ends_is_given_up(local_mesos: StartMesos, tmp_path: Path) -> None:
    """Docker itself gives a registry that does not answer up after a while, but not with containerd's images."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mesos = local_mesos(resources=RESOURCES, executor_registration_timeout=0.5)
        scheduler = Scheduler(mesos.address)
        scheduler.subscribe()
        offer = scheduler.offer()
        image = f"127.0.0.1:{silent.getsockname()[1]}/never:1"
        scheduler.launch(offer, docker_task(offer, "true", image))
        status = scheduler.update("t", "TASK_FAILED")
        assert (status["reason"], status["message"]) == (
            "REASON_CONTAINER_LAUNCH_FAILED", "Failed to launch container: Container destroyed while pulling image")
        assert image not in subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(("given", "flag"), [
    ({}, "--docker_socket=/var/run/docker.sock"), ({}, "--stop_timeout=0ns"), ({}, "--help=false"),
    ({"docker_stop_timeout": 1.5}, "--stop_timeout=1500ms"),
    ({"cgroups_enable_cfs": True}, "--cgroups_enable_cfs=true"),
    ({"flavour": "clusterd", "network_cni_config_dir": "/n"}, "--network_cni_config_dir=/n"),
    ({"flavour": "clusterd", "network_cni_plugins_dir": "/p:/q"}, "--network_cni_plugins_dir=/p:/q"),
    ({"default_container_dns": "{}"}, "--default_container_dns={}"),
])
def test_the_flags_of_the_executor(given: Json, flag: str, tmp_path: Path) -> None:
    flags = AgentFlags(work_dir=tmp_path, resources=[], launcher_dir=Path("/launcher"), **given)
    config = ContainerConfig("id", {}, {}, tmp_path, {}, None)
    argv = DockerContainerizer(flags, ProcessTable()).executor_argv(config)
    assert argv[0] == "/launcher/mesos-docker-executor"
    assert argv[1:] == sorted(argv[1:])
    assert flag in argv


def test_every_flag_that_an_agent_passes(tmp_path: Path) -> None:
    """No more and no less than the real ones: an executor refuses a flag that it does not know."""
    of_mesos = {"cgroups_enable_cfs", "container", "docker", "docker_socket", "help",
                "initialize_driver_logging", "launcher_dir", "logbufsecs", "logging_level",
                "mapped_directory", "quiet", "sandbox_directory", "stop_timeout"}
    of_clusterd = {"cleanup_log_files", "network_cni_config_dir", "network_cni_plugins_dir"}
    for flavour, names in (("mesos", of_mesos), ("clusterd", of_mesos | of_clusterd)):
        flags = AgentFlags(work_dir=tmp_path, resources=[], flavour=flavour,
                           network_cni_config_dir="/n", network_cni_plugins_dir="/p")
        argv = DockerContainerizer(flags, ProcessTable()).executor_argv(
            ContainerConfig("id", {}, {}, tmp_path, {}, None))
        assert {word.removeprefix("--").partition("=")[0] for word in argv[1:]} == names


def test_an_agent_of_mesos_keeps_its_cni_flags_to_itself(tmp_path: Path) -> None:
    """They are for its other containerizer."""
    flags = AgentFlags(work_dir=tmp_path, resources=[], network_cni_config_dir="/n",
                       network_cni_plugins_dir="/p")
    argv = DockerContainerizer(flags, ProcessTable()).executor_argv(
        ContainerConfig("id", {}, {}, tmp_path, {}, None))
    assert not [word for word in argv if "cni" in word]


def test_a_task_on_an_agent_of_clusterd(local_mesos: StartMesos, tmp_path: Path) -> None:
    image = busybox_image()
    scheduler = Scheduler(local_mesos(
        resources=RESOURCES, flavour="clusterd", network_cni_config_dir=str(tmp_path),
        network_cni_plugins_dir=str(tmp_path)).address)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, docker_task(offer, "exit 3", image))
    assert scheduler.update("t", "TASK_FAILED")["message"] == "Container exited with status 3"


def test_an_end_that_was_not_told_yet_when_the_agent_ends(tmp_path: Path) -> None:
    """Its container goes with the agent; that of an executor that runs stays."""
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\necho $* >> {tmp_path}/asked\n")
    docker.chmod(0o755)
    containerizer = DockerContainerizer(AgentFlags(work_dir=tmp_path, resources=[], docker=str(docker)),
                                        ProcessTable())

    async def stopped(running: int, ended: int) -> None:
        assert containerizer.recover("runs", running, lambda _: None)
        assert containerizer.recover("ended", ended, lambda _: None)
        containerizer.forget()
        await containerizer.finish()

    with subprocess.Popen(["sleep", "600"]) as running, subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        asyncio.run(stopped(running.pid, ended.pid))
        running.kill()
    assert (tmp_path / "asked").read_text() == "-H unix:///var/run/docker.sock rm -f -v mesos-ended\n"


def test_a_custom_executor_in_a_container_of_its_own(tmp_path: Path) -> None:
    """As the containerizer would run it: the executor's image, command, environment and sandbox."""
    docker = {"image": "i", "parameters": [{"key": "label", "value": "x=y"}]}
    executor = {"command": {"value": "./executor",
                            "environment": {"variables": [{"name": "A", "value": "b"}]}},
                "container": {"type": "DOCKER", "docker": docker}}
    config = ContainerConfig("id", executor, None, tmp_path, {"MESOS_DIRECTORY": "d"}, None)
    flags = AgentFlags(work_dir=tmp_path, resources=[])
    assert DockerContainerizer(flags, ProcessTable()).custom_argv(config) == [
        "docker", "-H", "unix:///var/run/docker.sock", "run", "--name", "mesos-id", "--net",
        "host", "-v", f"{tmp_path}:/mnt/mesos/sandbox", "-e", "A=b", "-e", "MESOS_DIRECTORY=d",
        "-e", "MESOS_SANDBOX=/mnt/mesos/sandbox", "--label=x=y", "--entrypoint", "/bin/sh", "i",
        "-c", "./executor"]
