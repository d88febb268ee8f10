"""DockerInfo.parameters: every long option of `docker run`, and what it says to the Engine API.

Mesos hands a parameter to the docker command line as `--key=value`; here there is no command line, so this table is
its grammar. An *option* has a reader for its value, the Engine API field that it sets (dotted; "" where it concerns
only the command line itself and is without effect here), and how it joins what is there: `set` (the last one wins),
`append` to a list, `merge` into an object, or `special` for those that several fields are made of. An unknown option,
or a value that its reader refuses, is a SpecError; nothing is dropped in silence.

`needs_api` is the oldest Engine API that knows the field; with an older engine the option is an error as well.
"""
from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from specs.errors import SpecError
from specs.messages.values import Parameter
from specs.parameters import mounts, values
from specs.parameters import networks as network
from specs.parameters.values import Reader

ApiVersion = tuple[int, int]

ALIASES: Final = {"net": "network", "net-alias": "network-alias", "dns-opt": "dns-option"}


@dataclass(frozen=True, slots=True)
class Option:
    """One long option of `docker run`."""

    field: str
    read: Reader
    join: str = "set"
    needs_api: ApiVersion = (1, 24)  # the oldest that anybody runs


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter that was read: its option's name (never an alias), and the value for the Engine API."""

    name: str
    option: Option
    value: Any


def _host(field: str, read: Reader, join: str = "set", needs_api: ApiVersion = (1, 24)) -> Option:
    return Option(f"HostConfig.{field}", read, join, needs_api)


def _refused(why: str) -> Reader:
    """An option of the command line that no engine could be told; `why` says what to do instead."""
    def read(value: str) -> Any:  # noqa: ARG001 - no value is right
        raise SpecError("", why)
    return read


def _only(wanted: bool, why: str) -> Reader:
    """A boolean that can have one value only."""
    def read(value: str) -> bool:
        if values.boolean(value) is not wanted:
            raise SpecError("", why)
        return wanted
    return read


_FILE: Final = "names a file of the command line's machine, which is not there to be read here; "
_UNVERIFIED: Final = "images are pulled by the engine, which cannot verify signatures"
_COUNT: Final = values.integer(0)
_WEIGHT: Final = values.integer(0, 1000)

OPTIONS: Final[dict[str, Option]] = {
    # The program.
    "entrypoint": Option("Entrypoint", lambda value: [value]),
    "env": Option("Env", values.variable, "append"),
    "workdir": Option("WorkingDir", values.text),
    "user": Option("User", values.text),
    "group-add": _host("GroupAdd", values.text, "append"),
    "hostname": Option("Hostname", values.text),
    "domainname": Option("Domainname", values.text),
    "label": Option("Labels", values.label, "merge"),
    "annotation": _host("Annotations", values.pair, "merge", (1, 43)),
    "init": _host("Init", values.boolean, needs_api=(1, 25)),
    "interactive": Option("OpenStdin", values.boolean),
    "tty": Option("Tty", values.boolean),
    "stop-signal": Option("StopSignal", values.text),
    "stop-timeout": Option("StopTimeout", values.integer(), needs_api=(1, 25)),
    "restart": _host("RestartPolicy", values.restart_policy),
    "rm": _host("AutoRemove", values.boolean, needs_api=(1, 25)),
    "runtime": _host("Runtime", values.text),
    "platform": Option("Platform", values.text, needs_api=(1, 32)),
    "isolation": _host("Isolation", values.text),
    # The image's own health check.
    "health-cmd": Option("Healthcheck.Test", values.command_test),
    "health-interval": Option("Healthcheck.Interval", values.duration),
    "health-timeout": Option("Healthcheck.Timeout", values.duration),
    "health-retries": Option("Healthcheck.Retries", _COUNT),
    "health-start-period": Option("Healthcheck.StartPeriod", values.duration, needs_api=(1, 29)),
    "health-start-interval": Option("Healthcheck.StartInterval", values.duration, needs_api=(1, 44)),
    "no-healthcheck": Option("Healthcheck", values.boolean, "special"),
    # CPU and memory.
    "cpus": _host("NanoCpus", values.nano_cpus, needs_api=(1, 25)),
    "cpu-shares": _host("CpuShares", values.integer()),
    "cpu-period": _host("CpuPeriod", values.integer()),
    "cpu-quota": _host("CpuQuota", values.integer()),
    "cpu-rt-period": _host("CpuRealtimePeriod", values.integer(), needs_api=(1, 25)),
    "cpu-rt-runtime": _host("CpuRealtimeRuntime", values.integer(), needs_api=(1, 25)),
    "cpuset-cpus": _host("CpusetCpus", values.text),
    "cpuset-mems": _host("CpusetMems", values.text),
    "cpu-count": _host("CpuCount", values.integer()),  # of Windows, as the next three
    "cpu-percent": _host("CpuPercent", values.integer()),
    "io-maxbandwidth": _host("IOMaximumBandwidth", values.size),
    "io-maxiops": _host("IOMaximumIOps", _COUNT),
    "memory": _host("Memory", values.size),
    "memory-reservation": _host("MemoryReservation", values.size),
    "memory-swap": _host("MemorySwap", values.swap_size),
    "memory-swappiness": _host("MemorySwappiness", values.integer(-1, 100)),
    "kernel-memory": _host("KernelMemory", values.size),
    "oom-kill-disable": _host("OomKillDisable", values.boolean),
    "oom-score-adj": _host("OomScoreAdj", values.integer(-1000, 1000)),
    "pids-limit": _host("PidsLimit", values.integer()),
    "shm-size": _host("ShmSize", values.size),
    "ulimit": _host("Ulimits", values.ulimit, "append"),
    # Disks.
    "blkio-weight": _host("BlkioWeight", _WEIGHT),
    "blkio-weight-device": _host("BlkioWeightDevice", values.throttle(_WEIGHT, "Weight"), "append"),
    "device-read-bps": _host("BlkioDeviceReadBps", values.throttle(values.size, "Rate"), "append"),
    "device-write-bps": _host("BlkioDeviceWriteBps", values.throttle(values.size, "Rate"), "append"),
    "device-read-iops": _host("BlkioDeviceReadIOps", values.throttle(_COUNT, "Rate"), "append"),
    "device-write-iops": _host("BlkioDeviceWriteIOps", values.throttle(_COUNT, "Rate"), "append"),
    "mount": _host("Mounts", mounts.mount, "append", (1, 25)),
    "tmpfs": _host("Tmpfs", values.tmpfs, "merge"),
    "volume": _host("Binds", mounts.volume, "special"),
    "volume-driver": _host("VolumeDriver", values.text),
    "volumes-from": _host("VolumesFrom", values.text, "append"),
    "read-only": _host("ReadonlyRootfs", values.boolean),
    "storage-opt": _host("StorageOpt", values.full_pair, "merge"),
    # Networks.
    "network": _host("NetworkMode", network.network, "special"),
    "network-alias": Option("EndpointSettings.Aliases", values.text, "special"),
    "ip": Option("EndpointSettings.IPAMConfig.IPv4Address", values.ip_version(4), "special"),
    "ip6": Option("EndpointSettings.IPAMConfig.IPv6Address", values.ip_version(6), "special"),
    "link-local-ip": Option("EndpointSettings.IPAMConfig.LinkLocalIPs", values.ip_address, "special"),
    "link": _host("Links", values.link, "append"),
    "mac-address": Option("MacAddress", values.mac_address),
    "add-host": _host("ExtraHosts", values.extra_host, "append"),
    "dns": _host("Dns", values.ip_address, "append"),
    "dns-option": _host("DnsOptions", values.text, "append"),
    "dns-search": _host("DnsSearch", values.search_domain, "append"),
    "expose": Option("ExposedPorts", network.expose, "special"),
    "publish": _host("PortBindings", network.publish, "special"),
    "publish-all": _host("PublishAllPorts", values.boolean),
    # Devices.
    "device": _host("Devices", mounts.device, "special"),
    "device-cgroup-rule": _host("DeviceCgroupRules", values.cgroup_rule, "append", (1, 28)),
    "gpus": _host("DeviceRequests", mounts.gpus, "append", (1, 40)),
    # What it may do, and what it shares.
    "privileged": _host("Privileged", values.boolean),
    "cap-add": _host("CapAdd", values.text, "append"),
    "cap-drop": _host("CapDrop", values.text, "append"),
    "security-opt": _host("SecurityOpt", mounts.security_option, "special"),
    "sysctl": _host("Sysctls", values.sysctl, "merge"),
    "cgroup-parent": _host("CgroupParent", values.text),
    "cgroupns": _host("CgroupnsMode", values.mode("host", "private", container=False), needs_api=(1, 41)),
    "ipc": _host("IpcMode", values.mode("host", "private", "shareable", "none")),
    "pid": _host("PidMode", values.mode("host")),
    "userns": _host("UsernsMode", values.mode("host", container=False)),
    "uts": _host("UTSMode", values.mode("host", container=False)),
    # Logs.
    "log-driver": _host("LogConfig.Type", values.text),
    "log-opt": _host("LogConfig.Config", values.full_pair, "merge"),
    # The command line's own: without effect here, or impossible.
    "attach": Option("", values.one_of("stdin", "stdout", "stderr")),  # the executor always reads stdout and stderr
    "detach": Option("", _only(False, "the executor always waits for its container")),
    "detach-keys": Option("", values.text),
    "disable-content-trust": Option("", _only(True, _UNVERIFIED)),
    "sig-proxy": Option("", values.boolean),
    "quiet": Option("", values.boolean),
    "pull": Option("", values.one_of("always", "missing", "never")),  # the executor does it: admission/agreement.py
    "cidfile": Option("", _refused(_FILE + "the container's id is in the data of TASK_RUNNING")),
    "env-file": Option("", _refused(_FILE + "use command.environment")),
    "label-file": Option("", _refused(_FILE + "use the parameter label")),
    "use-api-socket": Option("", _only(False, "the engine's socket is not given to tasks; use a volume")),
    "name": Option("", _refused("Parameter in DockerInfo must not be 'name'")),
    "help": Option("", _only(False, "only prints a text")),
}


def settings(parameters: Sequence[Parameter], *, api: ApiVersion | None = None,
             path: str = "container.docker.parameters") -> tuple[Setting, ...]:
    """The parameters, read. `api` is the engine's API version if it is known.

    Raises SpecError; `path` is where the parameters stand.
    """
    return tuple(_setting(parameter, api, f"{path}[{index}]") for index, parameter in enumerate(parameters))


def _setting(parameter: Parameter, api: ApiVersion | None, path: str) -> Setting:
    name = ALIASES.get(parameter.key, parameter.key)
    option = OPTIONS.get(name)
    if option is None:
        near = difflib.get_close_matches(parameter.key, [*OPTIONS, *ALIASES], n=1)
        hint = f"; did you mean --{near[0]}?" if near else ""
        raise SpecError(f"{path}.key", f"unknown flag: --{parameter.key}{hint}")
    if api is not None and api < option.needs_api:
        have, need = (f"{version[0]}.{version[1]}" for version in (api, option.needs_api))
        problem = f"--{parameter.key} needs an engine with API {need} or newer; this one has {have}"
        raise SpecError(f"{path}.key", problem)
    try:
        return Setting(name, option, option.read(parameter.value))
    except SpecError as error:
        raise SpecError(f"{path}.value", f"--{parameter.key}: {error.problem}") from None
