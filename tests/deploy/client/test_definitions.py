"""What a file with a definition says."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.cli.main import run
from deploy.client.definitions import app_ids
from tests.scheduler.service.serving import Serving, app


@pytest.mark.parametrize(("value", "ids"), [
    ({"id": "/a"}, ["/a"]), ({"id": "a/b/"}, ["/a/b"]), ([{"id": "a"}, {"id": "/b"}], ["/a", "/b"]),
    ({"id": "/", "apps": [{"id": "a"}]}, ["/a"]), ({"apps": [{"id": "a"}]}, ["/a"]),
    ({"id": "shop", "apps": [{"id": "web"}, {"id": "/shop/x"}], "groups": [
        {"id": "back", "apps": [{"id": "data"}],
         "groups": [{"id": "/shop/back/deep", "apps": [{"id": "y"}]}]}]},
     ["/shop/web", "/shop/x", "/shop/back/data", "/shop/back/deep/y"]),
    ("text", []), ({"groups": None}, [])])
def test_ids_of_apps(value: Any, ids: list[str]) -> None:
    assert app_ids(value) == ids


def test_init_writes_over_nothing_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "app.json"
    file.write_text("mine")
    assert run(["init", str(file)]) == 2
    assert "name another file, as in mesos-docker init other.json" in capsys.readouterr().err
    assert file.read_text() == "mine"


def test_what_names_no_app_changes_nothing_or_says_what_goes(tmp_path: Path,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "app.json"
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app())
        file.write_text("[]")
        assert run(["deploy", str(file), "--service", serving.url()]) == 2
        assert "the array is empty" in capsys.readouterr().err
        assert len(serving.running("/web")) == 1
        file.write_text('{"id": "/", "apps": []}')
        assert run(["deploy", str(file), "--service", serving.url()]) == 0
        assert "has no apps: all that are in its group go" in capsys.readouterr().err
        assert serving.get("/v2/apps") == {"apps": []}
