"""The options by which a command finds its cluster, and is trusted there: the master, TLS, secrets.

What is secret stands on no command line, which everybody on the machine can read: a ZooKeeper's
password comes out of a file (`--master file:///PATH`, as for Mesos's own flags) or of
MESOS_DOCKER_MASTER, secrets of principals out of the environment.
"""
from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import click

from deploy.cli.problems import REFUSED, Problem

if TYPE_CHECKING:
    from scheduler.master.transport import Transport
    from specs.network.libprocess_ssl import TlsSettings

MASTER_VARIABLE: Final = "MESOS_DOCKER_MASTER"
_F = TypeVar("_F", bound=Callable[..., Any])
_FILE: Final = click.Path(dir_okay=False)


def cluster_options(command: _F) -> _F:
    """--master, and the certificates of TLS."""
    for option in reversed([
        click.option("--master", metavar="local|HOST:PORT|zk://…", default="local",
                     envvar=MASTER_VARIABLE, show_default=True,
                     help="The Mesos master; local is an embedded Mesos in this process, "
                          "https://HOST:PORT one that speaks TLS, file:///PATH a file that says "
                          f"where it is, as {MASTER_VARIABLE} may: for zk:// with a password."),
        click.option("--ssl-ca-file", type=_FILE, metavar="FILE",
                     help="Speak TLS to masters and agents, and believe certificates of these "
                          "authorities (PEM). LIBPROCESS_SSL_ENABLED=1 and its like say the same "
                          "as to Mesos itself, but that certificates are verified unless "
                          "LIBPROCESS_SSL_VERIFY_SERVER_CERT=false."),
        click.option("--ssl-cert-file", type=_FILE, metavar="FILE",
                     help="Our own certificate, for those who ask for one."),
        click.option("--ssl-key-file", type=_FILE, metavar="FILE", help="Its key."),
    ]):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What these options say. `insecure`: secrets may go in clear."""

    master: str
    tls: TlsSettings | None = None
    insecure: bool = False

    @property
    def shown(self) -> str:
        """The master, as others may read it: without a password."""
        scheme, separator, rest = self.master.rpartition("://")
        return scheme + separator + rest.rpartition("@")[2]

    def transport(self) -> Transport:
        """How masters and agents are reached. Raises Problem."""
        from scheduler.master.transport import Transport
        from specs.errors import SpecError
        try:
            return Transport(self.tls, insecure=self.insecure)
        except SpecError as error:
            raise Problem(f"--ssl-{error.path.replace('_', '-')} or "
                          f"LIBPROCESS_SSL_{error.path.upper()}: {error.problem}",
                          REFUSED) from error


def read_cluster_options(ctx: click.Context, options: Mapping[str, Any],
                         environ: Mapping[str, str]) -> ClusterOptions:
    """Raises Problem for what cannot be, BadParameter or UsageError."""
    master = options["master"]
    said_here = ctx.get_parameter_source("master") is click.core.ParameterSource.COMMANDLINE
    if said_here and _has_password(master):
        raise Problem("--master: everybody on this machine reads the password on a command line; "
                      "put the address into a file of yours and say --master file:///PATH, or into "
                      f"{MASTER_VARIABLE}", REFUSED)
    if master.startswith("file://"):
        master = _file(Path(unquote(urlsplit(master).path)))
    with_tls = master.startswith("https://")
    return ClusterOptions(
        master.removeprefix("https://"),
        _tls(options, environ, with_tls=with_tls), bool(options.get("insecure")))


def _tls(options: Mapping[str, Any], environ: Mapping[str, str], *,
         with_tls: bool) -> TlsSettings | None:
    from specs.network.libprocess_ssl import TlsSettings, says_not_to_verify, tls_settings
    if bool(options["ssl_cert_file"]) != bool(options["ssl_key_file"]):
        raise click.UsageError("--ssl-cert-file and --ssl-key-file belong together")
    authority, certificate = options["ssl_ca_file"], options["ssl_cert_file"]
    said = tls_settings(environ)
    if said is None and not (with_tls or authority or certificate):
        return None
    verify = authority is not None or not says_not_to_verify(environ)
    tls = replace(said or TlsSettings(), verify=verify, check_address=verify)
    if authority is not None:
        tls = replace(tls, ca_file=authority, ca_directory=None)
    if certificate is not None:
        tls = replace(tls, cert_file=certificate, key_file=options["ssl_key_file"])
    return tls


def _has_password(master: str) -> bool:
    return "://" in master and "@" in master and ":" in master.partition("://")[2].rpartition("@")[0]


def _file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no text"
        raise Problem(f"--master file://{path}: {why}", REFUSED) from error
    if _has_password(text) and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Problem(f"--master file://{path}: others can read the password in it: chmod 600",
                      REFUSED)
    return text
