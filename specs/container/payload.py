"""RunOptions as the Engine API's create payload; `specs/container/command_line.py` says the same in
words.

Since there is no command line between, DockerInfo.parameters are applied by `specs/parameters`,
after all else, so that they win or add as they would there. Secret files are mounted from where
`Place.secrets` says; whoever makes the container writes them there first.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from specs.container.run_options import Device, Mount, Network, RunOptions
from specs.errors import SpecError
from specs.parameters.applied import apply_parameters
from specs.parameters.networks import Attachment
from specs.parameters.networks import network as read_network
from specs.parameters.options import ApiVersion, settings


def create_payload(options: RunOptions, labels: Mapping[str, str] | None = None, *,
                   api: ApiVersion | None = None) -> dict[str, Any]:
    """The body of POST /containers/create; the name and "Platform", if it is there, belong into the
    query.

    `labels` are the executor's own and win over those of the task; `api` is the engine's version if
    known. Raises SpecError for what cannot be said to the engine.
    """
    payload: dict[str, Any] = {
        "Image": options.image, "Env": [f"{key}={value}" for key,
                                        value in sorted(options.env.items())],
        "AttachStdout": True, "AttachStderr": True, "HostConfig": _host_config(options),
    }
    if options.arguments:
        payload["Cmd"] = list(options.arguments)
    if options.entrypoint is not None:
        payload["Entrypoint"] = [options.entrypoint]
    _put(payload, "Hostname", options.hostname)
    _put(payload, "User", options.user)
    _put(payload, "Tty", options.tty)
    for mapping in options.port_mappings:
        port = f"{mapping.container_port}/{(mapping.protocol or 'tcp').lower()}"
        payload.setdefault("ExposedPorts", {})[port] = {}
        bindings = payload["HostConfig"].setdefault("PortBindings", {})
        bindings.setdefault(port, []).append({"HostIp": "", "HostPort": str(mapping.host_port)})
    apply_parameters(payload, settings(options.parameters, api=api), _attachments(options), api)
    if labels:
        payload.setdefault("Labels", {}).update(labels)
    return payload


def _put(target: dict[str, Any], key: str, value: Any) -> None:
    if value:
        target[key] = list(value) if isinstance(value, tuple) else value


_UNSAID_LISTS: Final = ("BlkioDeviceReadBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteBps",
                        "BlkioDeviceWriteIOps",
                        "BlkioWeightDevice", "Devices", "Dns", "DnsOptions", "DnsSearch", "Ulimits")


def _unsaid() -> dict[str, Any]:
    """What the command line says where it is told nothing; `docker inspect` shows the difference to
    saying nothing.
    """
    return {**{key: [] for key in _UNSAID_LISTS}, "PortBindings": {}, "OomKillDisable": False,
            "MemorySwappiness": -1,
            "PidsLimit": 0, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}


def _host_config(options: RunOptions) -> dict[str, Any]:
    host: dict[str, Any] = _unsaid()
    for key, value in (
            ("Privileged", options.privileged), ("CpuShares", options.cpu_shares),
            ("CpuQuota", options.cpu_quota),
            ("MemoryReservation", options.memory_reservation), ("Memory", options.memory),
            ("OomScoreAdj", options.oom_score_adj), ("VolumeDriver", options.volume_driver),
            ("Dns", options.dns),
            ("DnsSearch", options.dns_search), ("DnsOptions", options.dns_opt),
            ("CapAdd", options.cap_add),
            ("CapDrop", options.cap_drop), ("SecurityOpt", options.security_opt),
            ("ShmSize", options.shm_size), ("IpcMode", options.ipc), ("PidMode", options.pid),
            ("Binds", (*options.volumes, *secret_binds(options))),
            ("Mounts", tuple(_mount(mount)
                             for mount in (*options.mounts, *secret_mounts(options)))),
            ("Devices", tuple(_device(device) for device in options.devices)),
            ("Ulimits", tuple({"Name": u.name, "Soft": u.soft, "Hard": u.hard}
                              for u in options.ulimits)),
            ("DeviceRequests", _gpu_request(options.gpus))):
        _put(host, key, value)
    return host


def _gpu_request(gpus: int | None) -> tuple[dict[str, Any], ...]:
    if gpus is None:
        return ()
    return ({"Driver": "", "Count": gpus, "DeviceIDs": [], "Capabilities": [["gpu"]],
             "Options": {}},)


def secret_binds(options: RunOptions) -> tuple[str, ...]:
    """Secret files in `-v` form."""
    return tuple(f"{secret.source}:{secret.target}:{'ro' if secret.read_only else 'rw'}"
                 for secret in options.secret_files if ":" not in secret.target)


def secret_mounts(options: RunOptions) -> tuple[Mount, ...]:
    """Secret files whose target has a colon, which ends a path in the `-v` form."""
    return tuple(Mount("bind", secret.target, secret.source, read_only=secret.read_only)
                 for secret in options.secret_files if ":" in secret.target)


def permissions(device: Device) -> str:
    """Some of rwm. Raises SpecError, as Mesos at run time (docker.cpp, `Docker::run`)."""
    if not device.host_path.startswith("/"):
        raise SpecError("devices", f"Device path '{device.host_path}' is not an absolute path")
    letters = "r" * device.read + "w" * device.write + "m" * device.mknod
    if not letters:
        raise SpecError("devices", "At least one access required for --devices: none specified for "
                                   f"'{device.host_path}'")
    return letters


def _device(device: Device) -> dict[str, Any]:
    return {"PathOnHost": device.host_path, "PathInContainer": device.container_path,
            "CgroupPermissions": permissions(device)}


def _mount(mount: Mount) -> dict[str, Any]:
    result: dict[str, Any] = {"Type": mount.type, "Target": mount.target}
    _put(result, "Source", mount.source)
    _put(result, "ReadOnly", mount.read_only)
    if mount.driver is not None or mount.driver_options:
        config: dict[str, Any] = {}
        _put(config, "Name", mount.driver)
        _put(config, "Options", dict(mount.driver_options))
        result["VolumeOptions"] = {"DriverConfig": config}
    if mount.propagation is not None:
        result["BindOptions"] = {"Propagation": mount.propagation}
    return result


def _attachments(options: RunOptions) -> list[Attachment]:
    if not options.networks:
        return [read_network(options.network)]
    return [Attachment(network.name, _endpoint(network)) for network in options.networks]


def _endpoint(network: Network) -> dict[str, Any]:
    addresses: dict[str, Any] = {}
    _put(addresses, "IPv4Address", network.ipv4)
    _put(addresses, "IPv6Address", network.ipv6)
    endpoint: dict[str, Any] = {}
    _put(endpoint, "IPAMConfig", addresses)
    _put(endpoint, "Aliases", network.aliases)
    return endpoint
