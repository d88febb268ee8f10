"""An app's container as Mesos's."""
from __future__ import annotations

import pytest

from scheduler.apps.containers import container_info
from scheduler.apps.ports import TaskPort
from specs.errors import SpecError
from specs.marathon.app import App
from specs.marathon.container import (
    AppImage,
    AppNetwork,
    AppPortMapping,
    Container,
    ContainerType,
    CsiCapability,
    CsiOptions,
    CsiVolume,
    DockerParameter,
    ExternalVolume,
    HostVolume,
    IpcSettings,
    LinuxSettings,
    NetworkMode,
    PersistentVolume,
    Seccomp,
    SecretVolume,
    Volume,
    VolumeMode,
)
from specs.messages import containerinfo as mesos
from specs.messages.values import Label
from specs.messages.values import Parameter as MesosParameter

BRIDGE = (AppNetwork(NetworkMode.BRIDGE),)
MAPPINGS = (AppPortMapping(80, 0, protocol="udp,tcp"), AppPortMapping(81),
            AppPortMapping(0, 0, network_names=("blue",)))
PORTS = (TaskPort(80, 31000, 80), TaskPort(81, None, 81), TaskPort(0, 31002, 31002))
TWICE = [(31000, 80, "udp"), (31000, 80, "tcp")]


def docker(**more: object) -> Container:
    return Container(docker=AppImage("redis", True, True, (DockerParameter("cap-add", "ALL"),)), **more)  # type: ignore[arg-type]


def volume(app: App, one: Volume) -> mesos.Volume:
    container = Container(docker=AppImage("redis"), volumes=(one,))
    info = container_info(App(app.id, secrets=app.secrets, container=container), (), "T")
    assert info is not None
    found, = info.volumes
    return found


def mapped(mappings: tuple[mesos.PortMapping, ...]) -> list[tuple[int, int, str | None]]:
    return [(each.host_port, each.container_port, each.protocol) for each in mappings]


def test_a_container_of_dockers() -> None:
    info = container_info(App("/a", container=docker(port_mappings=MAPPINGS), networks=BRIDGE, tty=True), PORTS, "T")
    assert info is not None
    assert info.docker is not None
    assert (info.type, info.docker.image, info.docker.network) == ("DOCKER", "redis", "BRIDGE")
    assert (info.docker.privileged, info.docker.force_pull_image) == (True, True)
    assert info.docker.parameters == (MesosParameter("cap-add", "ALL"), MesosParameter("label", "MESOS_TASK_ID=T"))
    assert mapped(info.docker.port_mappings) == [*TWICE, (31002, 31002, "tcp")]
    assert info.network_infos == ()
    assert info.tty_info == mesos.TTYInfo()


@pytest.mark.parametrize(("networks", "mode", "names"), [
    ((), "HOST", []), ((AppNetwork(NetworkMode.HOST),), "HOST", []), (BRIDGE, "BRIDGE", []),
    ((AppNetwork(name="blue"),), "USER", ["blue"]),
])
def test_its_networks(networks: tuple[AppNetwork, ...], mode: str, names: list[str]) -> None:
    info = container_info(App("/a", container=docker(), networks=networks), (), "T")
    assert info is not None
    assert info.docker is not None
    assert info.docker.network == mode
    assert [each.name for each in info.network_infos] == names


def test_a_container_of_mesos() -> None:
    networks = (AppNetwork(name="blue", labels={"k": "v"}), AppNetwork(name="red"))
    container = Container(ContainerType.MESOS, AppImage("redis", pull_config_secret="login"), port_mappings=MAPPINGS,
                          linux_info=LinuxSettings(Seccomp("strict"), IpcSettings("PRIVATE", 64)))
    info = container_info(App("/a", container=container, networks=networks, secrets={"login": "/my/login"}), PORTS, "T")
    assert info is not None
    assert info.type == "MESOS"
    assert info.mesos is not None
    assert info.mesos.image is not None
    assert info.mesos.image.docker is not None
    assert (info.mesos.image.docker.name, info.mesos.image.cached) == ("redis", True)
    login = info.mesos.image.docker.config
    assert login is not None
    assert login.reference is not None
    assert login.reference.name == "/my/login"
    blue, red = info.network_infos
    assert (blue.name, blue.labels, blue.ip_addresses) == ("blue", (Label("k", "v"),), (mesos.IPAddress(),))
    assert mapped(blue.port_mappings) == [*TWICE, (31002, 31002, "tcp")]
    assert mapped(red.port_mappings) == TWICE
    assert info.linux_info == mesos.LinuxInfo(seccomp=mesos.SeccompInfo("strict", unconfined=False),
                                              ipc_mode="PRIVATE", shm_size=64)


def test_a_bridge_of_mesos_has_a_name() -> None:
    app = App("/a", container=Container(ContainerType.MESOS), networks=BRIDGE)
    info = container_info(app, (), "T", bridge_name="cni-bridge")
    assert info is not None
    assert [each.name for each in info.network_infos] == ["cni-bridge"]
    assert info.mesos == mesos.MesosInfo()


def test_no_container() -> None:
    assert container_info(App("/a", cmd="x"), (), "T") is None
    info = container_info(App("/a", cmd="x", networks=(AppNetwork(name="blue"),)), (), "T")
    assert info == mesos.ContainerInfo(type="MESOS", mesos=mesos.MesosInfo())


def test_volumes() -> None:
    app = App("/a", secrets={"s": "/source"})
    assert volume(app, HostVolume("/data", "/mnt", "RO")) == mesos.Volume("RO", "/data", host_path="/mnt")
    found = volume(app, SecretVolume("/run/s", "s")).source
    assert found is not None
    assert found.type == "SECRET"
    assert found.secret is not None
    assert found.secret.reference is not None
    assert found.secret.reference.name == "/source"


def test_a_volume_of_a_driver() -> None:
    options = {"dvdi/driver": "rexray", "dvdi/iops": " 100 ", "other": "x"}
    found = volume(App("/a"), ExternalVolume("/data", "v", options=options, size=5)).source
    assert found is not None
    assert found.docker_volume == mesos.DockerVolume(
        "v", "rexray", (MesosParameter("iops", "100"), MesosParameter("size", "5")))


@pytest.mark.parametrize("access_type", ["block", "mount"])
def test_a_volume_of_a_storage_plugin(access_type: str) -> None:
    capability = CsiCapability(VolumeMode.MULTI_NODE_READER_ONLY, access_type, "ext4", ("ro",))
    options = CsiOptions("ebs", capability, {"k": "s"}, {}, {"c": "d"})
    found = volume(App("/a", secrets={"s": "/source"}), CsiVolume("/data", "v", options, "RO")).source
    assert found is not None
    assert found.csi_volume is not None
    assert found.csi_volume.plugin_name == "ebs"
    static = found.csi_volume.static_provisioning
    assert static is not None
    assert (static.volume_id, static.volume_context, list(static.node_stage_secrets)) == ("v", {"c": "d"}, ["k"])
    assert static.volume_capability.access_mode.mode == "MULTI_NODE_READER_ONLY"
    assert (static.volume_capability.block is None) is (access_type == "mount")
    assert (static.volume_capability.mount == mesos.MountVolume("ext4", ("ro",))) is (access_type == "mount")


@pytest.mark.parametrize(("one", "path"), [
    (PersistentVolume("data", 10), "container.volumes[0].persistent"),
    (ExternalVolume("/data", "v"), "container.volumes[0].external.options"),
    (SecretVolume("/run/s", "none"), "container.volumes[0].secret"),
])
def test_refused(one: Volume, path: str) -> None:
    with pytest.raises(SpecError) as raised:
        volume(App("/a"), one)
    assert raised.value.path == path
