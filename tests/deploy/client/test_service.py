"""What a command asks a service for, when what a user has typed is no plain word; and one that goes away."""
from __future__ import annotations

import io
import json
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from deploy.cli.main import run
from deploy.cli.problems import FAILED, Problem
from deploy.cli.service_files import announced
from deploy.client.deploy import followed
from deploy.client.service import Service, given_reason, service, until_it_listens
from scheduler.api.access import Access, Role
from tests.scheduler.service.serving import Serving, app


@pytest.mark.parametrize("name", ["a b", "é", "x?force=true", "x#y", "x%2Fy", "x\ny"])
def test_no_name_is_anything_but_a_name(tmp_path: Path, name: str) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app("/x"))
        answer = Service(serving.url(), None).ask("GET", f"/v2/apps/{name}")
        assert answer.status == 404
        assert answer.body["message"] == f"App '/{name}' does not exist"


@pytest.mark.parametrize(("why", "kept"), [
    ("größer", "größer"), ("two\nlines\r\nX-Evil: 1", "two lines X-Evil: 1"), ("\udcff", "?"),
    ("", ""), ("日本", "日本")])
def test_why_something_was_changed_is_kept_with_its_version(tmp_path: Path, why: str,
                                                            kept: str) -> None:
    with Serving(tmp_path / "state") as serving:
        service = Service(serving.url(), None)
        assert service.ask("POST", "/v2/apps", app("/x"), headers=given_reason(why)).is_fine
        [version] = service.ask("GET", "/api/v1/versions/x").body
        assert (version["why"], version["address"]) == (kept, "127.0.0.1")
        assert [version["version"]] == service.ask("GET", "/v2/apps/x/versions").body["versions"]


def test_who_follows_a_deployment_hears_that_it_goes_on_without_its_service(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", life=("TASK_STARTING",)) as serving:
        service = Service(serving.url(), None)
        deployment = service.ask("POST", "/v2/apps", app()).body["deployments"][0]["id"]
    with pytest.raises(Problem) as caught:
        followed(service, "text", {"deploymentId": deployment}, ["/web"], detach=False,
                 patience=1.0)
    assert f"deployment {deployment} goes on with the service" in caught.value.message
    assert caught.value.exit_code == FAILED


def test_why_is_kept_of_a_deploy_without_a_version_too(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text(json.dumps(app("/x")))
    with Serving(tmp_path / "state") as serving:
        arguments = ["deploy", str(tmp_path / "app.json"), "--service", serving.url(), "-m",
                     "a greeting"]
        assert run(arguments) == 0
        [version] = serving.get("/api/v1/versions/x")
        assert version["why"] == "a greeting"


def test_a_service_that_is_just_starting_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written := io.StringIO())  # capsys may lose what is written while it is read
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    answered: list[Service] = []
    client = threading.Thread(target=lambda: answered.append(service(None, None, None, environ, url)))
    client.start()
    while "Waiting" not in written.getvalue():
        assert client.is_alive()
        time.sleep(0.01)
    access = Access({"a-token-of-its-own": Role.READ})
    with Serving(tmp_path / "state", at=port, access=access), announced(url, "a-token-of-its-own", environ):
        client.join(30)
        assert answered[0].get("/v2/apps") == {"apps": []}
    assert written.getvalue() == f"Waiting for a service to listen at {url} …\n"


def test_where_nobody_comes_the_refusal_says_what_would_help() -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        url = f"http://127.0.0.1:{found.getsockname()[1]}"
    with pytest.raises(Problem) as caught:
        until_it_listens(url, 0.3)
    assert caught.value.exit_code == FAILED
    assert caught.value.message.startswith(f"nobody listens at {url} after 0.3 s: `mesos-docker serve` starts")


def test_only_the_default_address_is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        url = f"http://127.0.0.1:{found.getsockname()[1]}"
    with pytest.raises(Problem, match="does not answer: Connection refused"):
        service(url, None, None, {}).get("/v2/apps")


def test_an_app_that_is_not_there_is_refused_with_those_that_are(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("PUT", "/v2/groups", {"apps": [app(each) for each in ("a", "b", "c", "d", "e", "web")]})
        for command in ("scale wbe 3", "show /wbe", "rm wbe", "why wbe", "ps wbe", "restart wbe", "versions wbe",
                        "revert wbe"):
            assert run([*command.split(), "--service", serving.url()]) == 2
            assert capsys.readouterr().err == "error: App '/wbe' does not exist: there is /web, /a, /b, /c, /d, …\n"
        serving.change("DELETE", "/v2/groups?force=true")
        assert run(["show", "wbe", "--service", serving.url()]) == 2
        assert capsys.readouterr().err == "error: App '/wbe' does not exist: there is no app\n"


def test_ui_prints_a_link_that_is_good_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MESOS_DOCKER_TOKEN", "a-token-that-reads")
    access = Access({"a-token-that-reads": Role.READ})
    with Serving(tmp_path / "state", access=access, prefix="/service/apps") as serving:
        assert run(["ui", "--service", f"{serving.url()}/service/apps"]) == 0
        url, _, key = capsys.readouterr().out.strip().partition("#login=")
        assert url == f"{serving.url()}/service/apps/"
        answers = [serving.ask("POST", "/api/v1/session", {"key": key})[:2] for _ in range(2)]
        assert (answers[0][1]["role"], answers[1][0]) == ("read", 401)


@pytest.mark.parametrize(("command", "stream"), [
    ("apps", "out"), ("ps", "err"), ("ps web", "err"), ("show web", "out")])
def test_it_is_shown_when_a_count_goes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str,
                                            stream: str) -> None:
    with Serving(tmp_path / "state") as serving:
        for name in ("/web", "/other"):
            serving.change("POST", "/v2/apps", app(name))
        serving.change("POST", "/api/v1/scale/web", {"instances": 2, "seconds": 7200})
        back = serving.get("/api/v1/overview")["apps"][1]["scaleBack"]
        assert run([*command.split(), "--service", serving.url()]) == 0
        assert getattr(capsys.readouterr(), stream).count(back["at"]) == 1
        assert run(["ps", "other", "--service", serving.url()]) == 0
        assert back["at"] not in capsys.readouterr().err
