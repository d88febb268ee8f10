"""Images of machines, made of Debian's packages by mmdebstrap, kept in build/hosts/.

The packages come from where this machine has its own from: its apt sources are read, not repeated here. An image is
made anew when what it is made of has changed: the list of packages, or this file's settings.
"""
from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.hosts.hosts import Host

SIZE: Final = "16G"  # of the disk; a file with holes
_ARCHIVE: Final = "debian-archive"  # in the name of the keyring that Debian's own sources are signed by

_NETWORK: Final = """\
[Match]
Name=en* eth*
[Network]
DHCP=yes
"""
_SERVICE: Final = """\
[Unit]
Description=What is to be proved on this host
After=docker.service podman.socket systemd-networkd.service
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStartPre=/bin/mkdir -p /run/source /run/results
ExecStartPre=/bin/mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro source /run/source
ExecStartPre=/bin/mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 results /run/results
ExecStart=/usr/bin/python3 /run/source/inside.py
ExecStopPost=/bin/systemctl --no-block poweroff
StandardOutput=journal+console
StandardError=journal+console
[Install]
WantedBy=multi-user.target
"""
FILES: Final = {
    "etc/systemd/network/80-all.network": _NETWORK,
    "etc/systemd/system/hosts.service": _SERVICE,
    "etc/resolv.conf": "nameserver 10.0.2.3\n",  # qemu's own
    "etc/hostname": "host\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 host\n",
}


class ImageError(Exception):
    """An image cannot be made; the text says why."""


def image(host: Host, folder: Path) -> Path:
    """The folder with the host's disk, kernel and initrd; made if it is not there. Raises ImageError."""
    ready = folder / host.image
    stamp = ready / "made-of"
    recipe = _recipe(host)
    if stamp.exists() and stamp.read_text() == recipe:
        return ready
    for tool in ("mmdebstrap", "mkfs.ext4"):
        if shutil.which(tool) is None:
            raise ImageError(
                f"{tool} is missing: apt-get install mmdebstrap e2fsprogs qemu-system-x86")
    shutil.rmtree(ready, ignore_errors=True)
    ready.mkdir(parents=True)
    root = ready / "root"
    logged(["unshare", "--mount", "mmdebstrap", "--mode=root",  # what it mounts is gone with it, however it ends
          "--variant=important", "--format=directory", *options(),
          f"--include={','.join(host.packages)}", host.suite, str(root), *sources(host.suite)],
         ready / "log")
    _set_up(root)
    kernel = max((root / "boot").glob("vmlinuz-*"))
    shutil.copy(kernel, ready / "vmlinuz")
    shutil.copy(kernel.with_name(kernel.name.replace("vmlinuz", "initrd.img")), ready / "initrd")
    logged(["mkfs.ext4", "-q", "-d", str(root), str(ready / "disk"), SIZE], ready / "log")
    shutil.rmtree(root)
    stamp.write_text(recipe)
    return ready


def _recipe(host: Host) -> str:
    made_of = [host.suite, *host.packages, SIZE, *FILES, *FILES.values()]
    return hashlib.sha256("\n".join(made_of).encode()).hexdigest() + "\n"


def _set_up(root: Path) -> None:
    for name, text in FILES.items():
        path = root / name
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for unit in ("hosts.service", "systemd-networkd.service", "podman.socket"):
        if (root / "etc/systemd/system" / unit).exists() or (
                root / "usr/lib/systemd/system" / unit).exists():
            logged(["chroot", str(root), "systemctl", "-q", "enable", unit], root.parent / "log")
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs/ca-certificates.crt")


def options() -> list[str]:
    """What this machine's apt does not hold against its sources."""
    found = []
    for name in ("Acquire::Check-Valid-Until", "Acquire::Check-Date"):
        said = subprocess.run(["apt-config", "dump", "--format=%v", name], capture_output=True, text=True, check=False)
        found += [f'--aptopt={name} "false"'] if said.stdout == "false" else []
    return found


def sources(suite: str) -> list[str]:
    """This machine's own sources of Debian's packages, for another suite; raises ImageError."""
    found: list[str] = []
    for file in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        for stanza in file.read_text().split("\n\n"):
            said = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line
                        and line[0] not in "# ")
            if _ARCHIVE not in said.get("Signed-By", ""):
                continue
            security = "security" in said["URIs"]
            wanted = [f"{suite}-security"] if security else [suite, f"{suite}-updates"]
            wanted = [
                suite] if suite == "sid" and not security else [] if suite == "sid" else wanted
            found += [f"deb {said['URIs']} {each} main" for each in wanted]
    found += _one_line_sources(suite) if not found else []
    if not found:
        raise ImageError("this machine has no apt source of Debian's packages")
    return found


def _one_line_sources(suite: str) -> list[str]:
    file = Path("/etc/apt/sources.list")
    lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    uris = [word for line in lines if line[:1] == ["deb"] for word in line[1:3]
            if "://" in word and "debian" in word and "security" not in word]
    return [f"deb {uris[0]} {suite} main"] if uris else []


def logged(command: list[str], log: Path) -> None:
    with log.open("ab") as out:
        done = subprocess.run(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                              check=False)
    if done.returncode != 0:
        raise ImageError(f"{command[0]} failed ({done.returncode}); its output is in {log}")
