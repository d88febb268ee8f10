"""What a file with a definition says."""
from __future__ import annotations

from typing import Any

import pytest

from deploy.client.definitions import app_ids


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
