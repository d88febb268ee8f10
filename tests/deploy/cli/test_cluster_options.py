"""What options and environment say of a cluster: TLS, secrets, and passwords that no command line shows."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from deploy.cli.cluster_options import ClusterOptions, cluster_options, read_cluster_options
from deploy.cli.problems import Problem
from specs.network.libprocess_ssl import TlsSettings

VERIFIED = TlsSettings(verify=True, check_address=True)
ZK = "zk://me:hush@zk1:2181,zk2/mesos"


def said(*arguments: str, **environment: str) -> ClusterOptions:
    """Raises what a command would end with."""
    found: list[ClusterOptions] = []

    @click.command()
    @cluster_options
    @click.pass_context
    def command(ctx: click.Context, /, **options: Any) -> None:
        found.append(read_cluster_options(ctx, options, environment))

    CliRunner().invoke(command, arguments, env={"MESOS_DOCKER_MASTER": "", **environment}, standalone_mode=False,
                       catch_exceptions=False)
    return found[0]


@pytest.mark.parametrize(("arguments", "environment", "tls"), [
    ([], {}, None),
    (["--master", "https://m:5050"], {}, VERIFIED),
    (["--ssl-ca-file", "/ca.pem"], {}, TlsSettings(verify=True, check_address=True, ca_file="/ca.pem")),
    (["--ssl-cert-file", "/c.pem", "--ssl-key-file", "/k.pem"], {},
     TlsSettings(verify=True, check_address=True, cert_file="/c.pem", key_file="/k.pem")),
    ([], {"LIBPROCESS_SSL_ENABLED": "false", "LIBPROCESS_SSL_CA_FILE": "/ca.pem"}, None),
    ([], {"LIBPROCESS_SSL_ENABLED": "true"}, VERIFIED),  # Mesos itself would believe anybody
    ([], {"SSL_ENABLED": "1", "LIBPROCESS_SSL_CA_DIR": "/cas"},
     TlsSettings(verify=True, check_address=True, ca_directory="/cas")),
    ([], {"LIBPROCESS_SSL_ENABLED": "1", "LIBPROCESS_SSL_VERIFY_CERT": "0"}, TlsSettings()),
    ([], {"LIBPROCESS_SSL_ENABLED": "1", "LIBPROCESS_SSL_VERIFY_SERVER_CERT": "false",
          "LIBPROCESS_SSL_VERIFY_CERT": "true"}, VERIFIED),
    (["--ssl-ca-file", "/ca.pem"], {"LIBPROCESS_SSL_ENABLED": "1", "LIBPROCESS_SSL_VERIFY_CERT": "0",
                                    "LIBPROCESS_SSL_CA_FILE": "/other.pem", "LIBPROCESS_SSL_CA_DIR": "/cas"},
     TlsSettings(verify=True, check_address=True, ca_file="/ca.pem")),
    ([], {"LIBPROCESS_SSL_ENABLED": "1", "LIBPROCESS_SSL_CERT_FILE": "/c.pem", "LIBPROCESS_SSL_KEY_FILE": "/k.pem"},
     TlsSettings(verify=True, check_address=True, cert_file="/c.pem", key_file="/k.pem")),
    ([], {"LIBPROCESS_SSL_ENABLED": "1", "SSL_CERT_FILE": "/etc/ssl/authorities.pem"}, VERIFIED),  # OpenSSL's own
])
def test_tls(arguments: list[str], environment: dict[str, str], tls: TlsSettings | None) -> None:
    assert said(*arguments, **environment).tls == tls


@pytest.mark.parametrize(("arguments", "environment", "master", "shown"), [
    ([], {}, "local", "local"),
    (["--master", "https://m:5050"], {}, "m:5050", "m:5050"),
    (["--master", "zk://zk1/mesos"], {"MESOS_DOCKER_MASTER": ZK}, "zk://zk1/mesos", "zk://zk1/mesos"),
    ([], {"MESOS_DOCKER_MASTER": ZK}, ZK, "zk://zk1:2181,zk2/mesos"),
    (["--master", "file://{file}"], {}, ZK, "zk://zk1:2181,zk2/mesos"),
])
def test_the_master(arguments: list[str], environment: dict[str, str], master: str, shown: str, tmp_path: Path) -> None:
    file = tmp_path / "a master"
    file.touch(0o600)
    file.write_text(f"{ZK}\n")
    found = said(*(each.format(file=str(file).replace(" ", "%20")) for each in arguments), **environment)
    assert (found.master, found.shown) == (master, shown)


def test_a_password_stands_on_no_command_line() -> None:
    with pytest.raises(Problem, match="everybody on this machine reads") as caught:
        said("--master", ZK)
    assert "hush" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_password_stands_in_no_file_of_everybodys(tmp_path: Path) -> None:
    file = tmp_path / "master"
    file.write_text(ZK)
    file.chmod(0o640)
    with pytest.raises(Problem, match="chmod 600") as caught:
        said("--master", f"file://{file}")
    assert "hush" not in str(caught.value)
    file.write_text("zk://zk1/mesos")
    assert said("--master", f"file://{file}").master == "zk://zk1/mesos"


@pytest.mark.parametrize(("content", "words"), [(None, "No such file or directory"), (b"\xff\xfe", "is no text")])
def test_a_file_that_says_no_master(content: bytes | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "master"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Problem, match=words):
        said("--master", f"file://{file}")


@pytest.mark.parametrize("arguments", [("--ssl-cert-file", "/c.pem"), ("--ssl-key-file", "/k.pem")])
def test_a_certificate_and_its_key_belong_together(arguments: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError, match="belong together"):
        said(*arguments)


@pytest.mark.parametrize(("option", "words"), [
    ("--ssl-ca-file", r"--ssl-ca-file or LIBPROCESS_SSL_CA_FILE: /nowhere\.pem: No such file or directory"),
    ("--ssl-cert-file", r"--ssl-cert-file or LIBPROCESS_SSL_CERT_FILE: /nowhere\.pem and its key: No such file")])
def test_certificates_that_are_not_there(option: str, words: str) -> None:
    more = ("--ssl-key-file", "/nowhere.key") if option == "--ssl-cert-file" else ()
    with pytest.raises(Problem, match=words) as caught:
        said(option, "/nowhere.pem", *more).transport()
    assert caught.value.exit_code == 2
