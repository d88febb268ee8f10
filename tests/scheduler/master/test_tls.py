"""The driver and masters with TLS: whose certificates are believed, and to whom secrets are said."""
from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from scheduler.config import Config, Timing
from scheduler.master.detector import master_of
from scheduler.master.driver import MesosDriver
from scheduler.master.transport import Transport, is_here
from specs.errors import SpecError
from specs.network.address import HostPort
from specs.network.libprocess_ssl import TlsSettings
from tests.fakes.certificates import Certificate, make_authority, make_certificate
from tests.fakes.master import ScriptedMaster, Subscription
from tests.fakes.zookeeper import FakeZooKeeper
from tests.scheduler.master.driver_events import DriverEvents

QUICK = Timing(answer=5.0, first_pause=0.01, last_pause=0.05)
SECRET = "hush"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Certificate:
    return make_authority(folder)


@pytest.fixture(scope="module")
def certificate(folder: Path, authority: Certificate) -> Certificate:
    return make_certificate(folder, authority, "server", address="127.0.0.1")


def trusting(authority: Certificate, **more: Any) -> Transport:
    return Transport(TlsSettings(verify=True, check_address=True, ca_file=str(authority.certificate), **more))


class Running:
    """A started driver with a secret; stopped at the end of the block."""

    def __init__(self, address: str, transport: Transport) -> None:
        self.driver = MesosDriver(address, Config(principal="me"), secret=SECRET, timing=QUICK, transport=transport)
        self.events = DriverEvents()

    def __enter__(self) -> Running:
        self.driver.start(self.events)
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.stop()


def works(master: ScriptedMaster, running: Running) -> Subscription:
    """Both of its connections, and the secret on both."""
    subscription = master.subscription()
    subscription.subscribed("F1")
    assert running.events.next("subscribed")[0] == "F1"
    running.driver.revive()
    assert master.call("REVIVE")["framework_id"] == {"value": "F1"}
    assert subscription.headers["Authorization"] == master.call_headers[0]["Authorization"]
    return subscription


def test_a_master_that_proves_itself(certificate: Certificate, authority: Certificate) -> None:
    with (ScriptedMaster(tls=certificate.server()) as master,
          Running(master.address, trusting(authority)) as running):
        works(master, running).send({"type": "MESSAGE", "message": {
            "agent_id": {"value": "S0"}, "executor_id": {"value": "e"}, "data": "QUJD" * 100_000}})
        assert len(running.events.next("message")[2]) == 300_000


def test_a_master_that_is_believed_without_proof(certificate: Certificate) -> None:
    with (ScriptedMaster(tls=certificate.server()) as master,
          Running(master.address, Transport(TlsSettings())) as running):
        works(master, running)


def test_a_master_that_asks_for_our_certificate(folder: Path, certificate: Certificate,
                                                authority: Certificate) -> None:
    ours = make_certificate(folder, authority, "ours", address="127.0.0.9")
    with ScriptedMaster(tls=certificate.server(clients=authority.certificate)) as master:
        with Running(master.address, trusting(authority, cert_file=str(ours.certificate),
                                              key_file=str(ours.key))) as running:
            works(master, running)
        with Running(master.address, trusting(authority)) as running:
            why = running.events.next("disconnected")[0]
    assert "certificate of ours" in why or "certificate required" in why, why


@pytest.mark.parametrize(("fault", "words"), [
    ("stranger", "its certificate does not hold: unable to get local issuer certificate"),
    ("itself", "its certificate does not hold: self-signed certificate"),
    ("expired", "its certificate does not hold: certificate has expired"),
    ("address", "its certificate does not hold: IP address mismatch, certificate is not valid for '127.0.0.1'."),
    ("name", "its certificate does not hold: IP address mismatch, certificate is not valid for '127.0.0.1'."),
    ("plain", "what answers does not speak TLS with us (wrong version number)"),
])
def test_who_does_not_is_told_nothing(fault: str, words: str, folder: Path, certificate: Certificate,
                                      authority: Certificate) -> None:
    shown = {"stranger": certificate, "itself": make_authority(folder, "itself"),
             "expired": make_certificate(folder, authority, "expired", address="127.0.0.1", expired=True),
             "address": make_certificate(folder, authority, "address", address="127.0.0.2"),
             "name": make_certificate(folder, authority, "name", address="master.example", kind="DNS")}.get(fault)
    trusted = make_authority(folder, "stranger") if fault == "stranger" else authority
    with (ScriptedMaster(tls=None if shown is None else shown.server()) as master,
          Running(master.address, trusting(trusted)) as running):
        for _ in range(2):  # and it is asked again, for certificates are renewed
            assert running.events.next("disconnected") == (f"{master.address}: {words}",)
        assert master.subscriptions.empty()


def test_a_master_with_tls_where_none_was_thought_of(certificate: Certificate) -> None:
    with (ScriptedMaster(tls=certificate.server()) as master,
          Running(master.address, Transport()) as running):
        assert "TLS" in running.events.next("disconnected")[0]


def test_a_certificate_may_be_for_the_name_that_zookeeper_says(folder: Path, authority: Certificate) -> None:
    named = make_certificate(folder, authority, "named", address="master.example", kind="DNS")
    with ScriptedMaster(tls=named.server()) as master:
        info = {"address": {"ip": "127.0.0.1", "port": int(master.address.rpartition(":")[2]),
                            "hostname": "master.example"}}
        with (FakeZooKeeper({"/mesos/json.info_0000000001": json.dumps(info).encode()}) as zookeeper,
              Running(f"zk://127.0.0.1:{zookeeper.port}/mesos", trusting(authority)) as running):
            works(master, running)


def test_what_a_master_in_zookeeper_is_called() -> None:
    found = master_of(b'{"address": {"ip": "10.0.0.1", "port": 5050, "hostname": "m1"}}')
    assert (found, found.name) == (HostPort("10.0.0.1", 5050), "m1")


@pytest.mark.parametrize(("host", "here"), [
    ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True),
    ("192.0.2.1", False), ("2001:db8::1", False), ("master.example", False), ("", False), ("localhost.example", False)])
def test_what_is_this_machine(host: str, *, here: bool) -> None:
    assert is_here(host) is here
    assert Transport().keeps_secrets(HostPort(host, 5050)) is here
    assert Transport(insecure=True).keeps_secrets(HostPort(host, 5050))
    assert Transport(TlsSettings()).keeps_secrets(HostPort(host, 5050))


def test_an_address_of_this_machine_that_others_reach() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outwards:
        try:
            outwards.connect(("192.0.2.1", 9))
            ours = outwards.getsockname()[0]
        except OSError:
            ours = "127.0.0.1"  # of a machine without a network
    assert is_here(ours)


def test_a_secret_is_not_said_in_clear_to_whom_a_master_here_sends_us() -> None:
    with ScriptedMaster() as master:
        master.subscribe_replies.append((307, {"Location": "//192.0.2.1:5050"}, b""))
        with Running(master.address, Transport()) as running:
            why = running.events.next("refused")[0]
    assert why.startswith("the secret would go in clear to 192.0.2.1:5050: ")


@pytest.mark.parametrize(("settings", "path", "words"), [
    ({"ca_file": "/nowhere.pem"}, "ca_file", "/nowhere.pem: No such file or directory"),
    ({"ca_file": "{text}"}, "ca_file", "{text}: "),
    ({"cert_file": "/nowhere.pem", "key_file": "/nowhere.key"}, "cert_file", "No such file or directory"),
    ({"cert_file": "{authority}", "key_file": "{other}"}, "cert_file", "KEY_VALUES_MISMATCH"),
])
def test_certificates_that_cannot_be_read(settings: dict[str, str], path: str, words: str, folder: Path,
                                          certificate: Certificate, authority: Certificate) -> None:
    text = folder / "text"
    text.write_text("no certificate\n")
    known = {"text": text, "authority": authority.certificate, "other": certificate.key}
    named: dict[str, Any] = {name: value.format(**known) for name, value in settings.items()}
    with pytest.raises(SpecError) as caught:
        Transport(TlsSettings(verify=True, **named))
    assert caught.value.path == path
    assert words.format(**known) in str(caught.value)
