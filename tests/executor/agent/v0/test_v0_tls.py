"""TLS both ways, as LIBPROCESS_SSL_* says, and without it where both sides may."""
from __future__ import annotations

import ssl

import pytest

from executor.settings.libprocess import ServerTls, libprocess_settings
from specs.errors import SpecError
from specs.messages.status import TaskState
from tests.executor.agent.v0.v0_driving import driving, status
from tests.fakes.agent_events import RecordedEvents
from tests.fakes.certificates import Certificate, make_authority, make_certificate
from tests.fakes.v0_agent import V0Agent


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Certificate]:
    folder = tmp_path_factory.mktemp("tls")
    authority = make_authority(folder)
    return {"authority": authority, "agent": make_certificate(folder, authority, "agent", address="127.0.0.1"),
            "executor": make_certificate(folder, authority, "executor", address="127.0.0.1"),
            "stranger": make_authority(folder, "stranger")}


def environment(made: dict[str, Certificate], **more: str) -> dict[str, str]:
    said = {"ENABLED": "true", "CERT_FILE": str(made["executor"].certificate), "KEY_FILE": str(made["executor"].key),
            "CA_FILE": str(made["authority"].certificate), **more}
    return {f"LIBPROCESS_SSL_{name}": value for name, value in said.items()}


def client(made: dict[str, Certificate], who: str | None = "agent") -> ssl.SSLContext:
    """How the agent dials the executor."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(made["authority"].certificate)
    if who is not None:
        context.load_cert_chain(made[who].certificate, made[who].key)
    return context


def works(agent: V0Agent, events: RecordedEvents, said: dict[str, str]) -> None:
    with agent, driving(agent, events, **said) as driver:
        events.wait("registered")
        agent.run("t", data="aGlo" * 200_000)  # more than a TLS record holds
        events.wait("launch")
        driver.send(status(TaskState.RUNNING))
        assert driver.drained(30)
        agent.die()
        events.wait("disconnected")
        agent.come_back()
        agent.reconnect()
        events.wait("reregistered")


def test_both_ways_with_certificates_that_are_checked(made: dict[str, Certificate]) -> None:
    agent = V0Agent(tls=made["agent"].server(clients=made["authority"].certificate), client_tls=client(made))
    works(agent, RecordedEvents(), environment(made, VERIFY_SERVER_CERT="1", VERIFY_IPADD="1", REQUIRE_CLIENT_CERT="1"))


def test_an_agent_whose_certificate_is_not_believed_is_no_agent(made: dict[str, Certificate]) -> None:
    events = RecordedEvents()
    with V0Agent(tls=made["stranger"].server()) as agent, \
            driving(agent, events, **environment(made, VERIFY_SERVER_CERT="true")):
        events.wait("shutdown")
        assert not agent.received


def test_who_shows_no_certificate_is_not_heard_where_one_is_required(made: dict[str, Certificate]) -> None:
    events = RecordedEvents()
    with V0Agent(tls=made["agent"].server(), client_tls=client(made, None), register=False) as agent, \
            driving(agent, events, **environment(made, REQUIRE_CLIENT_CERT="true")):
        agent.wait_said("RegisterExecutorMessage")
        try:
            agent.registered()
            assert agent._link is not None
            assert agent._link.recv(1) == b""
        except OSError:
            pass  # the handshake was broken off
        assert "registered" not in events.names()


@pytest.mark.parametrize("dials_plain", [True, False])
def test_with_downgrade_plain_and_tls_are_both_spoken(made: dict[str, Certificate], dials_plain: bool) -> None:
    agent = V0Agent(client_tls=None if dials_plain else client(made))  # it listens without TLS
    works(agent, RecordedEvents(), environment(made, SUPPORT_DOWNGRADE="true"))


def test_without_downgrade_plain_is_refused(made: dict[str, Certificate]) -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events, **environment(made)):
        events.wait("shutdown")
        assert not agent.received


@pytest.mark.parametrize("missing", ["CERT_FILE", "KEY_FILE"])
def test_a_listener_needs_a_certificate_and_its_key(made: dict[str, Certificate], missing: str) -> None:
    said = environment(made)
    del said[f"LIBPROCESS_SSL_{missing}"]
    with pytest.raises(SpecError, match=f"LIBPROCESS_SSL_{missing} is not set"):
        libprocess_settings(said)


def test_without_enabled_there_is_no_tls(made: dict[str, Certificate]) -> None:
    assert libprocess_settings(environment(made, ENABLED="false")).tls is None
    assert isinstance(libprocess_settings(environment(made, ENABLED="1")).tls, ServerTls)
