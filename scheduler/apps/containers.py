"""An app's container as Mesos's ContainerInfo.

A container of Docker's gets the mappings that have a host port, and one parameter more than the app
says: a label with the task's id, by which tools find it. A container of Mesos's own is passed on as
it is; its networks carry the mappings. As Marathon: api/serialization/ContainerSerializer.scala,
mesosphere/mesos/TaskBuilder.scala, `computeContainerInfo`,
core/externalvolume/impl/providers/DVDIProvider.scala.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from scheduler.apps.ports import TaskPort
from specs.errors import SpecError
from specs.marathon import container as marathon
from specs.marathon.app import App
from specs.marathon.container import (
    CsiVolume,
    ExternalVolume,
    HostVolume,
    LinuxSettings,
    NetworkMode,
    PersistentVolume,
    SecretVolume,
)
from specs.messages.containerinfo import (
    AccessMode,
    BlockVolume,
    ContainerInfo,
    CSIVolume,
    DockerImage,
    DockerInfo,
    DockerVolume,
    Image,
    IPAddress,
    LinuxInfo,
    MesosInfo,
    MountVolume,
    NetworkInfo,
    PortMapping,
    SeccompInfo,
    StaticProvisioning,
    TTYInfo,
    Volume,
    VolumeCapability,
    VolumeSource,
)
from specs.messages.values import Label, Parameter, Secret, SecretReference

_DOCKER_NETWORKS = {NetworkMode.HOST: "HOST", NetworkMode.BRIDGE: "BRIDGE",
                    NetworkMode.CONTAINER: "USER"}
_DVDI = "dvdi/"
_DVDI_DRIVER = "dvdi/driver"

def container_info(app: App, ports: Sequence[TaskPort], task_id: str,
                   bridge_name: str = "mesos-bridge") -> ContainerInfo | None:
    """None for an app that runs in none: on the agent itself, in its network.

    `bridge_name` is the network of Mesos's own containers in a bridge. Raises SpecError for what
    cannot be passed on.
    """
    tty = TTYInfo() if app.tty else None
    if app.container is None:
        if app.is_in_host_network:
            return None
        return ContainerInfo(type="MESOS", mesos=MesosInfo(), tty_info=tty)
    volumes = tuple(_volume(volume, app, f"container.volumes[{place}]")
                    for place, volume in enumerate(app.container.volumes))
    if app.is_docker:
        return _docker(app, app.container, ports, task_id, volumes, tty)
    return _mesos(app, app.container, ports, bridge_name, volumes, tty)


def secret(app: App, name: str, path: str) -> Secret:
    """A reference to one of the app's secrets, for whoever resolves them.

    Raises SpecError if it has none so named.
    """
    if name not in app.secrets:
        raise SpecError(path, f"references an undefined secret: {name!r}")
    return Secret(type="REFERENCE", reference=SecretReference(name=app.secrets[name]))


def _docker(app: App, container: marathon.Container, ports: Sequence[TaskPort], task_id: str,
            volumes: tuple[Volume, ...], tty: TTYInfo | None) -> ContainerInfo:
    image = container.docker
    if image is None:
        raise SpecError("container.docker", "not defined")
    parameters = [Parameter(each.key, each.value) for each in image.parameters]
    names = [each.name for each in app.networks if each.mode is NetworkMode.CONTAINER]
    return ContainerInfo(
        type="DOCKER", volumes=volumes, tty_info=tty,
        network_infos=tuple(NetworkInfo(name=name) for name in names),
        docker=DockerInfo(
            image=image.image, network=_DOCKER_NETWORKS[_mode(app)], privileged=image.privileged,
            force_pull_image=image.force_pull_image,
            parameters=(*parameters, Parameter("label", f"MESOS_TASK_ID={task_id}")),
            port_mappings=tuple(each for mapping, port in _mapped(container, ports)
                                for each in _bound(mapping, port))))


def _mesos(app: App, container: marathon.Container, ports: Sequence[TaskPort], bridge_name: str,
           volumes: tuple[Volume, ...], tty: TTYInfo | None) -> ContainerInfo:
    infos = []
    for network in app.networks:
        if network.mode is NetworkMode.HOST:
            continue
        name = bridge_name if network.mode is NetworkMode.BRIDGE else network.name
        mappings = tuple(
            each for mapping, port in _mapped(container, ports)
            if all(wanted == name for wanted in mapping.network_names)
            for each in _bound(mapping, port))
        infos.append(NetworkInfo(ip_addresses=(IPAddress(),), name=name,
                                 labels=labels(network.labels), port_mappings=mappings))
    return ContainerInfo(type="MESOS", volumes=volumes, tty_info=tty, network_infos=tuple(infos),
                         mesos=MesosInfo(image=_mesos_image(app, container)),
                         linux_info=_linux_info(container.linux_info))


def _mesos_image(app: App, container: marathon.Container) -> Image | None:
    image = container.docker
    if image is None:
        return None
    name = image.pull_config_secret
    config = None if name is None else secret(app, name, "container.docker.pullConfig.secret")
    return Image(type="DOCKER", docker=DockerImage(name=image.image, config=config),
                 cached=not image.force_pull_image)


def _linux_info(settings: LinuxSettings | None) -> LinuxInfo | None:
    if settings is None:
        return None
    seccomp, ipc = settings.seccomp, settings.ipc_info
    return LinuxInfo(
        seccomp=None if seccomp is None else SeccompInfo(profile_name=seccomp.profile_name,
                                                         unconfined=seccomp.unconfined),
        ipc_mode=None if ipc is None else ipc.mode, shm_size=None if ipc is None else ipc.shm_size)


def _mode(app: App) -> NetworkMode:
    return app.networks[0].mode if app.networks else NetworkMode.HOST


def _mapped(container: marathon.Container,
            ports: Sequence[TaskPort]) -> list[tuple[marathon.AppPortMapping, TaskPort]]:
    """Each mapping with its port; none in the agent's network, where there are no mappings."""
    return list(zip(container.port_mappings or (), ports, strict=bool(container.port_mappings)))


def _bound(mapping: marathon.AppPortMapping, port: TaskPort) -> list[PortMapping]:
    if port.host is None:
        return []
    return [PortMapping(host_port=port.host, container_port=port.container, protocol=protocol)
            for protocol in mapping.protocols]


def _volume(volume: marathon.Volume, app: App, path: str) -> Volume:
    match volume:
        case HostVolume():
            return Volume(mode=volume.mode, container_path=volume.container_path,
                          host_path=volume.host_path)
        case SecretVolume():
            source = VolumeSource(type="SECRET",
                                  secret=secret(app, volume.secret, f"{path}.secret"))
            return Volume(mode="RO", container_path=volume.container_path, source=source)
        case ExternalVolume():
            source = VolumeSource(type="DOCKER_VOLUME", docker_volume=_dvdi(volume, path))
            return Volume(mode=volume.mode, container_path=volume.container_path, source=source)
        case CsiVolume():
            source = VolumeSource(type="CSI_VOLUME", csi_volume=_csi(volume, app, path))
            return Volume(mode=volume.mode, container_path=volume.container_path, source=source)
        case PersistentVolume():
            raise SpecError(f"{path}.persistent", "persistent volumes are not supported")


def _dvdi(volume: ExternalVolume, path: str) -> DockerVolume:
    options = {**volume.options, **({} if volume.size is None else {"dvdi/size": str(volume.size)})}
    driver = options.get(_DVDI_DRIVER)
    if not driver:
        raise SpecError(f"{path}.external.options", f"{_DVDI_DRIVER} is not defined")
    more = tuple(Parameter(key.removeprefix(_DVDI), value.strip()) for key, value in options.items()
                 if key.startswith(_DVDI) and key.lower() != _DVDI_DRIVER)
    return DockerVolume(name=volume.name, driver=driver, driver_options=more)


def _csi(volume: CsiVolume, app: App, path: str) -> CSIVolume:
    options = volume.options
    capability = options.capability
    is_block = capability.access_type == "block"
    mount = MountVolume(fs_type=capability.fs_type, mount_flags=capability.mount_flags)

    def secrets(names: Mapping[str, str], field: str) -> dict[str, Secret]:
        return {key: secret(app, name, f"{path}.external.options.{field}.{key}") for key,
                name in names.items()}

    return CSIVolume(plugin_name=options.plugin_name, static_provisioning=StaticProvisioning(
        volume_id=volume.name, volume_context=options.volume_context,
        volume_capability=VolumeCapability(
            access_mode=AccessMode(mode=capability.access_mode.value),
            block=BlockVolume() if is_block else None, mount=None if is_block else mount),
        node_stage_secrets=secrets(options.node_stage_secret, "nodeStageSecret"),
        node_publish_secrets=secrets(options.node_publish_secret, "nodePublishSecret")))


def labels(values: Mapping[str, str]) -> tuple[Label, ...]:
    """A mapping as Mesos's labels."""
    return tuple(Label(key, value) for key, value in values.items())
