"""Making files in a sandbox, and nowhere else.

While files are fetched nobody but this program writes there, but archives bring links. So no path
is followed through a link: every folder on the way is looked at. A link may only lead to what is in
the sandbox: by its text when it is made, and, because links can lead on, by where it really ends
once all are there (`check_links`). An absolute one is seen from the container, for which the sandbox
is the folder `mapped`; on the node it leads nowhere.
"""
from __future__ import annotations

import os
import posixpath
import stat
from pathlib import Path
from typing import Final

MODES: Final = 0o755  # what is left of a mode: nothing for others to write, no set-uid bits
MOST_LINKS: Final = 40  # that a path may go through; as Linux
LONGEST: Final = 3072  # bytes of a name: with the sandbox before it, a path must still be one
DEEPEST: Final = 256  # folders within folders: each costs a look, and those who come later a step
OUTPUT: Final = frozenset({"stdout", "stderr"})  # where what the container writes goes


class UnsafePathError(Exception):
    """It would lead out of the sandbox, or over what is not the task's to replace."""


class Sandbox:
    """The folder that a task's files go to; names are relative paths in it. All methods raise
    OSError as well.
    """

    def __init__(self, folder: str, mapped: str = "") -> None:
        """`mapped`: where the container has it; empty: nothing absolute is in it."""
        self._root = Path(folder)
        self._mapped = mapped.rstrip("/")
        self._links: dict[Path, str] = {}  # where it is, and its name in messages
        self._folders = {""}  # that are there: none is ever replaced

    def path(self, name: str) -> Path:
        """Where a name is, in folders that are there or are made. Raises UnsafePathError."""
        name = self.checked(name)
        above = posixpath.dirname(name)
        if above not in self._folders:
            self._pass(name, above.split("/"))
        return self._root / name

    def _pass(self, name: str, steps: list[str]) -> None:
        folder = ""
        for step in steps:
            folder = posixpath.join(folder, step)
            if folder in self._folders:
                continue
            path = self._root / folder
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                path.mkdir()
            else:
                if not stat.S_ISDIR(mode):
                    raise UnsafePathError(f"'{name}' leads through '{step}', which is not a folder")
            self._folders.add(folder)

    @staticmethod
    def checked(name: str) -> str:
        """The name without needless steps. Raises UnsafePathError for one that no file can have."""
        if ".." in name.split("/"):
            raise UnsafePathError(f"'{name}' leads out of the sandbox")
        result = posixpath.normpath(name.lstrip("/"))
        if result.count("/") > DEEPEST or len(os.fsencode(result)) > LONGEST:
            raise UnsafePathError(f"'{result[:60]}…' is longer than {LONGEST} bytes or deeper than {DEEPEST} folders")
        if result in OUTPUT:
            raise UnsafePathError(f"'{result}' is where the task's output goes")
        return result

    def create(self, name: str) -> int:
        """A new, empty file, in the place of whatever was there but for a folder; its descriptor,
        to be written.
        """
        path = self.path(name)
        self._clear(path)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                       0o644)

    def folder(self, name: str) -> Path:
        """A folder, new or there."""
        path = self.path(f"{name.rstrip('/')}/x").parent
        if path != self._root and path.is_symlink():
            raise UnsafePathError(f"'{name}' is a link")
        return path

    def link(self, name: str, target: str) -> None:
        """A symbolic link."""
        path = self.path(name)
        inside = self._inside(target)
        ends = posixpath.normpath(
            posixpath.join(posixpath.dirname(self.checked(name)), target) if inside is None
            else inside)
        if ends.startswith("/") or ends.split("/")[0] == "..":
            raise UnsafePathError(f"the link '{name}' leads to '{target}', out of the sandbox")
        self._clear(path)
        path.symlink_to(target)
        self._links[path] = name

    def hard_link(self, name: str, other: str) -> None:
        """Another name of a file that is in the sandbox."""
        source, path = self.path(other), self.path(name)
        if not stat.S_ISREG(source.lstat().st_mode):
            raise UnsafePathError(f"the link '{name}' leads to '{other}', which is not a file")
        self._clear(path)
        os.link(source, path, follow_symlinks=False)

    def check_links(self) -> None:
        """Remove links that end outside of the sandbox, or nowhere; UnsafePathError if there are any."""
        out = [path for path in self._links
               if path.is_symlink() and self._leads_out(path.relative_to(self._root))]
        for path in out:
            path.unlink()
        if out:
            raise UnsafePathError(f"the link '{self._links[out[0]]}' leads out of the sandbox")

    def _leads_out(self, path: Path) -> bool:
        """Step by step, for whoever fetches may not be allowed to look at the folders above."""
        way, here, links = list(reversed(path.parts)), self._root, 0
        while way:
            step = way.pop()
            if step == "..":
                if here == self._root:
                    return True
                here = here.parent
            elif (here / step).is_symlink():
                target, links = (here / step).readlink(), links + 1
                if target.is_absolute():
                    inside = self._inside(str(target))
                    if inside is None:
                        return True
                    target, here = Path(inside), self._root
                if links > MOST_LINKS:
                    return True  # in circles: where they end is up to who follows them
                way.extend(reversed(target.parts))
            else:
                here = here / step
        return False

    def _inside(self, target: str) -> str | None:
        """An absolute path of the container's as one of the sandbox's; None for what is not in it."""
        if not self._mapped or not f"{target}/".startswith(f"{self._mapped}/"):
            return None
        return target[len(self._mapped):].lstrip("/") or "."

    @staticmethod
    def _clear(path: Path) -> None:
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            path.unlink()
