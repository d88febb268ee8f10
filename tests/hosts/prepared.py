"""The disk of a slow machine: the image's, with all that `make setup` would bring from package registries.

pip alone would take an emulated processor very long, and user-mode Linux has no network. So the virtual environment is
made beforehand, by the distribution's own Python in the image's folders, on this machine's kernel; in the machine
`deploy/setup.sh` then finds that nothing is missing, and the main job that the lists of packages are there.
"""
from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.hosts.images import ImageError

# $1 the disk, $2 a folder to mount it at, $3 source, $4 a folder that is laid over it
_FILL: Final = """\
mount -o loop "$1" "$2"
mount -t proc proc "$2/proc"
mount --bind /dev "$2/dev"
cp "$2/etc/resolv.conf" "$2/etc/resolv.conf.own"
cat /etc/resolv.conf > "$2/etc/resolv.conf"
cp "$3/pip.conf" "$2/etc/pip.conf"
cp -r --preserve=timestamps "$3/mesos-docker" "$2/root/"
cp -r --no-dereference --remove-destination "$4/." "$2/"
chroot "$2" sh -ec '
apt-get -q update
cd /root/mesos-docker
python3 -m venv .venv
.venv/bin/python -m pip install -q -c deploy/constraints.txt ./deploy/http-parser -e ".[dev]"
.venv/bin/python -m compileall -q specs executor scheduler deploy tests
touch .venv/.set-up\\ . ".venv/.set-up .[dev]"'
mv "$2/etc/resolv.conf.own" "$2/etc/resolv.conf"
"""


def prepared(image: Path, source: Path, results: Path, files: Mapping[str, str | None] | None = None) -> Path:
    """The disk; made anew each time, as the project may have changed. Raises ImageError.

    `files`: what it has more than the image, by path; None: a link to nothing.
    """
    folder = image.parent / "prepared" / image.name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "root").mkdir(parents=True)
    (folder / "files").mkdir()
    for name, text in (files or {}).items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.symlink_to("/dev/null")
        else:
            path.write_text(text)
    disk = folder / "disk"
    subprocess.run(["cp", "--sparse=always", image / "disk", disk], check=True)
    words = ["unshare", "--mount", "sh", "-ec", _FILL, "fill",  # what it mounts is gone with it, however it ends
             *(str(path.resolve()) for path in (disk, folder / "root", source, folder / "files"))]
    with (results / "prepared.log").open("wb") as log:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
                              env={"PATH": os.environ["PATH"], "HOME": "/root", "LANG": "C.UTF-8"})
    if done.returncode != 0:
        raise ImageError(f"the disk of {image.name} cannot be prepared; see {results}/prepared.log")
    return disk
