"""What pyproject.toml cannot say.

http-parser is the one in deploy/http-parser, and none of an index: pymesos asks for it by that name, the original does
not compile any more, and whoever publishes a newer one would be installed. A direct reference holds for all who ask; it
has to be absolute, so it is made where we are built.

The start script learns which Python it is installed for, so that a copy of it elsewhere starts as well.
"""
from __future__ import annotations  # noqa: I001 - distutils comes with setuptools, after it

import sys
import tomllib
from pathlib import Path

from setuptools import find_packages, setup
from distutils.command.build_scripts import build_scripts

HERE = Path(__file__).resolve().parent


class WithPython(build_scripts):
    """Copies scripts as ever, then fills in the path."""

    def run(self) -> None:
        super().run()
        for script in self.scripts:
            path = Path(self.build_dir, Path(script).name)
            path.write_text(path.read_text().replace("@PYTHON@", sys.executable))


dependencies = tomllib.loads((HERE / "pyproject.toml").read_text())["tool"]["mesos-docker"]["dependencies"]
rooms = find_packages(str(HERE), include=["specs*", "executor*", "scheduler*", "deploy*"],
                      exclude=["deploy.http-parser*", "deploy.mesos_docker"])
parser = f"http-parser @ {(HERE / 'deploy' / 'http-parser').as_uri()}"
setup(packages=["mesos_docker", *rooms], cmdclass={"build_scripts": WithPython},
      install_requires=[parser if each.startswith("http-parser") else each for each in dependencies])
