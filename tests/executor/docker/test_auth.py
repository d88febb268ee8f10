"""Where credentials come from, and that they are never shown."""
from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from executor.docker.auth import ANONYMOUS, find
from executor.engine.failures import BadNodeLogin, BadOption, NotAuthorised

SECRET = "the-password"


def config(key: str, **entry: str) -> str:
    entry = entry or {"auth": base64.b64encode(f"joe:{SECRET}".encode()).decode()}
    return json.dumps({"auths": {key: entry}})


def sandbox(folder: Path, **files: str) -> str:
    for name, text in files.items():
        path = folder / {"config": ".docker/config.json", "dockercfg": ".dockercfg"}[name]
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return str(folder)


def sent(header: str | None) -> dict[str, str]:
    return dict(json.loads(base64.urlsafe_b64decode(header or "")))


@pytest.mark.parametrize(("image", "key"), [
    ("r.example/x", "r.example"), ("r.example:5000/x:1", "https://r.example:5000/v1/"), ("localhost/x", "localhost"),
    ("busybox", "https://index.docker.io/v1/"), ("library/busybox:1", "docker.io"), ("docker.io/x", "index.docker.io"),
])
def test_the_registrys_own_entry(image: str, key: str, tmp_path: Path) -> None:
    found = find(image, sandbox(tmp_path, config=config(key)), None)
    assert (sent(found.header)["username"], sent(found.header)["password"]) == ("joe", SECRET)
    assert found.source == "user joe from .docker/config.json in the sandbox"
    assert SECRET not in repr(found)


def test_another_registrys_entry_is_not_sent(tmp_path: Path) -> None:
    assert find("r.example/x", sandbox(tmp_path, config=config("other.example")), None) == ANONYMOUS
    assert find("r.example.evil/x", sandbox(tmp_path, config=config("r.example")), None) == ANONYMOUS


def test_the_order(tmp_path: Path) -> None:
    node = config("r.io", auth=base64.b64encode(b"node:n").decode())
    old = json.dumps({"r.io": {"auth": base64.b64encode(b"old:o").decode()}})
    empty = tmp_path / "empty"
    empty.mkdir()
    assert find("r.io/x", str(empty), node).source == "user node from the node's configuration"
    assert find("r.io/x", None, node).source == "user node from the node's configuration"
    both = sandbox(tmp_path, dockercfg=old)
    assert find("r.io/x", both, node).source == "user old from .dockercfg in the sandbox"
    both = sandbox(tmp_path, config=config("r.io"))
    assert find("r.io/x", both, node).source == "user joe from .docker/config.json in the sandbox"
    both = sandbox(tmp_path, config=config("other.io"))
    assert find("r.io/x", both, node) == ANONYMOUS  # the sandbox has one: as Mesos, the node's is not read


def test_an_identity_token(tmp_path: Path) -> None:
    found = find("r.io/x", None, config("r.io", identitytoken="s3cr3t"))
    assert sent(found.header) == {"identitytoken": "s3cr3t", "serveraddress": "r.io"}
    assert "s3cr3t" not in repr(found)


@pytest.mark.parametrize(("text", "said"), [
    ("{", "JSON parse failed"),
    (config("r.io", auth="%%%"), "cannot be decoded"),
    (config("r.io", auth=base64.b64encode(b"nobody").decode()), "not of the form user:password"),
    (json.dumps({"credHelpers": {"r.io": "not-installed-anywhere"}}), "docker-credential-not-installed-anywhere"),
    (json.dumps({"credHelpers": {"r.io": "../../bin/sh"}}), "not here"),
])
def test_a_configuration_that_cannot_be_used(text: str, said: str, tmp_path: Path) -> None:
    """The node's is an operator's to put right, the task's its author's."""
    with pytest.raises(BadNodeLogin, match=said):
        find("r.io/x", None, text)
    with pytest.raises(NotAuthorised, match=said):
        find("r.io/x", sandbox(tmp_path, config=text), None)


def test_it_is_known_whose_login_it_is(tmp_path: Path) -> None:
    assert find("r.io/x", None, config("r.io")).nodes
    assert not find("other.io/x", None, config("r.io")).nodes
    assert not find("r.io/x", sandbox(tmp_path, config=config("r.io")), None).nodes


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadNodeLogin, match="cannot read"):
        find("r.io/x", None, str(tmp_path / "nothing.json"))


def test_a_name_that_is_none() -> None:
    with pytest.raises(BadOption, match="Multiple '@' symbols found"):
        find("a@b@c", None, None)


@pytest.mark.parametrize(("script", "ended"), [
    ('cat >/dev/null; echo \'{"Username": "joe", "Secret": "the-password"}\'', "user joe from docker-credential-t"),
    ('cat >/dev/null; echo \'{"Username": "<token>", "Secret": "the-password"}\'', "a token from docker-credential-t"),
    ("echo credentials not found in native keychain; exit 1", "no credentials"),
    ("echo the-password; exit 3", "exited with status 3"),
    ("echo the-password", "did not answer as it should"),
    ("echo '{}'", "did not answer as it should"),
])
def test_a_credential_helper(script: str, ended: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = tmp_path / "docker-credential-t"
    helper.write_text(f"#!/bin/sh\n{script}\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    try:
        said = find("r.io/x", None, '{"credsStore": "t", "auths": {}}').source
    except BadNodeLogin as failure:
        said = str(failure)
    assert ended in said
    assert SECRET not in said
