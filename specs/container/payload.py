"""The two renderings of RunOptions: the Engine API's create payload, and the equal `docker run` command line.

`argv` is what Mesos would run, word for word and in its order, with the options that Mesos does not have before
`--entrypoint`. `create_payload` says the same to the engine; since there is no command line between,
DockerInfo.parameters are applied to it by `parameters`, after all else, so that they win or add as they would
on a command line. A secret file is mounted from `secret_directory`/<index>; whoever makes the container writes it
there first.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from specs.container.option_networks import Attachment
from specs.container.option_networks import network as read_network
from specs.container.options import ApiVersion, settings
from specs.container.parameters import apply_parameters
from specs.container.run_options import Device, Mount, Network, PortMapping, RunOptions
from specs.errors import SpecError


def create_payload(options: RunOptions, labels: Mapping[str, str] | None = None, *,
                   secret_directory: str | None = None, api: ApiVersion | None = None) -> dict[str, Any]:
    """The body of POST /containers/create; the name and "Platform", if it is there, belong into the query.

    `labels` are the executor's own and win over those of the task; `api` is the engine's version if known.
    Raises SpecError for what cannot be said to the engine.
    """
    payload: dict[str, Any] = {
        "Image": options.image, "Env": [f"{key}={value}" for key, value in sorted(options.env.items())],
        "AttachStdout": True, "AttachStderr": True, "HostConfig": _host_config(options, secret_directory),
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


_UNSAID_LISTS: Final = ("BlkioDeviceReadBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteBps", "BlkioDeviceWriteIOps",
                        "BlkioWeightDevice", "Devices", "Dns", "DnsOptions", "DnsSearch", "Ulimits")


def _unsaid() -> dict[str, Any]:
    """What the command line says where it is told nothing; `docker inspect` shows the difference to saying nothing."""
    return {**{key: [] for key in _UNSAID_LISTS}, "PortBindings": {}, "OomKillDisable": False, "MemorySwappiness": -1,
            "PidsLimit": 0, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}


def _host_config(options: RunOptions, secret_directory: str | None) -> dict[str, Any]:
    host: dict[str, Any] = _unsaid()
    for key, value in (
            ("Privileged", options.privileged), ("CpuShares", options.cpu_shares), ("CpuQuota", options.cpu_quota),
            ("MemoryReservation", options.memory_reservation), ("Memory", options.memory),
            ("OomScoreAdj", options.oom_score_adj), ("VolumeDriver", options.volume_driver), ("Dns", options.dns),
            ("DnsSearch", options.dns_search), ("DnsOptions", options.dns_opt), ("CapAdd", options.cap_add),
            ("CapDrop", options.cap_drop), ("SecurityOpt", options.security_opt), ("ShmSize", options.shm_size),
            ("IpcMode", options.ipc), ("PidMode", options.pid),
            ("Binds", (*options.volumes, *_secret_binds(options, secret_directory))),
            ("Mounts", tuple(_mount(mount) for mount in options.mounts)),
            ("Devices", tuple(_device(device) for device in options.devices)),
            ("Ulimits", tuple({"Name": u.name, "Soft": u.soft, "Hard": u.hard} for u in options.ulimits)),
            ("DeviceRequests", _gpu_request(options.gpus))):
        _put(host, key, value)
    return host


def _gpu_request(gpus: int | None) -> tuple[dict[str, Any], ...]:
    if gpus is None:
        return ()
    return ({"Driver": "", "Count": gpus, "DeviceIDs": [], "Capabilities": [["gpu"]], "Options": {}},)


def _secret_binds(options: RunOptions, directory: str | None) -> tuple[str, ...]:
    if options.secret_files and directory is None:
        raise SpecError("container.volumes", "There is no place to write secrets to")
    return tuple(f"{directory}/{index}:{secret.target}:{'ro' if secret.read_only else 'rw'}"
                 for index, secret in enumerate(options.secret_files))


def secret_writes(options: RunOptions, directory: str) -> tuple[tuple[str, bytes], ...]:
    """The files, by path on the host, that must be there (readable by the task's user) before the container is made."""
    return tuple((f"{directory}/{index}", secret.data) for index, secret in enumerate(options.secret_files))


def _permissions(device: Device) -> str:
    """Mesos's checks at run time (docker.cpp, `Docker::run`)."""
    if not device.host_path.startswith("/"):
        raise SpecError("devices", f"Device path '{device.host_path}' is not an absolute path")
    letters = "r" * device.read + "w" * device.write + "m" * device.mknod
    if not letters:
        raise SpecError("devices", "At least one access required for --devices: none specified for "
                                   f"'{device.host_path}'")
    return letters


def _device(device: Device) -> dict[str, Any]:
    return {"PathOnHost": device.host_path, "PathInContainer": device.container_path,
            "CgroupPermissions": _permissions(device)}


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


def _word(option: str, value: object) -> tuple[str, ...]:
    return () if value is None else (option, str(value))


def _limits_words(options: RunOptions) -> Iterator[str]:
    if options.privileged:
        yield "--privileged"
    yield from _word("--cpu-shares", options.cpu_shares)
    yield from _word("--cpu-quota", options.cpu_quota)
    yield from _word("--memory-reservation", options.memory_reservation)
    yield from _word("--memory", options.memory)
    yield from _word("--oom-score-adj", options.oom_score_adj)


def _environment_words(options: RunOptions) -> Iterator[str]:
    for key, value in sorted(options.env.items()):
        yield from ("-e", f"{key}={value}")
    for volume in options.volumes:
        yield from ("-v", volume)
    if options.volume_driver is not None:
        yield f"--volume-driver={options.volume_driver}"


def _network_words(options: RunOptions) -> Iterator[str]:
    yield from ("--net", options.network)
    first, others = options.networks[:1], options.networks[1:]
    for network in first:
        yield from _word("--ip", network.ipv4)
        yield from _word("--ip6", network.ipv6)
    for network in others:
        parts = [f"name={network.name}", *(f"alias={alias}" for alias in network.aliases)]
        parts += [f"{key}={value}" for key, value in (("ip", network.ipv4), ("ip6", network.ipv6)) if value]
        yield from ("--net", ",".join(parts))
    dns = ("--dns", options.dns), ("--dns-search", options.dns_search), ("--dns-opt", options.dns_opt)
    for option, values in dns:
        for value in values:
            yield from (option, value)
    yield from _word("--hostname", options.hostname)
    for mapping in options.port_mappings:
        yield from ("-p", _port_word(mapping))


def _port_word(mapping: PortMapping) -> str:
    protocol = f"/{mapping.protocol.lower()}" if mapping.protocol is not None else ""
    return f"{mapping.host_port}:{mapping.container_port}{protocol}"


def _more_words(options: RunOptions, secret_directory: str | None) -> Iterator[str]:
    """What Mesos never says."""
    for bind in _secret_binds(options, secret_directory):
        yield from ("-v", bind)
    for mount in options.mounts:
        yield from ("--mount", _mount_word(mount))
    yield from _word("--user", options.user)
    if options.tty:
        yield "--tty"
    for ulimit in options.ulimits:
        yield from ("--ulimit", f"{ulimit.name}={ulimit.soft}:{ulimit.hard}")
    for option, values in (("--cap-add", options.cap_add), ("--cap-drop", options.cap_drop),
                           ("--security-opt", options.security_opt)):
        for value in values:
            yield from (option, value)
    yield from _word("--shm-size", options.shm_size)
    yield from _word("--ipc", options.ipc)
    yield from _word("--pid", options.pid)
    yield from _word("--gpus", options.gpus)


def _mount_word(mount: Mount) -> str:
    words = [f"type={mount.type}"]
    if mount.source is not None:
        words.append(f"source={mount.source}")
    words.append(f"target={mount.target}")
    if mount.read_only:
        words.append("readonly")
    if mount.driver is not None:
        words.append(f"volume-driver={mount.driver}")
    words += [f"volume-opt={key}={value}" for key, value in mount.driver_options.items()]
    if mount.propagation is not None:
        words.append(f"bind-propagation={mount.propagation}")
    return ",".join(f'"{word.replace(chr(34), chr(34) * 2)}"' if set(word) & set(',"') else word for word in words)
