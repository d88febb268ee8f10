"""What pyproject.toml cannot say.

http-parser is the one in deploy/http-parser, and none of an index: pymesos asks for it by that name, the original does
not compile any more, and whoever publishes a newer one would be installed. A direct reference holds for all who ask; it
has to be absolute, so it is made where we are built.

The start script learns which Python it is installed for, so that a copy of it elsewhere starts as well. Where there is
a C compiler with a static C library, it is installed within deploy/bin/starter.c, which says why.
"""
from __future__ import annotations  # noqa: I001 - distutils comes with setuptools, after it

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from setuptools import Distribution, find_packages, setup
from distutils.command.build_scripts import build_scripts

HERE = Path(__file__).resolve().parent


COMPILER = shutil.which(os.environ.get("CC", "cc"))


class StartScript(build_scripts):
    """Copies scripts as ever, then fills in the path, and compiles the starter around the text."""

    def run(self) -> None:
        super().run()
        for script in self.scripts:
            path = Path(self.build_dir, Path(script).name)
            text = path.read_text().replace("@PYTHON@", sys.executable).encode()
            path.write_bytes(compiled(text) or text)


class WithStarter(Distribution):
    """Is for one kind of machine, if something is compiled."""

    def has_ext_modules(self) -> bool:
        return COMPILER is not None


def compiled(script: bytes) -> bytes | None:
    """deploy/bin/starter.c with the script in it; None if it cannot be compiled here."""
    if COMPILER is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "script.h").write_text(f"static const char script[] = {{{','.join(map(str, script))}}};\n")
        made = Path(folder, "starter")
        done = subprocess.run([COMPILER, "-Os", "-s", "-static", f"-I{folder}", "-o", made,
                               HERE / "deploy" / "bin" / "starter.c"], check=False)
        return made.read_bytes() if done.returncode == 0 else None


if __name__ == "__main__":
    dependencies = tomllib.loads((HERE / "pyproject.toml").read_text())["tool"]["mesos-docker"]["dependencies"]
    rooms = find_packages(str(HERE), include=["specs*", "executor*", "scheduler*", "deploy*"],
                          exclude=["deploy.http-parser*", "deploy.mesos_docker"])
    parser = f"http-parser @ {(HERE / 'deploy' / 'http-parser').as_uri()}"
    setup(packages=["mesos_docker", *rooms], cmdclass={"build_scripts": StartScript}, distclass=WithStarter,
          install_requires=[parser if each.startswith("http-parser") else each for each in dependencies])
