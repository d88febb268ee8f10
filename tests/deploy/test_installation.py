"""pip, from a checkout and from an sdist: what it would install, and that http-parser comes from this tree."""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

import deploy

ROOT = Path(deploy.__path__[0]).parent
ROOMS = ("deploy", "executor", "scheduler", "specs")
FILES = ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.cfg", "setup.py")
SDIST = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy, for building leaves files behind."""
    target = tmp_path / "a checkout"
    target.mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, target)
    for name in ROOMS:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    return target


def pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments], check=True,
                   capture_output=True, timeout=300)


def would_install(source: Path, folder: Path) -> dict[str, Any]:
    """Our metadata, as pip reads them; what they ask for is not looked for."""
    report = folder / "report.json"
    pip("install", "--dry-run", "--ignore-installed", "--no-deps", "--report", str(report), str(source))
    metadata: dict[str, Any] = json.loads(report.read_text())["install"][0]["metadata"]
    return metadata


def parser_of(metadata: dict[str, Any]) -> Path:
    """Where http-parser is to come from; anything but a folder is an error."""
    found = [each for each in metadata["requires_dist"] if each.startswith("http-parser")]
    assert len(found) == 1
    url = urlsplit(found[0].partition(" @ ")[2])
    assert url.scheme == "file", found
    return Path(unquote(url.path))


def test_from_a_checkout(checkout: Path, tmp_path: Path) -> None:
    metadata = would_install(checkout, tmp_path)
    assert parser_of(metadata) == checkout / "deploy" / "http-parser"
    assert len(metadata["requires_dist"]) > 10
    pip("wheel", "--no-deps", "-w", str(tmp_path / "wheels"), str(parser_of(metadata)))


def test_the_executor_is_installed_within_its_starter(checkout: Path, tmp_path: Path) -> None:
    """What is installed is for this kind of machine, then."""
    pip("wheel", "--no-deps", "-w", str(tmp_path / "wheels"), str(checkout))
    (wheel,) = (tmp_path / "wheels").iterdir()
    assert not wheel.name.endswith("none-any.whl")
    shutil.unpack_archive(wheel, tmp_path / "unpacked", "zip")
    (installed,) = (tmp_path / "unpacked").glob("*.data/scripts/mesos-docker-executor")
    assert installed.read_bytes().startswith(b"\x7fELF")


def test_from_an_sdist(checkout: Path, tmp_path: Path) -> None:
    pip("install", "--target", str(tmp_path / "tools"), "setuptools>=77")
    made = subprocess.run([sys.executable, "-c", SDIST, str(tmp_path)], cwd=checkout, check=True, capture_output=True,
                          text=True, env={"PYTHONPATH": str(tmp_path / "tools")}, timeout=300)
    sdist = tmp_path / made.stdout.splitlines()[-1]
    assert parser_of(would_install(sdist, tmp_path)).parts[-2:] == ("deploy", "http-parser")
    (tmp_path / "unpacked").mkdir()
    subprocess.run(["tar", "-xf", str(sdist), "-C", str(tmp_path / "unpacked")], check=True)
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    pip("wheel", "--no-deps", "-w", str(tmp_path / "wheels"), str(unpacked / "deploy" / "http-parser"))
    for name in ("deploy/constraints.txt", "deploy/bin/mesos-docker-executor", "deploy/bin/starter.c",
                 "specs/proto/mesos.proto", "scheduler/api/page/static/index.html",
                 "scheduler/api/page/vendor/preact/LICENSE"):
        assert (unpacked / name).is_file(), name
