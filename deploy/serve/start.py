"""The middle of `mesos-docker serve`: puts framework, service and API together and lets the
framework's loop run.

The order matters: the state is opened, and so locked, first; then the API listens, so that a taken
port costs nothing; then the embedded Mesos begins, if it is asked for; and the loop has the main
thread. `Serving` is printed when the API answers, /readyz is 200 once the framework is subscribed.
"""
from __future__ import annotations

import contextlib
import hashlib
import logging
import random
import sqlite3
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from deploy.cli import logs
from deploy.cli.cluster_options import ClusterOptions
from deploy.cli.credentials import Known, of_cluster
from deploy.cli.problems import REFUSED, Problem
from deploy.cli.service_files import announced
from deploy.cli.signals import given_to
from deploy.run.clusters import reach
from deploy.run.command import default_executor
from deploy.run.start import executor_of
from deploy.serve import garbage
from deploy.serve.agents import ReachedAgents
from deploy.serve.mesos import embedded
from deploy.serve.notify import notify
from deploy.serve.reports import REPORT_INTERVAL, AsksForReports, wanted_interval
from deploy.serve.secrets import access
from scheduler.api.asking import Asking
from scheduler.api.handlers.deployments import Identity, Setting
from scheduler.api.server import Server
from scheduler.api.table import routes
from scheduler.apps.policy import policy
from scheduler.config import Config
from scheduler.framework.framework import Framework
from scheduler.looking.execs import CallBack
from scheduler.master.driver import MesosDriver
from scheduler.master.transport import Transport
from scheduler.service.completion import completed
from scheduler.service.launches import Launches
from scheduler.service.operations import Operations
from scheduler.service.service import Service
from scheduler.storage.sqlite import NewerFormatError, SqliteStorage
from specs.marathon.definitions import Config as Definitions
from specs.network.credential import Credential

log = logging.getLogger(__name__)

FAILOVER = 7 * 24 * 3600.0  # seconds that a master keeps our tasks without us, as Marathon's


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    cluster: ClusterOptions
    state: Path
    listen: tuple[str, int]
    name: str
    role: str
    executor: str
    insecure: bool
    credentials: Path | None
    token_file: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    advertise: str | None
    path_prefix: str
    principal: str | None
    secret: str | None
    agent: Credential | None
    executor_command: str | None
    executor_uris: tuple[str, ...]
    docker_socket: str
    agents: int
    resources: str | None
    attributes: str
    default_network_name: str | None
    local_port_min: int
    local_port_max: int
    features: frozenset[str]
    new_framework: bool
    log_format: str = "text"
    settings: tuple[tuple[str, str | None, str], ...] = ()  # all of it, as it may be shown


def start(options: Options, opened: Callable[[str], SqliteStorage] = SqliteStorage) -> int:
    """Serve until a signal; the exit status. `opened`: the storage in a file. Raises Problem."""
    logs.set_up(options.log_format)
    known, transport = None, Transport()
    if options.cluster.master != "local":
        known = of_cluster(options.cluster.master, options.principal, options.secret)
        transport = reach(options.cluster, known)
    with _storage(options.state, opened) as storage, contextlib.ExitStack() as stack:
        if options.new_framework:
            storage.forget()
            storage.flush()
        definitions = Definitions(
            options.features, options.default_network_name, options.role,
            local_port_min=options.local_port_min,
            local_port_max=options.local_port_max, executor=options.executor)
        service = Service(storage, _launches(options), policy)
        garbage.resume()
        logs.set_up(options.log_format, lambda: service.view.framework.id)
        operations = Operations(service, lambda root, before: completed(root, before, definitions),
                                time.time)
        served = Served(options, service, operations, definitions, transport)
        stack.callback(served.close)
        served.listen()
        if options.cluster.master != "local":
            return served.run(options.cluster.master, storage, known)
        mesos = stack.enter_context(embedded(options.state, options))
        known = None if mesos.credential is None else Known(mesos.credential,
                                                            frozenset(mesos.agent_addresses))
        return served.run(mesos.address, storage, known)


class Served:
    """One service while it runs."""

    def __init__(self, options: Options, service: Service, operations: Operations,
                 definitions: Definitions, transport: Transport) -> None:
        self._options = options
        self._service = service
        self._transport = transport
        self._url = ""
        self._agents = ReachedAgents(transport, lambda: service.view.framework.master,
                                     options.agent, self._callback,
                                     advertised=options.advertise is not None,
                                     custom=options.executor == "custom")
        self._framework: Framework | None = None
        asking = Asking(service, operations, time.time)
        granted, self._token = access(options.state, options.credentials, options.token_file,
                                      insecure=options.insecure)
        identity = Identity(options.name, options.role, options.cluster.shown,
                            options.local_port_min, options.local_port_max,
                            tuple(sorted(options.features)),
                            tuple(Setting(*each) for each in options.settings))
        self._server = Server(
            routes(asking, definitions, identity, leader=lambda: self._url,
                   resubscribe=self._resubscribe,
                   loop=lambda: self._server.loop, agents=self._agents, insecure=options.insecure),
            granted, leader=lambda: self._url, prefix=options.path_prefix, tls=_tls(options),
            measured=service.telemetry.meters.answered)
        self._announced = contextlib.ExitStack()

    def listen(self) -> None:
        """The API answers from here on. Raises Problem if the port is taken."""
        host, port = self._options.listen
        try:
            bound = self._server.start(host, port)
        except OSError as error:
            raise Problem(f"--listen {host}:{port}: {error.strerror or error}", REFUSED) from error
        shown = f"[{host}]" if ":" in host else host
        scheme = "https" if self._options.tls_cert else "http"
        local = f"{scheme}://{shown}:{bound}"
        self._url = self._options.advertise or local
        if self._token:
            self._announced.enter_context(announced(local, self._token))
        click.echo(f"Serving {local}")
        sys.stdout.flush()

    def run(self, master: str, storage: SqliteStorage, known: Known | None) -> int:
        """The framework's loop, until it is told to end; the exit status. `known`: who we are there.
        """
        options, credential = self._options, None if known is None else known.credential
        principal = options.principal if credential is None else credential.principal
        config = Config(name=options.name, roles=(options.role,), principal=principal,
                        failover_timeout=FAILOVER, gpus="gpu_resources" in options.features,
                        webui_url=self._url, connect_timeout=float("inf"), max_launches=1)
        secret = None if credential is None else credential.secret
        driver = MesosDriver(master, config, secret=secret, transport=self._transport)
        self._agents.attach(driver, known)
        self._framework = Framework(driver, config, self._service, storage=storage,
                                    work=self._service, contains=True)
        self._service.attach(self._framework)
        threading.Thread(target=self._tell_systemd, daemon=True).start()
        with given_to(self._end), AsksForReports(self._service, self._agents):
            self._framework.run()
        notify("STOPPING=1")
        if self._service.failed_because is not None:
            raise Problem(_removed(self._service.failed_because), 1)
        running = sum(each.started_at is not None for each in self._service.board.all_instances())
        click.echo(f"{running} task{'s' if running != 1 else ''} of apps run on; start again with "
                   f"--state sqlite:{options.state} to go on", err=True)
        return 0

    def close(self) -> None:
        """The API answers no more."""
        self._server.stop()
        self._announced.close()

    def _callback(self) -> CallBack:
        prefix, url = self._options.path_prefix.rstrip("/"), self._url.rstrip("/")
        certificate = self._options.tls_cert
        return CallBack(url if url.endswith(prefix) else url + prefix,
                        None if certificate is None
                        else fingerprint(certificate.read_text(encoding="ascii")))

    def _end(self) -> None:
        if self._framework is not None:
            self._framework.stop(failover=True)

    def _resubscribe(self) -> None:
        if self._framework is not None:
            self._framework.resubscribe()

    def _tell_systemd(self) -> None:
        while self._service.view.framework.master is None:
            time.sleep(0.1)
        notify("READY=1")


@contextlib.contextmanager
def _storage(path: Path, opened: Callable[[str], SqliteStorage]) -> Iterator[SqliteStorage]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        storage = opened(str(path))
    except NewerFormatError as error:
        raise Problem(str(error), REFUSED) from error
    except sqlite3.OperationalError as error:
        why = "another serve uses it" if "locked" in str(error) else str(error)
        raise Problem(f"--state {path}: {why}", REFUSED) from error
    except (sqlite3.DatabaseError, OSError) as error:
        raise Problem(f"--state {path}: {error}", REFUSED) from error
    with storage:
        yield storage


def _launches(options: Options) -> Launches:
    command = options.executor_command or default_executor(options.docker_socket)
    settings = {REPORT_INTERVAL: wanted_interval()}
    if options.log_format != "text":
        settings["MESOS_DOCKER_LOG_FORMAT"] = options.log_format
    executor = executor_of(command, options.executor_uris,
                           settings) if options.executor == "custom" else None
    return Launches(executor, random.Random().randrange)  # noqa: S311 - ports are no secret


def _tls(options: Options) -> ssl.SSLContext | None:
    if options.tls_cert is None or options.tls_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise Problem(f"--tls-cert {options.tls_cert}: {error}", REFUSED) from error
    return context


def fingerprint(certificates: str) -> str:
    """SHA-256 of the first of some certificates (PEM), in hex."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    first = begin + certificates.partition(begin)[2].partition(end)[0] + end
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


def _removed(why: str) -> str:
    if "torn down" not in why and "removed" not in why:
        return why
    return f"{why}. With --new-framework the apps are kept and all instances are started anew"

