"""The value types of `docker run`'s options: from the text after `--name=` to what the Engine API
takes.

Each reader takes the text and returns the JSON value, or raises SpecError with an empty path. They
accept what the docker command line accepts (docker/cli, opts and container/opts.go), including its
number formats: Go's booleans and durations, byte sizes where "1k" and "1KiB" are both 1024.
"""
from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any, Final

from specs.errors import SpecError

Reader = Callable[[str], Any]

_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})", re.ASCII)
_SIZE: Final = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,19})?|\.[0-9]{1,19}) ?([kmgtp]?)i?b?",
                          re.ASCII | re.IGNORECASE)
_SIZE_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_DURATION_UNITS: Final = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9,
                          "m": 60 * 10**9, "h": 3600 * 10**9}
_INT64: Final = (1 << 63) - 1
_CGROUP_RULE: Final = re.compile(r"[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}", re.ASCII)
_DOMAIN: Final = re.compile(
    r"(:?(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9]))"
    r"(:?\.(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9])))*)\.?\s*", re.ASCII)
_ULIMITS: Final = ("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice",
                   "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack")
_SYSCTLS: Final = frozenset(f"kernel.{name}" for name in (
    "msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced"))
_MAC: Final = re.compile(r"([0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(\2[0-9a-fA-F]{2}){4})", re.ASCII)


def wrong(value: str, expected: str) -> SpecError:
    """The error for a value of the wrong form."""
    shown = value if len(value) <= 60 else f"{value[:60]}…"
    return SpecError("",
                     f"invalid value {ascii(shown) if not shown.isprintable() else repr(shown)}: {expected}")


def text(value: str) -> str:
    """Anything."""
    return value


def boolean(value: str) -> bool:
    """Go's booleans."""
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise wrong(value, "must be true or false")


def integer(low: int = -_INT64 - 1, high: int = _INT64) -> Reader:
    """A whole number from low to high."""
    def read(value: str) -> int:
        if not _INTEGER.fullmatch(value):
            raise wrong(value, "must be a whole number")
        if not low <= int(value) <= high:
            raise wrong(value, f"must be from {low} to {high}")
        return int(value)
    return read


def size(value: str) -> int:
    """Bytes, with a unit such as k, mb or GiB; all of them are powers of 1024."""
    from decimal import Decimal

    match = _SIZE.fullmatch(value)
    if not match:
        raise wrong(value, "must be a size in bytes, such as 512m")
    number, unit = match.groups()
    result = int(Decimal(number) * _SIZE_UNITS[unit.lower()])
    if result > _INT64:
        raise wrong(value, "is too large")
    return result


def swap_size(value: str) -> int:
    """A size, or -1 for no limit."""
    return -1 if value == "-1" else size(value)


def nano_cpus(value: str) -> int:
    """A decimal number of CPUs, in billionths."""
    from decimal import Decimal

    if not _DECIMAL.fullmatch(value):
        raise wrong(value, "must be a number of CPUs, such as 1.5")
    result = Decimal(value) * 10**9
    if result != result.to_integral_value():
        raise wrong(value, "is too precise: there are 9 places after the point")
    return int(result)


def duration(value: str) -> int:
    """Go's durations, "1m30s", in nanoseconds; not negative."""
    from decimal import Decimal

    if value in {"0", "+0"}:
        return 0
    rest, total = value.removeprefix("+"), Decimal(0)
    while rest:
        match = _DURATION.match(rest)
        if not match:
            raise wrong(value, "must be a duration, such as 30s or 1m30s")
        total += Decimal(match.group(1)) * _DURATION_UNITS[match.group(2)]
        rest = rest[match.end():]
    if not value.removeprefix("+") or total > _INT64:
        raise wrong(value, "must be a duration, such as 30s or 1m30s")
    return int(total)


def one_of(*choices: str) -> Reader:
    """One of these words."""
    def read(value: str) -> str:
        if value not in choices:
            raise wrong(value, f"must be one of {', '.join(repr(choice) for choice in choices)}")
        return value
    return read


def mode(*words: str, container: bool = True) -> Reader:
    """A namespace mode: one of the words, or another container's."""
    def read(value: str) -> str:
        if value in {"", *words} or (container and value.startswith("container:")
                                     and value != "container:"):
            return value
        raise wrong(value, f"must be one of {', '.join(words)}"
                    + (" or container:NAME" if container else ""))
    return read


def ip_address(value: str) -> str:
    """An IPv4 or IPv6 address."""
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        raise wrong(value, "must be an IP address") from None


def ip_version(version: int) -> Reader:
    """An address of this version."""
    def read(value: str) -> str:
        address = ip_address(value)
        if ipaddress.ip_address(address).version != version:
            raise wrong(value, f"must be an IPv{version} address")
        return address
    return read


def search_domain(value: str) -> str:
    """A domain for resolv.conf; "." for none at all."""
    if value.strip(" ") == ".":
        return "."
    if not _DOMAIN.fullmatch(value) or len(value) > 255:
        raise wrong(value, "must be a domain name")
    return value.strip().removesuffix(".")


def extra_host(value: str) -> str:
    """HOST:IP or HOST=IP; the engine takes the former."""
    for separator in ("=", ":"):
        host, found, address = value.partition(separator)
        if found and host:
            if address == "host-gateway":
                return f"{host}:{address}"
            try:
                return f"{host}:{ip_address(address.removeprefix('[').removesuffix(']'))}"
            except SpecError:
                break
    raise wrong(value, "must be HOST:IP")


def pair(value: str) -> tuple[str, str]:
    """KEY=VALUE; a KEY alone has an empty value."""
    key, _, rest = value.partition("=")
    if not key:
        raise wrong(value, "must be KEY=VALUE")
    return key, rest


def full_pair(value: str) -> tuple[str, str]:
    """KEY=VALUE, and not less."""
    if "=" not in value:
        raise wrong(value, "must be KEY=VALUE")
    return pair(value)


def variable(value: str) -> str:
    """KEY=VALUE; a KEY alone takes the variable out of the image's environment."""
    pair(value)
    return value


def label(value: str) -> tuple[str, str]:
    """KEY=VALUE."""
    key, rest = pair(value)
    if any(character.isspace() for character in key):
        raise wrong(value, "a label's key has no blanks")
    return key, rest


def tmpfs(value: str) -> tuple[str, str]:
    """PATH[:OPTIONS]."""
    path, _, options = value.partition(":")
    if not path.startswith("/"):
        raise wrong(value, "must be PATH or PATH:OPTIONS, with an absolute path")
    return path, options


def ulimit(value: str) -> dict[str, Any]:
    """NAME=SOFT[:HARD]; -1 is unlimited."""
    name, found, rest = value.partition("=")
    if not found:
        raise wrong(value, "must be NAME=SOFT[:HARD]")
    if name not in _ULIMITS:
        raise wrong(value, f"no such limit; there are {', '.join(_ULIMITS)}")
    numbers = rest.split(":")
    if len(numbers) > 2 or not all(_INTEGER.fullmatch(number) for number in numbers):
        raise wrong(value, "must be NAME=SOFT[:HARD]")
    soft, hard = int(numbers[0]), int(numbers[-1])
    if hard != -1 and (soft > hard or soft == -1):
        raise wrong(value, "the soft limit must not be above the hard limit")
    return {"Name": name, "Soft": soft, "Hard": hard}


def throttle(amount: Reader, field: str) -> Reader:
    """DEVICE:AMOUNT, as an object with Path and this field."""
    def read(value: str) -> dict[str, Any]:
        path, found, rest = value.rpartition(":")
        if not found or not path.startswith("/dev/"):
            raise wrong(value, "must be /dev/DEVICE:AMOUNT")
        return {"Path": path, field: amount(rest)}
    return read


def cgroup_rule(value: str) -> str:
    """TYPE MAJOR:MINOR MODE."""
    if not _CGROUP_RULE.fullmatch(value):
        raise wrong(value, "must be TYPE MAJOR:MINOR MODE, such as 'c 1:3 rwm'")
    return value


def mac_address(value: str) -> str:
    """Six bytes in hexadecimal."""
    if not _MAC.fullmatch(value.strip()):
        raise wrong(value, "must be a MAC address, such as 92:d0:c6:0a:29:33")
    return value


def link(value: str) -> str:
    """CONTAINER[:ALIAS]."""
    parts = value.split(":")
    if not all(parts) or len(parts) > 2:
        raise wrong(value, "must be CONTAINER or CONTAINER:ALIAS")
    return value


def sysctl(value: str) -> tuple[str, str]:
    """KEY=VALUE, of the keys that a container may have for itself."""
    key, rest = full_pair(value)
    if key not in _SYSCTLS and not key.startswith(("net.", "fs.mqueue.")):
        raise wrong(value,
                    f"only net.*, fs.mqueue.* and {', '.join(sorted(_SYSCTLS))} are a container's own")
    return key, rest


def restart_policy(value: str) -> dict[str, Any]:
    """no, always, unless-stopped, on-failure[:TIMES]."""
    name, found, times = value.partition(":")
    if name not in {"", "no", "always", "unless-stopped", "on-failure"}:
        raise wrong(value, "must be no, always, unless-stopped or on-failure[:TIMES]")
    policy: dict[str, Any] = {"Name": name, "MaximumRetryCount": 0}
    if found:
        if not _INTEGER.fullmatch(times) or name != "on-failure" or int(times) < 0:
            raise wrong(value, "only on-failure takes a number of times, of at least 0")
        policy["MaximumRetryCount"] = int(times)
    return policy


def command_test(value: str) -> list[str]:
    """A health check's command, for the container's shell; empty for that of the image."""
    return ["CMD-SHELL", value] if value else []
