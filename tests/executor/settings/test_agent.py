"""What the agent's environment says, and what it may say wrong."""
from __future__ import annotations

import pytest

from executor.program import told_by_the_agent
from executor.settings.agent import AgentSettings, agent_settings
from specs.errors import SpecError
from specs.network.address import HostPort
from specs.network.libprocess_ssl import TlsSettings

ENVIRONMENT = {
    "MESOS_SLAVE_PID": "slave(1)@10.0.0.7:5051",
    "MESOS_SLAVE_ID": "S0",
    "MESOS_FRAMEWORK_ID": "F0",
    "MESOS_EXECUTOR_ID": "e1",
    "MESOS_DIRECTORY": "/sandbox",
    "MESOS_CHECKPOINT": "1",
    "MESOS_RECOVERY_TIMEOUT": "15mins",
    "MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs",
    "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
}


def settings(**changes: str | None) -> AgentSettings:
    environment = {**ENVIRONMENT, **changes}
    return agent_settings({name: value for name, value in environment.items() if value is not None}, "/run/here")


def test_what_an_agent_says() -> None:
    assert settings() == AgentSettings(
        address=HostPort("10.0.0.7", 5051), path="/slave(1)/api/v1/executor", framework_id="F0", executor_id="e1",
        agent_id="S0", directory="/sandbox", shutdown_grace=5.0, checkpoint=True, recovery_timeout=900.0,
        subscription_backoff_max=2.0)


@pytest.mark.parametrize("name", [name for name in ENVIRONMENT if name != "MESOS_CHECKPOINT"])
def test_a_missing_variable_is_named_in_mesoss_words(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        settings(**{name: None})
    assert str(caught.value) == caught.value.problem == f"Expecting '{name}' to be set in the environment"


@pytest.mark.parametrize("name", ["MESOS_RECOVERY_TIMEOUT", "MESOS_SUBSCRIPTION_BACKOFF_MAX",
                                  "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"])
def test_an_unreadable_duration_is_named(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        settings(**{name: "5sec"})
    assert caught.value.problem == (
        f"Failed to parse {name} '5sec': Unknown duration unit 'sec'; supported units are "
        "'ns', 'us', 'ms', 'secs', 'mins', 'hrs', 'days', and 'weeks'")


@pytest.mark.parametrize(("value", "checkpoint"), [("1", True), ("0", False), ("", False), ("yes", False),
                                                   (None, False)])
def test_defect_2_checkpointing_is_on_for_1_only(value: str | None, checkpoint: bool) -> None:
    assert settings(MESOS_CHECKPOINT=value).checkpoint is checkpoint


def test_without_checkpointing_its_variables_are_neither_needed_nor_read() -> None:
    without = settings(MESOS_CHECKPOINT="0", MESOS_RECOVERY_TIMEOUT=None, MESOS_SUBSCRIPTION_BACKOFF_MAX="nonsense")
    assert (without.recovery_timeout, without.subscription_backoff_max) == (0.0, 2.0)


def test_defect_3_the_patience_is_what_the_agent_says() -> None:
    patient = settings(MESOS_RECOVERY_TIMEOUT="1.5hrs", MESOS_SUBSCRIPTION_BACKOFF_MAX="300ms")
    assert (patient.recovery_timeout, patient.subscription_backoff_max) == (5400.0, 0.3)


@pytest.mark.parametrize(("pid", "host", "port", "path", "authority"), [
    ("slave(1)@127.0.0.1:5051", "127.0.0.1", 5051, "/slave(1)/api/v1/executor", "127.0.0.1:5051"),
    ("slave(23)@agent.example:65535", "agent.example", 65535, "/slave(23)/api/v1/executor", "agent.example:65535"),
    ("slave@[fd00::1]:5051", "fd00::1", 5051, "/slave/api/v1/executor", "[fd00::1]:5051"),
])
def test_the_address_of_the_agent(pid: str, host: str, port: int, path: str, authority: str) -> None:
    parsed = settings(MESOS_SLAVE_PID=pid)
    assert (parsed.address, parsed.path) == (HostPort(host, port), path)
    assert str(parsed.address) == authority


@pytest.mark.parametrize("pid", ["", "slave(1)", "slave(1)@", "@127.0.0.1:5051", "slave(1)@127.0.0.1", "slave(1)@h:0",
                                 "slave(1)@h:65536", "slave(1)@::1:5051", "slave(1)@h:port"])
def test_an_unreadable_address(pid: str) -> None:
    with pytest.raises(SpecError, match="Failed to parse MESOS_SLAVE_PID"):
        settings(MESOS_SLAVE_PID=pid)


def test_the_token_is_not_shown() -> None:
    with_token = settings(MESOS_EXECUTOR_AUTHENTICATION_TOKEN="secret.jwt")
    assert with_token.token == "secret.jwt"
    assert "secret" not in repr(with_token)


def test_defect_4_the_token_is_read_and_then_erased_from_the_environment() -> None:
    environment = {**ENVIRONMENT, "MESOS_EXECUTOR_AUTHENTICATION_TOKEN": "secret.jwt"}
    assert told_by_the_agent(environment).token == "secret.jwt"
    assert environment == ENVIRONMENT


@pytest.mark.parametrize(("path", "used"), [
    ("/var/run/agent.sock", "/var/run/agent.sock"),
    ("/" + "x" * 106, "/" + "x" * 106),
    ("/run/here/" + "x" * 100, "./" + "x" * 100),
    ("/run/here/" + "y" * 90 + "/ssssssss", "./" + "y" * 90 + "/ssssssss"),
    (None, None),
])
def test_the_domain_sockets_path_is_shortened_if_it_must_be(path: str | None, used: str | None) -> None:
    assert settings(MESOS_DOMAIN_SOCKET=path).domain_socket == used


@pytest.mark.parametrize(("path", "shortened"), [
    ("/run/here/" + "x" * 106, "./" + "x" * 106),
    ("relative/" + "x" * 99, "relative/" + "x" * 99),
    ("/run/here/" + "ä" * 53, "./" + "ä" * 53),  # bytes count, not letters
])
def test_a_domain_sockets_path_that_stays_too_long(path: str, shortened: str) -> None:
    with pytest.raises(SpecError) as caught:
        settings(MESOS_DOMAIN_SOCKET=path)
    assert caught.value.problem == ("Cannot use domain sockets for communication as requested: "
                                    f"Path {shortened} is longer than 108 characters")


@pytest.mark.parametrize(("said", "tls"), [
    ({}, None),
    ({"LIBPROCESS_SSL_ENABLED": "false", "LIBPROCESS_SSL_VERIFY_CERT": "true"}, None),
    ({"LIBPROCESS_SSL_ENABLED": "1"}, TlsSettings()),
    ({"SSL_ENABLED": "true"}, TlsSettings()),
    ({"LIBPROCESS_SSL_ENABLED": "true", "LIBPROCESS_SSL_VERIFY_CERT": "true", "LIBPROCESS_SSL_CA_FILE": "/ca.pem"},
     TlsSettings(verify=True, ca_file="/ca.pem")),
    ({"LIBPROCESS_SSL_ENABLED": "true", "LIBPROCESS_SSL_VERIFY_SERVER_CERT": "true", "LIBPROCESS_SSL_CA_DIR": "/cas",
      "LIBPROCESS_SSL_VERIFY_IPADD": "true"}, TlsSettings(verify=True, check_address=True, ca_directory="/cas")),
    ({"LIBPROCESS_SSL_ENABLED": "true", "LIBPROCESS_SSL_HOSTNAME_VALIDATION_SCHEME": "openssl",
      "LIBPROCESS_SSL_CERT_FILE": "/c.pem", "LIBPROCESS_SSL_KEY_FILE": "/k.pem"},
     TlsSettings(check_address=True, cert_file="/c.pem", key_file="/k.pem")),
    ({"LIBPROCESS_SSL_ENABLED": "true", "MESOS_DOMAIN_SOCKET": "/agent.sock"}, None),  # plain HTTP, as Mesos
])
def test_tls_is_what_libprocess_would_do(said: dict[str, str], tls: TlsSettings | None) -> None:
    assert settings(**said).tls == tls


def without(*names: str, drop_in: bool) -> str:
    """Which of several missing variables is told."""
    with pytest.raises(SpecError) as caught:
        agent_settings({name: value for name, value in ENVIRONMENT.items() if name not in names}, drop_in=drop_in)
    return caught.value.problem.split("'")[1]


@pytest.mark.parametrize(("names", "library", "driver"), [
    (("MESOS_DIRECTORY", "MESOS_SLAVE_PID", "MESOS_SLAVE_ID"), "MESOS_SLAVE_PID", "MESOS_SLAVE_PID"),
    (("MESOS_EXECUTOR_ID", "MESOS_FRAMEWORK_ID", "MESOS_SLAVE_ID"), "MESOS_SLAVE_ID", "MESOS_SLAVE_ID"),
    (("MESOS_SLAVE_ID", "MESOS_RECOVERY_TIMEOUT"), "MESOS_RECOVERY_TIMEOUT", "MESOS_SLAVE_ID"),
    (("MESOS_DIRECTORY", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"), "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD",
     "MESOS_DIRECTORY"),
])
def test_of_several_missing_variables_mesoss_first_is_told(names: tuple[str, ...], library: str, driver: str) -> None:
    assert without(*names, drop_in=False) == library
    assert without(*names, drop_in=True) == driver


def test_the_older_driver_has_a_default_for_every_duration() -> None:
    said = {name: value for name, value in ENVIRONMENT.items() if not value.endswith(("secs", "mins"))}
    found = agent_settings(said, drop_in=True)
    assert (found.shutdown_grace, found.recovery_timeout, found.subscription_backoff_max) == (5.0, 900.0, 2.0)
    with pytest.raises(SpecError, match="Failed to parse value '5' of 'MESOS_RECOVERY_TIMEOUT': Invalid duration '5'"):
        agent_settings({**said, "MESOS_RECOVERY_TIMEOUT": "5"}, drop_in=True)
