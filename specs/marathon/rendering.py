"""Apps as GET returns them: the canonical JSON, which may be sent back.

All fields with their values; those that are not set are left out, and so are empty `args`,
`constraints`, `dependencies`, `env`, `fetch`, `healthChecks`, `readinessChecks` and `secrets`. As
Marathon: raml/AppConversion.scala.
"""
from __future__ import annotations

from typing import Any

from specs.marathon.app import App
from specs.marathon.forms.apps import APP
from specs.marathon.forms.draft import Unreachable


def app_json(app: App) -> dict[str, Any]:
    """One app, without what its keeper knows of it: version, counts, tasks."""
    written: dict[str, Any] = APP.write(app)
    if app.unreachable_strategy is None:
        written["unreachableStrategy"] = Unreachable.DISABLED.value
    return written
