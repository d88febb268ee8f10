"""A virtual machine: boots an image once, hands it the project, and waits until it has turned itself off.

The machine gets two folders: `source`, from which it copies the project and shared/, read-only, and `results`, where it
leaves what it has found. Its disk keeps nothing: the next start begins with the image as it was made. It reaches the
package registries as this machine does, and opens no port here.

With HOSTS_EMULATED=1 it does without KVM. Its processors are a program then, a twentieth as quick,
and its clock goes by what they have done, a nanosecond for an instruction, and by ours only while
they have nothing to do: so it has as much time for everything as a slow machine would have, however
long that takes us, and no test fails because of a time-out. Its disk is prepared (prepared.py).
"""
from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from tests.hosts.hosts import Host
from tests.hosts.prepared import prepared

PROCESSORS: Final = 2
MEMORY: Final = 4096  # MiB
PROCESSOR: Final = "host,arch-capabilities=off"  # which a machine that is a virtual one itself may not pass on
QEMU: Final = "qemu-system-x86_64"
KVM: Final = Path("/dev/kvm")
MODULES: Final = Path("/sys/module")
EMULATED: Final = ("-accel", "tcg,thread=single,tb-size=1024", "-icount", "shift=0,sleep=on",
                   "-cpu", "Nehalem,+rdrand")  # newer ones have instructions that take longer here
_OF_HARDWARE: Final = ("kvm_intel", "kvm_amd")


class MachineError(Exception):
    """It cannot be started, or did not end by itself; the text says why."""


def emulated() -> bool:
    """Whether somebody has the time."""
    return os.environ.get("HOSTS_EMULATED") == "1"


def check() -> None:
    """Raises MachineError where no machine can be had."""
    if not emulated():
        check_kvm()
    if shutil.which(QEMU) is None:
        raise MachineError(f"{QEMU} is missing: apt-get install qemu-system-x86 mmdebstrap e2fsprogs")


def check_kvm(kvm: Path = KVM, modules: Path = MODULES) -> None:
    """Raises MachineError where it is not there, or not ours, or cannot run Debian's kernels."""
    if not kvm.exists() or not os.access(kvm, os.R_OK | os.W_OK):
        raise MachineError("there is no KVM that we may use (/dev/kvm); without: HOSTS_IN=uml, or "
                           "virtual machines that are slow, HOSTS_EMULATED=1")
    if (modules / "kvm_pvm").exists() and not any((modules / name).exists() for name in _OF_HARDWARE):
        raise MachineError("the KVM of this machine (kvm_pvm) runs only kernels that were made for it, which Debian's "
                           "are not; without: HOSTS_IN=uml, or virtual machines that are slow, HOSTS_EMULATED=1")


def run(host: Host, image: Path, source: Path, results: Path, seconds: float) -> float:
    """Boot it and wait for its end, which takes so many seconds. Raises MachineError, ImageError.

    What it says while it boots is in `results`/console.
    """
    disk = prepared(image, source, results) if emulated() else image / "disk"
    began = time.monotonic()
    words = ("root=/dev/vda", "rw", "console=ttyS0", "earlyprintk=ttyS0", *host.kernel,
             *(("mitigations=off",) if emulated() else ()))
    with (results / "console").open("wb") as console:
        process = subprocess.Popen(command(image, disk, source, results, " ".join(words)), stdin=subprocess.DEVNULL,
                                   stdout=console, stderr=console)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise MachineError(f"{host.name} did not end within {seconds:g} s; see {results}/console") from None
        finally:
            process.kill()
            process.wait()
    if status != 0:
        raise MachineError(f"{QEMU} ended with {status}; see {results}/console")
    return time.monotonic() - began


def command(image: Path, disk: Path, source: Path, results: Path, words: str) -> list[str]:
    """What to start. `words`: for the kernel; `disk`: the machine's, which keeps nothing."""
    def folder(path: Path, tag: str, more: str = "") -> list[str]:
        return ["-virtfs", f"local,path={path},mount_tag={tag},security_model=none{more}"]

    how = EMULATED if emulated() else ("-accel", "kvm", "-cpu", PROCESSOR)
    return [QEMU, *how, "-smp", str(PROCESSORS), "-m", str(MEMORY), "-display", "none",
            "-serial", "stdio", "-monitor", "none", "-no-reboot",
            "-kernel", str(image / "vmlinuz"), "-initrd", str(image / "initrd"), "-append", words,
            "-drive", f"file={disk},format=raw,if=virtio,snapshot=on,cache=unsafe",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci",
            *folder(source, "source", ",readonly=on"), *folder(results, "results")]
