"""Faults of the network, of one port at a time: its connections are reset or refused, or nothing goes through.

For a soak in a network namespace of its own, or for the ports of a cluster that is there for it. Needs root, iptables
and ss; the kernel's netem is not everywhere.
"""
from __future__ import annotations

import contextlib
import enum
import subprocess
import time
from collections.abc import Iterator


class Fault(enum.Enum):
    """What befalls a port."""

    RESET = "its connections are reset, new ones may be made at once"
    REFUSED = "every packet is answered with a reset for a while: established connections break, new ones are refused"
    SILENT = "every packet is dropped for a while, and nobody is told"


def strike(fault: Fault, port: int, seconds: float) -> None:
    """Returns when it is over."""
    with lasting(fault, port):
        time.sleep(0.0 if fault is Fault.RESET else seconds)


@contextlib.contextmanager
def lasting(fault: Fault, port: int) -> Iterator[None]:
    """From the beginning of the block to its end."""
    if fault is Fault.RESET:
        reset(port)
        yield
        return
    # All but the resets, or these would be refused as well.
    target = (["-j", "DROP"] if fault is Fault.SILENT else
              ["--tcp-flags", "RST", "NONE", "-j", "REJECT", "--reject-with", "tcp-reset"])
    rules = [["OUTPUT", "-p", "tcp", direction, str(port), *target]
             for direction in ("--sport", "--dport")]
    try:
        for rule in rules:
            _iptables("-I", *rule)
        yield
    finally:
        for rule in rules:
            _iptables("-D", *rule)


def reset(port: int) -> None:
    """Both ends of each connection get ECONNRESET or ECONNABORTED."""
    subprocess.run(["ss", "-K", "-t", "state", "connected", f"( sport = :{port} or dport = :{port} )"],
                   check=False, capture_output=True)  # it complains of what another has closed meanwhile


def _iptables(*words: str) -> None:
    subprocess.run(["iptables", "-w", *words], check=True, capture_output=True)
