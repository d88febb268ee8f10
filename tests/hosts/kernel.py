"""A Linux kernel that is a program (user-mode Linux), made of Debian's newest kernel sources; kept in build/hosts/.

Debian has such a program ready (user-mode-linux), but the older ones know no nftables, which podman's networks want,
and the newest none of the tables that Docker's want; and each comes with modules. This one has what engines ask
for (uml.config), with nothing to load. It is made anew when uml.config has changed.
"""
from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

from tests.hosts.images import ImageError, logged, options, sources

CONFIG: Final = Path(__file__).with_name("uml.config")
SUITE: Final = "sid"
TOOLS: Final = ("mmdebstrap", "gcc", "make", "flex", "bison", "bc", "xz")
INSTALL: Final = "apt-get install mmdebstrap e2fsprogs gcc libc6-dev make flex bison bc xz-utils"


def kernel(folder: Path) -> Path:
    """The program, in a folder of its own; made if it is not there, which takes many minutes. Raises ImageError."""
    ready = folder / "kernel"
    stamp, log, program = ready / "made-of", ready / "log", ready / "linux"
    recipe = hashlib.sha256(CONFIG.read_bytes()).hexdigest() + "\n"
    if stamp.exists() and stamp.read_text() == recipe:
        return program
    shutil.rmtree(ready, ignore_errors=True)
    ready.mkdir(parents=True)
    root = ready / "root"
    logged(["unshare", "--mount", "mmdebstrap", "--mode=root", "--variant=extract", "--format=directory", *options(),
            "--include=linux-source", SUITE, str(root), *sources(SUITE)], log)
    logged(["tar", "-C", str(ready), "-xf", str(_only(root / "usr/src", "linux-source-*.tar.xz"))], log)
    shutil.rmtree(root)
    tree = _only(ready, "linux-source-*")
    make = ["make", "-C", str(tree), "ARCH=um"]
    logged([*make, "defconfig"], log)
    logged(["sh", "-ec", 'cd "$1"; scripts/kconfig/merge_config.sh -m .config "$2"', "merge",
            str(tree), str(CONFIG)], log)
    logged([*make, "olddefconfig"], log)
    _check(CONFIG.read_text(), (tree / ".config").read_text())
    logged([*make, f"-j{len(os.sched_getaffinity(0))}", "linux"], log)
    shutil.copy(tree / "linux", program)
    shutil.rmtree(tree)
    stamp.write_text(recipe)
    return program


def missing() -> list[str]:
    """The programs that making it needs and that are not there."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def not_had(wanted: str, got: str) -> list[str]:
    """The lines of a configuration that the kernel did not take. Pure."""
    there = set(got.splitlines())
    return [line for line in wanted.splitlines() if line.startswith("CONFIG_") and line not in there]


def _check(wanted: str, got: str) -> None:
    lines = not_had(wanted, got)
    if lines:
        raise ImageError(f"this kernel cannot be made as {CONFIG.name} says: {', '.join(lines)}")


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise ImageError(f"{folder} has not one {pattern} but {len(found)}")
    return found[0]
