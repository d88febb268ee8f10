"""The flags that /state and /flags show: those of Mesos by name, with Mesos's defaults where
nothing here sets them.

Tools read some of them. Most stand for things that the embedded Mesos does not have; they are shown
so that the answer has the form that tools know, and their values say what a Mesos without these
things would say.

As Mesos: master/flags.cpp, slave/flags.cpp, logging/flags.cpp.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from deploy.local.records.flags import AgentFlags, MasterFlags
from specs.words.durations import print_duration

_LOGGING: Final = {"quiet": "false", "logging_level": "INFO", "logbufsecs": "0",
                   "initialize_driver_logging": "true",
                   "help": "false", "version": "false", "memory_profiling": "false",
                   "hostname_lookup": "true",
                   "authenticate_http_readonly": "false", "authenticate_http_readwrite": "false",
                   "zk_session_timeout": "10secs"}

_MASTER: Final = {
    **_LOGGING, "allocator": "hierarchical", "allocator_agent_recovery_factor": "0.8",
    "allocator_recovery_timeout": "10mins", "authenticate_agents": "false",
    "authenticate_frameworks": "false", "authenticate_http_frameworks": "false",
    "authentication_v0_timeout": "15secs",
    "authenticators": "crammd5", "authorizers": "local", "filter_gpu_resources": "true",
    "framework_sorter": "drf", "http_authenticators": "basic", "log_auto_initialize": "true",
    "max_completed_frameworks": "50", "max_completed_tasks_per_framework": "1000",
    "max_operator_event_stream_subscribers": "1000", "max_unreachable_tasks_per_framework": "1000",
    "min_allocatable_resources": "cpus:0.01|mem:32", "offer_constraints_re2_max_mem": "4KB",
    "offer_constraints_re2_max_program_size": "100", "publish_per_framework_metrics": "true",
    "recovery_agent_removal_limit": "100%", "registry": "in_memory",
    "registry_fetch_timeout": "1mins",
    "registry_gc_interval": "15mins", "registry_max_agent_age": "2weeks",
    "registry_max_agent_count": "102400",
    "registry_store_timeout": "20secs", "registry_strict": "false", "require_agent_domain": "false",
    "role_sorter": "drf",
    "root_submissions": "true", "webui_dir": "/usr/local/share/mesos/webui",
}

_AGENT: Final = {
    **_LOGGING, "appc_simple_discovery_uri_prefix": "http://", "appc_store_dir": "/tmp/mesos/store/appc",  # noqa: S108
    "authenticatee": "crammd5", "authentication_backoff_factor": "1secs",
    "authentication_timeout_max": "1mins", "authentication_timeout_min": "5secs", "authorizer": "local",
    "cgroups_cpu_enable_pids_and_tids_count": "false", "cgroups_destroy_timeout": "1mins",
    "cgroups_hierarchy": "/sys/fs/cgroup", "cgroups_limit_swap": "false", "cgroups_root": "mesos",
    "container_disk_watch_interval": "15secs", "containerizers": "docker,mesos", "default_role": "*",
    "disallow_sharing_agent_ipc_namespace": "false", "disallow_sharing_agent_pid_namespace": "false",
    "disk_watch_interval": "1mins", "docker_ignore_runtime": "false",
    "docker_registry": "https://registry-1.docker.io", "docker_store_dir": "/tmp/mesos/store/docker",  # noqa: S108
    "docker_volume_checkpoint_dir": "/var/run/mesos/isolators/docker/volume", "docker_volume_chown": "false",
    "enforce_container_disk_quota": "false", "fetcher_cache_dir": "/tmp/mesos/fetch",  # noqa: S108
    "fetcher_cache_size": "2GB", "fetcher_stall_timeout": "1mins", "frameworks_home": "", "gc_delay": "1weeks",
    "gc_disk_headroom": "0.1", "gc_non_executor_container_sandboxes": "false", "http_command_executor": "false",
    "http_executor_domain_sockets": "false", "http_heartbeat_interval": "30secs",
    "isolation": "posix/cpu,posix/mem,filesystem/posix", "launcher": "posix",
    "max_completed_executors_per_framework": "150", "network_cni_metrics": "true",
    "network_cni_root_dir_persist": "false", "oversubscribed_resources_interval": "15secs", "perf_duration": "10secs",
    "perf_interval": "1mins", "qos_correction_interval_min": "0ns", "reconfiguration_policy": "equal",
    "recover": "reconnect", "registration_backoff_factor": "1secs", "revocable_cpu_low_priority": "true",
    "runtime_dir": "/var/run/mesos", "strict": "true", "switch_user": "true",
    "systemd_enable_support": "false", "systemd_runtime_directory": "/run/systemd/system",
}
_DURATIONS: Final = frozenset({
    "allocation_interval", "agent_reregister_timeout", "agent_ping_timeout",
    "executor_registration_timeout", "executor_reregistration_timeout",
    "executor_shutdown_grace_period", "recovery_timeout", "docker_remove_delay",
    "docker_stop_timeout"})
_NOT_TEXT: Final = frozenset({"resources", "attributes", "roles",  # are messages here
                              "flavour"})  # is none of Mesos's


def master_flags(flags: MasterFlags) -> dict[str, str]:
    """All flags of a master."""
    given = {"roles": ",".join(flags.roles)} if flags.roles else {}
    return {**_MASTER, **_texts(asdict(flags)), **given}


def agent_flags(flags: AgentFlags, resources: str, attributes: str) -> dict[str, str]:
    """All flags of an agent."""
    given = {"resources": resources, **({"attributes": attributes} if attributes else {})}
    return {**_AGENT, **_texts(asdict(flags)), **given}


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: _text(name, value) for name,
            value in values.items() if value is not None and name not in _NOT_TEXT}


def _text(name: str, value: object) -> str:
    if name in _DURATIONS and isinstance(value, int | float):
        return print_duration(round(value * 1e9))
    return str(value).lower() if isinstance(value, bool) else str(value)
