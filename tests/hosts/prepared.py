"""The disk of a slow machine: the image's, with all that `make setup` would bring from package registries.

pip alone would take these very long. So the virtual environment is made beforehand, by the distribution's own Python in
the image's folders, on this machine's kernel; in the machine `deploy/setup.sh` then finds that nothing is missing, and
the main job that the lists of packages are there. A disk that is filled like that is kept until what it is made of
changes; the project is laid on a copy.
"""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.hosts.images import ImageError

_INSTALLED: Final = ("pyproject.toml", "setup.py", "deploy/constraints.txt", "deploy/http-parser", "deploy/bin")

# $1 the disk, $2 a folder to mount it at, $3 source
_FILL: Final = """\
mount -o loop "$1" "$2"
mount -t proc proc "$2/proc"
mount --bind /dev "$2/dev"
cp "$2/etc/resolv.conf" "$2/etc/resolv.conf.own"
cat /etc/resolv.conf > "$2/etc/resolv.conf"
cp "$3/pip.conf" "$2/etc/pip.conf"
cp -r --preserve=timestamps "$3/mesos-docker" "$2/root/"
chroot "$2" sh -ec '
apt-get -q update
cd /root/mesos-docker
python3 -m venv .venv
.venv/bin/python -m pip install -q -c deploy/constraints.txt ./deploy/http-parser -e ".[dev]"
mv .venv ../environment'
rm -r "$2/root/mesos-docker"
mv "$2/etc/resolv.conf.own" "$2/etc/resolv.conf"
"""

# The same, and $4 a folder that is laid over it.
_LAY: Final = """\
mount -o loop "$1" "$2"
cp -r --preserve=timestamps "$3/mesos-docker" "$2/root/"
mv "$2/root/environment" "$2/root/mesos-docker/.venv"
cp -r --no-dereference --remove-destination "$4/." "$2/"
chroot "$2" sh -ec '
cd /root/mesos-docker
.venv/bin/python -m compileall -q specs executor scheduler deploy tests
touch .venv/.set-up\\ . ".venv/.set-up .[dev]"'
"""


def prepared(image: Path, source: Path, results: Path, files: Mapping[str, str | None] | None = None) -> Path:
    """The disk, in a folder of its own: another host may run from the same image. Its project is `source`'s, a folder
    named as the host. Raises ImageError.

    `files`: what it has more than the image, by path; None: a link to nothing.
    """
    kept, folder = image.parent / "filled" / image.name, image.parent / "prepared" / source.name
    for each in (kept, folder):
        (each / "root").mkdir(parents=True, exist_ok=True)
    recipe = _recipe(image, source / "mesos-docker")
    stamp, log = kept / "made-of", results / "prepared.log"
    if not stamp.exists() or stamp.read_text() != recipe:
        stamp.unlink(missing_ok=True)
        _changed(image / "disk", kept / "disk", _FILL, (kept / "root", source), log)
        stamp.write_text(recipe)
    shutil.rmtree(folder / "files", ignore_errors=True)
    (folder / "files").mkdir()
    for name, text in (files or {}).items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.symlink_to("/dev/null")
        else:
            path.write_text(text)
    return _changed(kept / "disk", folder / "disk", _LAY, (folder / "root", source, folder / "files"), log)


def _recipe(image: Path, project: Path) -> str:
    """Of a filled disk."""
    made_of = hashlib.sha256((image / "made-of").read_bytes() + _FILL.encode())
    for name in _INSTALLED:
        files = [project / name] if (project / name).is_file() else sorted((project / name).rglob("*"))
        for file in filter(Path.is_file, files):
            made_of.update(str(file.relative_to(project)).encode() + file.read_bytes())
    return made_of.hexdigest() + "\n"


def _changed(disk: Path, copy: Path, script: str, words: tuple[Path, ...], log: Path) -> Path:
    """A copy of a disk that a script has changed; it is mounted in a namespace and gone with it, however that ends."""
    subprocess.run(["cp", "--sparse=always", disk, copy], check=True)
    with log.open("ab") as out:
        done = subprocess.run(["unshare", "--mount", "sh", "-ec", script, "fill",
                               *(str(path.resolve()) for path in (copy, *words))],
                              stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False,
                              env={"PATH": os.environ["PATH"], "HOME": "/root", "LANG": "C.UTF-8"})
    if done.returncode != 0:
        raise ImageError(f"the disk of {disk.parent.name} cannot be prepared; see {log}")
    return copy
