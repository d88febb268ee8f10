"""The sections of an explanation: each a list of rows of what, its value, and why it is so."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from specs.container.from_task import MIN_MEMORY
from specs.container.run_options import RunOptions
from specs.forms.taskinfo import docker_task
from specs.images.auth import LOGIN_FILES, Auth, AuthConfig, find_auth
from specs.images.reference import HUB, parse_reference, pulled_name
from specs.messages import check as health
from specs.messages.task import CheckInfo, HealthCheck, TaskInfo
from specs.resources.sums import Resources
from specs.words.durations import print_duration
from specs.words.secrecy import HIDDEN, shown_url
from specs.words.sizes import print_size
from specs.words.uri import target_name, unpacks


@dataclass(frozen=True, slots=True)
class Login:
    """A node's Docker configuration with credentials, and the file that it stands in; "": there is
    none.
    """

    config: AuthConfig | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """One line: what, its value, and why it is so."""

    name: str
    value: str
    why: str = ""


def task_rows(task: TaskInfo, options: RunOptions) -> Iterator[ExplainedRow]:
    yield ExplainedRow("task", task.task_id, task.name if task.name != task.task_id else "")
    if task.executor is None:
        yield ExplainedRow("executor", "the agent's own for Docker tasks, or ours", "the task has a command")
    else:
        yield ExplainedRow("executor", task.executor.executor_id, "the task's own; the command is in data")
    words = [*(() if options.entrypoint is None else (options.entrypoint,)), *options.arguments]
    why = "shell" if options.entrypoint else "no shell; after the image's entrypoint"
    yield ExplainedRow("command", " ".join(words) if words else "the image's own", why if words else "")
    if options.user is not None:
        yield ExplainedRow("user", options.user, "command.user")
    signal = next((each.value for each in reversed(options.parameters)
                   if each.key == "stop-signal"), "SIGTERM, or the image's STOPSIGNAL")
    grace = task.kill_policy.grace_period if task.kill_policy is not None else None
    if grace is None:
        yield ExplainedRow("kill", f"{signal}, then SIGKILL after the agent's grace",
                  "5secs unless the agent says otherwise")
    else:
        yield ExplainedRow("kill", f"{signal}, then SIGKILL after {print_duration(grace)}", "kill_policy")
    if task.max_completion_time:
        yield ExplainedRow("ends", f"after {print_duration(task.max_completion_time)} at the latest",
                  "max_completion_time")
    for name, check in (("health check", task.health_check), ("check", task.check)):
        if check is not None:
            yield _check_row(name, check)
    if task.health_check is not None:
        failures = task.health_check.consecutive_failures
        limit = health.CONSECUTIVE_FAILURES if failures is None else max(failures, 1)
        uncounted = _seconds(task.health_check.grace_period_seconds, health.GRACE_PERIOD)
        yield ExplainedRow("", f"killed after {limit} failure{'' if limit == 1 else 's'}",
                  f"in a row; not counted until the first success for {uncounted}")


def _check_row(name: str, check: HealthCheck | CheckInfo) -> ExplainedRow:
    delay, interval = _seconds(check.delay_seconds,
                               health.DELAY), _seconds(check.interval_seconds, health.INTERVAL)
    unlimited = check.timeout_seconds == 0
    longest = "without a time limit" if unlimited else f"at most {_seconds(check.timeout_seconds, health.TIMEOUT)}"
    return ExplainedRow(name, f"{check.type}, every {interval}", f"the first after {delay}, each {longest}")


def _seconds(value: float | None, default: float) -> str:
    return print_duration(round((default if value is None else value) * 1e9))


def image_rows(task: TaskInfo, login: Login) -> Iterator[ExplainedRow]:
    docker = task.container.docker if task.container is not None else None
    image = docker.image if docker is not None else ""
    reference = parse_reference(image)
    yield ExplainedRow("image", pulled_name(image), "" if pulled_name(image) == image else "no tag: latest")
    yield ExplainedRow("registry", reference.registry or HUB,
              "named" if reference.registry else "none named: the Docker Hub")
    forced = docker is not None and docker.force_pull_image
    yield ExplainedRow("pull", "always" if forced else "if the agent does not have it",
              "force_pull_image" if forced else "")
    yield ExplainedRow("credentials", *_credentials(task, reference.registry, login))


def _credentials(task: TaskInfo, registry: str | None, login: Login) -> tuple[str, str]:
    command = docker_task(task).command
    for uri in command.uris if command is not None else ():
        name = target_name(uri.value, uri.output_file)
        if name in LOGIN_FILES or (name.startswith("docker.tar") and unpacks(name)):
            return f"from {shown_url(uri.value)}", "fetched into the sandbox; comes before the node's"
    found = find_auth(login.config, registry) if login.config is not None else None
    if isinstance(found, str):
        return f"docker-credential-{found} is asked", login.file
    if isinstance(found, Auth):
        return "an entry for this registry", login.file
    if login.file:
        return "none", f"{login.file} has no entry for it"
    return "none", "as far as this machine knows"


def file_rows(task: TaskInfo) -> Iterator[ExplainedRow]:
    for uri in task.command.uris if task.command is not None else ():
        name = target_name(uri.value, uri.output_file)
        unpacked = uri.extract is not False and unpacks(name)
        what = "made executable" if uri.executable else "unpacked" if unpacked else "as it is"
        yield ExplainedRow(shown_url(name), shown_url(uri.value),
                  f"{what}{', kept for other tasks' if uri.cache else ''}")


def limit_rows(task: TaskInfo, options: RunOptions) -> Iterator[ExplainedRow]:
    total = Resources(task.resources)
    if options.cpu_shares is not None:
        floor = ", at least 2" if options.cpu_shares == 2 else ""
        yield ExplainedRow("CPU shares", str(options.cpu_shares),
                  f"{total.cpus:g} cpus × 1024{floor}; a share, not a limit")
    if options.cpu_quota is not None:
        yield ExplainedRow("CPU limit", f"{options.cpu_quota} µs of each 100 ms",
                  f"limits.cpus {task.limits['cpus']:g}"
                  if "cpus" in task.limits else "cgroups_enable_cfs")
    elif "cpus" in task.limits:
        yield ExplainedRow("CPU limit", "none", "limits.cpus is infinite")
    elif total.cpus is not None:
        yield ExplainedRow("CPU limit", "none",
                  "no limits.cpus; an agent with --cgroups_enable_cfs sets one")
    yield from _memory_rows(task, total, options)
    for ulimit in options.ulimits:
        yield ExplainedRow(f"ulimit {ulimit.name}", f"{ulimit.soft}:{ulimit.hard}",
                  "rlimit_info; soft:hard, -1 is unlimited")
    if options.shm_size is not None:
        yield ExplainedRow("shared memory", print_size(options.shm_size), "linux_info.shm_size")
    if options.gpus is not None:
        yield ExplainedRow("GPUs", str(options.gpus), "the gpus resource; the engine chooses which")


def _memory_rows(task: TaskInfo, total: Resources, options: RunOptions) -> Iterator[ExplainedRow]:
    limit = task.limits.get("mem")
    source = "the mem resource, in whole MB" if limit is None else f"limits.mem {limit:g}"
    if options.memory is not None:
        floor = "; raised to Mesos's minimum" if options.memory == MIN_MEMORY and (total.mem
                                                                                   or 0) < MIN_MEMORY else ""
        yield ExplainedRow("memory", print_size(options.memory), source + floor)
    else:
        yield ExplainedRow("memory", "no limit", "no mem resource" if limit is None
                  else "limits.mem is infinite")
    if options.memory_reservation is not None:
        yield ExplainedRow("reserved memory", print_size(options.memory_reservation),
                  "the mem resource, as there is a limit")
    if options.oom_score_adj is not None:
        yield ExplainedRow("OOM score", f"{options.oom_score_adj:+d}",
                  "limits.mem is above mem; by this machine's memory")
    if total.disk is not None:
        yield ExplainedRow("disk", "no limit", "Docker does not enforce the disk resource")


def network_rows(task: TaskInfo, options: RunOptions) -> Iterator[ExplainedRow]:
    docker = task.container.docker if task.container is not None else None
    named = docker is not None and docker.network is not None
    replaced = docker is not None and any(each.key in {"net", "network"}
                                          for each in docker.parameters)
    why = "a parameter replaces it" if replaced else "docker.network" if named else "docker.network is absent: HOST"
    yield ExplainedRow("network", options.network, why)
    for network in options.networks:
        addresses = ", ".join(address for address in (network.ipv4, network.ipv6) if address)
        if addresses or network is not options.networks[0]:
            yield ExplainedRow("joins", network.name, f"with {addresses}" if addresses else "")
    if options.hostname is not None:
        yield ExplainedRow("hostname", options.hostname)
    for name, values in (("DNS", options.dns), ("DNS search", options.dns_search),
                         ("DNS options", options.dns_opt)):
        if values:
            yield ExplainedRow(name, ", ".join(values), "the agent's default")
    for mapping in options.port_mappings:
        host = str(mapping.host_port) if mapping.host_port else "any free port"
        yield ExplainedRow("port",
                  f"{host} → {mapping.container_port}/{(mapping.protocol or 'tcp').lower()}",
                  "" if mapping.host_port
                  else "host_port 0: the scheduler chooses it from its offer")


def environment_rows(task: TaskInfo, options: RunOptions) -> Iterator[ExplainedRow]:
    own = {each.name for each in (task.command.environment.variables
                                  if task.command is not None
                                  and task.command.environment is not None else ())}
    for key, value in sorted(options.env.items()):
        if key in options.secret_env:
            yield ExplainedRow(key, value, "secret")
        elif value == HIDDEN:
            yield ExplainedRow(key, value, "hidden for its name; the container gets the value")
        else:
            yield ExplainedRow(key, value, "" if key in own and not key.startswith("MESOS_")
                      else "set by Mesos")


def option_rows(options: RunOptions) -> Iterator[ExplainedRow]:
    if options.privileged:
        yield ExplainedRow("--privileged", "", "the container may do whatever root may on the agent")
    for name, values in (("capabilities dropped", options.cap_drop),
                         ("capabilities", options.cap_add), ("security", options.security_opt)):
        if values:
            yield ExplainedRow(name, ", ".join(values), "linux_info")
    for name, value in (("IPC namespace", options.ipc), ("PID namespace", options.pid)):
        if value is not None:
            yield ExplainedRow(name, value, "linux_info")
    if options.tty:
        yield ExplainedRow("terminal", "yes", "tty_info")
    for parameter in options.parameters:
        yield ExplainedRow(f"--{parameter.key}", parameter.value, "docker.parameters")
