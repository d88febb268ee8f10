"""What pyproject.toml cannot say: the start script learns which Python it is installed for, so that
a copy of it elsewhere starts as well."""
from __future__ import annotations  # noqa: I001 - distutils comes with setuptools, after it

import sys
from pathlib import Path

from setuptools import setup
from distutils.command.build_scripts import build_scripts


class WithPython(build_scripts):
    """Copies scripts as ever, then fills in the path."""

    def run(self) -> None:
        super().run()
        for script in self.scripts:
            path = Path(self.build_dir, Path(script).name)
            path.write_text(path.read_text().replace("@PYTHON@", sys.executable))


setup(cmdclass={"build_scripts": WithPython})
