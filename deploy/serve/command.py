"""`mesos-docker serve`: its options, read and judged before anything heavy is imported."""
from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from deploy.cli.cluster_options import cluster_options, read_cluster_options
from deploy.cli.logs import log_format
from deploy.cli.problems import REFUSED, Problem
from specs.words.defaults import DOCKER_SOCKET
from specs.words.secrecy import HIDDEN, shown_url, shown_value

if TYPE_CHECKING:
    from deploy.serve.start import Options

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def state_path(value: str | None, name: str, environ: Mapping[str, str]) -> Path:
    """The file of `sqlite:PATH`; by default one of the service's name in the user's folder for
    state.

    Raises BadParameter.
    """
    if value is None:
        home = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME")
                                                         or "/root") / ".local" / "state")
        return Path(home) / "mesos-docker" / f"{name}.sqlite"
    kind, colon, path = value.partition(":")
    if kind != "sqlite" or not colon or not path:
        raise click.BadParameter(f"{value!r} is not sqlite:PATH", param_hint="--state")
    return Path(path).absolute()


def listen_address(value: str) -> tuple[str, int]:
    """HOST:PORT, [IPv6]:PORT. Raises BadParameter."""
    host, colon, port = value.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"{value!r} is not HOST:PORT, with a port from 0 to 65535",
                                 param_hint="--listen")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


@click.command(context_settings={"show_default": True})
@cluster_options
@click.option("--state", metavar="sqlite:PATH", default=None,
              show_default="NAME.sqlite in the user's state folder",
              help="Where all that must outlive this process is kept.")
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:8080",
              help="Where the API listens; port 0: a free one.")
@click.option("--name", default="marathon", help="The framework's name.")
@click.option("--role", default="*", help="The role of apps that name none.")
@click.option("--executor", type=click.Choice(["custom", "mesos"]), default="custom",
              help="custom: our executor, one per agent. mesos: the docker executor that the agents have.")
@click.option("--insecure", is_flag=True,
              help="Serve everybody, and send the secret of --principal in clear; without it plain HTTP "
                   "beyond loopback is refused.")
@click.option("--credentials", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Users, a line each: NAME:PASSWORD or NAME:PASSWORD:read.")
@click.option("--token-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="A bearer token that may do everything.")
@click.option("--tls-cert", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--tls-key", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--advertise", metavar="URL", help="How others reach this service.")
@click.option("--path-prefix", default="", metavar="PATH",
              help="A path before all others, such as /service/marathon.")
@click.option("--principal",
              help="Who we are, for a master that asks; the secret is MESOS_SECRET of the environment.")
@click.option("--agent-principal",
              help="Who we are for agents that ask who reads a sandbox; the secret is MESOS_AGENT_SECRET of "
                   "the environment.")
@click.option("--executor-command", metavar="COMMAND",
              help="How an agent starts our executor; by default the path that it has on this machine.")
@click.option("--executor-uri", "executor_uris", metavar="URI", multiple=True,
              help="A file that the agent fetches into the executor's sandbox first.")
@click.option("--docker-socket", metavar="PATH", default=DOCKER_SOCKET,
              help="Where Docker listens on agents.")
@click.option("--agents", type=click.IntRange(min=0), default=1,
              help="How many agents the embedded Mesos has.")
@click.option("--resources",
              help="What each of them offers, as of Mesos's flag; the rest is the machine's.")
@click.option("--attributes", default="", help="Their attributes: rack:r1;zone:z1.")
@click.option("--default-network-name", metavar="NAME",
              help="Of container networks that have no name.")
@click.option("--local-port-min", type=click.IntRange(1, 65535), default=10000,
              help="Service ports begin here.")
@click.option("--local-port-max", type=click.IntRange(1, 65535), default=20000,
              help="They end below this one.")
@click.option("--enable-features", default="", metavar="NAME,…",
              help="Features that apps may use: secrets, external_volumes, gpu_resources, task_killing, vips.")
@click.option("--new-framework", is_flag=True,
              help="Where the old framework was removed: keep the apps, and start all instances anew.")
@log_format(passed=True)
@click.pass_context
def serve(ctx: click.Context, /, **options: Any) -> int:
    """Keep apps running: Marathon's app definitions and REST API, on a cluster or on this machine
    alone.

    Prints `Serving http://HOST:PORT` once the API answers. Ctrl-C or SIGTERM ends this process, and
    the apps' tasks run on; apps end by `mesos-docker rm`. Start it again with the same --state, and
    it goes on where it was.
    """
    from deploy.serve import garbage

    garbage.pause()
    from deploy.serve.start import start

    return start(judged(ctx, options))


def told(ctx: click.Context, options: Mapping[str, Any], master: str) -> tuple[tuple[str, str | None, str], ...]:
    """Each option with its value and its origin, without what is secret. `master`: as it may be
    shown."""
    origins = {ParameterSource.COMMANDLINE: "flag", ParameterSource.ENVIRONMENT: "environment"}
    rows = []
    for name, value in sorted(options.items()):
        shown = [shown_url(str(each)) for each in value] if isinstance(value, tuple) else [shown_url(str(value))]
        text = master if name == "master" else ",".join(shown)
        source = ctx.get_parameter_source(name)
        rows.append((f"--{name.replace('_', '-')}", None if value is None else text,
                     origins.get(source, "default") if source is not None else "default"))
    rows += [(name, HIDDEN if name == "MESOS_DOCKER_USER" else shown_value(name, os.environ[name]), "environment")
             for name in sorted(os.environ)
             if name.startswith(("MESOS_", "LIBPROCESS_"))]
    return tuple(rows)


def judged(ctx: click.Context, options: dict[str, Any]) -> Options:
    """What the command line says, by the names of its options. Raises Problem, BadParameter and
    UsageError.
    """
    from deploy.run.command import agent_credential
    from deploy.serve.start import Options

    listen = listen_address(options["listen"])
    if not _NAME.fullmatch(options["name"]):
        raise click.BadParameter(f"{options['name']!r} is no name: letters, digits, dots, _ and -",
                                 param_hint="--name")
    if bool(options["tls_cert"]) != bool(options["tls_key"]):
        raise click.UsageError("--tls-cert and --tls-key belong together")
    if options["local_port_min"] >= options["local_port_max"]:
        raise click.UsageError("--local-port-min must be below --local-port-max")
    beyond = listen[0] not in ("127.0.0.1", "localhost", "::1")
    if beyond and not options["tls_cert"] and not options["insecure"]:
        raise Problem(
            f"--listen {options['listen']} is beyond loopback: give --tls-cert and --tls-key, or --insecure",
                      REFUSED)
    found = read_cluster_options(ctx, options, os.environ)
    state = state_path(options["state"], options["name"], os.environ)
    return Options(
        settings=told(ctx, options, found.shown),
        listen=listen, state=state, secret=os.environ.get("MESOS_SECRET"),
        features=frozenset(filter(None, options["enable_features"].split(","))),
        cluster=found, agent=agent_credential(options["agent_principal"]), **{
            key: value for key, value in options.items()
            if key not in ("listen", "state", "master", "enable_features", "agent_principal")
            and not key.startswith("ssl_")})
