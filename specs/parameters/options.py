"""DockerInfo.parameters: every long option of `docker run`, and what it says to the Engine API.

Mesos hands a parameter to the docker command line as `--key=value`; here there is no command line,
so this table is its grammar. An *option* has a reader for its value, the Engine API field that it
sets (dotted; "" where a `note` says who acts on it, or why it is without effect here), and how it
joins what is there: `set` (the last one wins), `append` to a list, `merge` into an object, or
`special` for those that several fields are made of. An unknown option, or a value that its reader
refuses, is a SpecError; nothing is dropped in silence.

`needs_api` is the oldest Engine API that knows the field, `until_api` the newest. Others would drop
it in silence, so there the option is an error as well: `would_drop` judges a whole payload.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from specs.errors import SpecError
from specs.messages.values import Parameter
from specs.parameters import mounts, values
from specs.parameters import networks as network
from specs.parameters.values import Reader

ApiVersion = tuple[int, int]

OLDEST: Final = (1, 41)  # of Docker 20.10, the oldest engine that we support

ALIASES: Final = {"net": "network", "net-alias": "network-alias", "dns-opt": "dns-option"}


@dataclass(frozen=True, slots=True)
class Option:
    """One long option of `docker run`."""

    field: str
    read: Reader
    join: str = "set"
    needs_api: ApiVersion = (1, 24)  # the oldest that anybody runs
    note: str = ""
    until_api: ApiVersion | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter that was read: its option's name (never an alias), and the value for the Engine
    API.
    """

    name: str
    option: Option
    value: Any


def _host(field: str, read: Reader, join: str = "set", needs_api: ApiVersion = (1, 24)) -> Option:
    return Option(f"HostConfig.{field}", read, join, needs_api)


def _client(read: Reader, note: str) -> Option:
    """An option of the command line itself."""
    return Option("", read, note=note)


def _refused(why: str) -> Option:
    """An option of the command line that no engine could be told; `why` says what to do instead."""
    def read(value: str) -> Any:  # noqa: ARG001 - no value is right
        raise SpecError("", why)
    return _client(read, why)


def _windows(field: str) -> Option:
    """What an engine on Linux drops in silence. As docker: cli, `isSupported`."""
    def read(value: str) -> Any:  # noqa: ARG001 - no value is right
        raise SpecError("", "is only supported on a Docker daemon running on windows")
    return _host(field, read)


def _only(wanted: bool, why: str) -> Option:
    """A boolean that can have one value only."""
    def read(value: str) -> bool:
        if values.boolean(value) is not wanted:
            raise SpecError("", why)
        return wanted
    return _client(read, why)


_FILE: Final = "names a file of the command line's machine, which is not there to be read here; "
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
    "platform": Option("Platform", values.text, needs_api=(1, 41)),
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
    "cpu-count": _windows("CpuCount"),
    "cpu-percent": _windows("CpuPercent"),
    "io-maxbandwidth": _windows("IOMaximumBandwidth"),
    "io-maxiops": _windows("IOMaximumIOps"),
    "memory": _host("Memory", values.size),
    "memory-reservation": _host("MemoryReservation", values.size),
    "memory-swap": _host("MemorySwap", values.swap_size),
    "memory-swappiness": _host("MemorySwappiness", values.integer(-1, 100)),
    "kernel-memory": Option("HostConfig.KernelMemory", values.size, until_api=(1, 41)),
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
    # The command line's own: somebody else's to act on, without effect here, or impossible.
    "pull": _client(values.one_of("always", "missing", "never"), "executor/admission/agreement.py: when to pull"),
    "attach": _client(values.one_of("stdin", "stdout", "stderr"), "the executor always reads stdout and stderr"),
    "detach-keys": _client(values.text, "nobody sits at a terminal"),
    "sig-proxy": _client(values.boolean, "the executor gets no signals for its container"),
    "quiet": _client(values.boolean, "a pull's progress is in the task's status"),
    "detach": _only(False, "the executor always waits for its container"),
    "disable-content-trust": _only(True, "images are pulled by the engine, which cannot verify signatures"),
    "use-api-socket": _only(False, "the engine's socket is not given to tasks; use a volume"),
    "help": _only(False, "only prints a text"),
    "cidfile": _refused(_FILE + "the container's id is in the data of TASK_RUNNING"),
    "env-file": _refused(_FILE + "use command.environment"),
    "label-file": _refused(_FILE + "use the parameter label"),
    "name": _refused("Parameter in DockerInfo must not be 'name'"),
}


def settings(parameters: Sequence[Parameter], *, api: ApiVersion | None = None,
             path: str = "container.docker.parameters") -> tuple[Setting, ...]:
    """The parameters, read. `api` is the engine's API version if it is known.

    Raises SpecError; `path` is where the parameters stand.
    """
    return tuple(_setting(parameter, api, f"{path}[{index}]") for index,
                 parameter in enumerate(parameters))


def _setting(parameter: Parameter, api: ApiVersion | None, path: str) -> Setting:
    name = ALIASES.get(parameter.key, parameter.key)
    option = OPTIONS.get(name)
    if option is None:
        import difflib

        near = difflib.get_close_matches(parameter.key, [*OPTIONS, *ALIASES], n=1)
        hint = f"; did you mean --{near[0]}?" if near else ""
        raise SpecError(f"{path}.key", f"unknown flag: --{parameter.key}{hint}")
    if api is not None and api < option.needs_api:
        raise SpecError(f"{path}.key", _needs(f"--{parameter.key}", option.needs_api, api))
    try:
        return Setting(name, option, option.read(parameter.value))
    except SpecError as error:
        raise SpecError(f"{path}.value", f"--{parameter.key}: {error.problem}") from None


_OF_MOUNTS: Final[tuple[tuple[str, ApiVersion, Callable[[Any], Any]], ...]] = (  # what a mount may have since when
    ("a mount of type image", (1, 48), lambda mount: mount.get("Type") == "image"),
    ("volume-subpath", (1, 45), lambda mount: (mount.get("VolumeOptions") or {}).get("Subpath")),
    ("a mount of type cluster", (1, 42), lambda mount: mount.get("Type") == "cluster"),
)


def would_drop(payload: Mapping[str, Any], api: Callable[[], ApiVersion]) -> str | None:
    """Why an engine would drop a part of the create payload in silence: it is too old for it, or
    too new. None: it would not.

    `api` asks for the engine's version, and is called only if there is something that not every
    engine knows.
    """
    said = [(f"--{name}", option) for name, option in OPTIONS.items()
            if (option.needs_api > OLDEST or option.until_api) and _said(payload, option.field)]
    found = [(name, option.needs_api) for name, option in said]
    for mount in (payload.get("HostConfig") or {}).get("Mounts") or ():
        found += [(what, since) for what, since, has in _OF_MOUNTS if has(mount)]
    if not found:
        return None
    have = api()
    for name, option in said:
        if option.until_api is not None and have > option.until_api:
            return f"{name} is not known to engines with API {have[0]}.{have[1]} any more"
    return next((_needs(what, since, have) for what, since in found if have < since), None)


def _needs(what: str, api: ApiVersion, have: ApiVersion) -> str:
    return f"{what} needs an engine with API {api[0]}.{api[1]} or newer; this one has {have[0]}.{have[1]}"


def _said(payload: Mapping[str, Any], field: str) -> bool:
    value: Any = payload
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return bool(value)
