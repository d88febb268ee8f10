"""A definition judged without a service, as a service would."""
from __future__ import annotations

from typing import Any

from deploy.client.definitions import is_group
from specs.marathon.definitions import Config, read_app
from specs.marathon.errors import MarathonError
from specs.marathon.groups import read_group
from specs.marathon.ids import ROOT


def verdict(value: Any, features: frozenset[str]) -> tuple[dict[str, Any] | None, list[str]]:
    """The error in Marathon's form, None if there is none, and the paths of fields that nobody
    knows.
    """
    config = Config(features, default_network_name="default")
    try:
        return None, _unknown(value, config)
    except MarathonError as error:
        body: dict[str, Any] = {"message": error.message}
        if isinstance(error.details, str):
            body["details"] = error.details
        elif error.details:
            body["details"] = [{"path": each.path, "errors": list(each.errors)}
                               for each in error.details]
        return body, []


def _unknown(value: Any, config: Config) -> list[str]:
    if isinstance(value, list):
        found = [read_app(each, config, path=f"({index})") for index, each in enumerate(value)]
        return [path for each in found for path in each.unknown]
    if is_group(value):
        return list(read_group(value, config, default_id=ROOT).unknown)
    return list(read_app(value, config).unknown)
