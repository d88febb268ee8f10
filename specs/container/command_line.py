"""RunOptions as the words of `docker run`.

What Mesos would run, word for word and in its order; the options that Mesos does not have stand
before `--entrypoint`.
"""
from __future__ import annotations

from collections.abc import Iterator

from specs.container.payload import permissions, secret_binds, secret_mounts
from specs.container.run_options import Mount, PublishedPort, RunOptions


def argv(options: RunOptions) -> list[str]:
    """The words after `docker -H unix://SOCKET run`. Raises SpecError as `create_payload`, but
    trusts parameters.
    """
    return [*_limits_words(options), *_environment_words(options), *_network_words(options),
            *(f"--device={d.host_path}:{d.container_path}:{permissions(d)}"
              for d in options.devices),
            *_more_words(options),
            *_word("--entrypoint", options.entrypoint), "--name", options.name,
            *(f"--{parameter.key}={parameter.value}" for parameter in options.parameters),
            options.image, *options.arguments]


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
        parts += [f"{key}={value}" for key,
                  value in (("ip", network.ipv4), ("ip6", network.ipv6)) if value]
        yield from ("--net", ",".join(parts))
    dns = ("--dns", options.dns), ("--dns-search",
                                   options.dns_search), ("--dns-opt", options.dns_opt)
    for option, values in dns:
        for value in values:
            yield from (option, value)
    yield from _word("--hostname", options.hostname)
    for mapping in options.port_mappings:
        yield from ("-p", _port_word(mapping))


def _port_word(mapping: PublishedPort) -> str:
    protocol = f"/{mapping.protocol.lower()}" if mapping.protocol is not None else ""
    return f"{mapping.host_port}:{mapping.container_port}{protocol}"


def _more_words(options: RunOptions) -> Iterator[str]:
    """What Mesos never says."""
    for bind in secret_binds(options):
        yield from ("-v", bind)
    for mount in (*options.mounts, *secret_mounts(options)):
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
    return ",".join(f'"{word.replace(chr(34), chr(34) * 2)}"' if set(word) & set(',"') else word
                    for word in words)
