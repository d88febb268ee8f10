"""What an embedded Mesos of this user demands, kept where the same user's commands find it.

`mesos-docker local --authenticate` writes a file of its own user's (0600) for each address of its
master; whoever talks to that address reads it. It is Mesos's JSON form of a credential, and names
the agents that know it too: the secret goes to nobody else. The file goes when that Mesos ends, and
is worth nothing if it stays: each start makes another secret.
"""
from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cli.private_files import write_private
from deploy.cli.problems import REFUSED, Problem
from scheduler.address import ensemble, master_address
from specs.errors import SpecError
from specs.network.address import HostPort
from specs.network.credential import Credential

_LARGEST: Final = 1 << 20  # bytes of a file
PRINCIPAL: Final = "mesos-docker"


@dataclass(frozen=True, slots=True)
class Known:
    """A credential, and at which agents (HOST:PORT) it is good beside the master."""

    credential: Credential
    agents: frozenset[str] = frozenset()

    def of(self, agent: str) -> Credential | None:
        """What to tell this agent; None: nothing."""
        return self.credential if agent in self.agents else None


def new(principal: str = PRINCIPAL) -> Credential:
    """With a secret that nobody guesses."""
    return Credential(principal, secrets.token_urlsafe(32))


def lasting(path: Path) -> Credential:
    """The one in this file, which is made if it is not there: of an embedded Mesos that comes back.
    Raises Problem.
    """
    found = _read(path)
    if found is not None:
        return found.credential
    made = new()
    _write(path, json.dumps({"principal": made.principal, "secret": made.secret}))
    return made


def header(credential: Credential | None) -> dict[str, str]:
    """What a request says of who sends it."""
    if credential is None:
        return {}
    pair = f"{credential.principal}:{credential.secret}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


def folder() -> Path:
    """Where the files are."""
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if state.startswith("/")
            else Path.home() / ".local" / "state") / "mesos-docker" / "credentials"


@contextlib.contextmanager
def kept(masters: Sequence[str], known: Known) -> Iterator[Path]:
    """While the block lasts others of this user find it under these addresses of a master; gives
    the first one's file. Raises Problem."""
    text = json.dumps({"principal": known.credential.principal, "secret": known.credential.secret,
                       "agents": sorted(known.agents)})
    paths = [_path(master) for master in masters]
    try:
        for path in paths:
            _write(path, text)
        yield paths[0]
    finally:
        forget(masters)


def forget(masters: Iterable[str]) -> None:
    """Nothing is demanded at these addresses of a master (any more)."""
    for master in masters:
        with contextlib.suppress(OSError):
            _path(master).unlink()


def of_cluster(master: str, principal: str | None, secret: str | None) -> Known | None:
    """Who we are on the cluster at HOST:PORT or zk://…: as was said, else what an embedded Mesos of
    this user demands there; None: nobody in particular. Raises Problem for a master that cannot be
    one."""
    try:
        address = None if "://" in master else master_address(master)
        if address is None:
            ensemble(master)
    except SpecError as error:
        raise Problem(f"--{error}", REFUSED) from error
    if principal is not None:
        return None if secret is None else Known(Credential(principal, secret))
    return None if address is None else find(address)


def find(master: HostPort) -> Known | None:
    """What the Mesos of this user at this address demands; None: nothing is known of it. Raises
    Problem for a file that others can read."""
    hosts = ("localhost", "127.0.0.1", "::1") if master.host == "localhost" else (master.host,)
    found = (_read(_path(str(HostPort(host, master.port)))) for host in hosts)
    return next((each for each in found if each is not None), None)


def _path(master: str) -> Path:
    return folder() / f"{master}.json"


def _write(path: Path, text: str) -> None:
    try:
        write_private(path, text)
    except OSError as error:
        raise Problem(f"the credential cannot be written to {path}: {error.strerror}") from error


def _read(path: Path) -> Known | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return None
        if found.st_mode & 0o077:
            raise Problem(f"{path} can be read by others: remove it, and start that Mesos again")
        value = json.loads(os.read(descriptor, _LARGEST))
        return Known(Credential(value["principal"], value["secret"]),
                     frozenset(value.get("agents", ())))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    finally:
        os.close(descriptor)
