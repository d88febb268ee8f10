"""The alert rules and the dashboard: Prometheus takes them, they ring when they should, and speak of what there is."""
from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.scheduler.service.serving import Serving

FOLDER = Path(__file__).parents[3] / "deploy" / "monitoring"
NAME = re.compile(r"(?<![\w:])mesos_docker_\w+")


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The names of all series that /metrics may have."""
    with Serving(tmp_path_factory.mktemp("state") / "state") as serving:
        text = serving.ask("GET", "/metrics")[1]
    found = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE):
        found |= {f"{name}{end}" for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return frozenset(found)


def dashboard() -> list[str]:
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def test_prometheus_takes_the_rules() -> None:
    promtool("check", "rules", "alerts.yml")
    promtool("check", "config", "--syntax-only", "prometheus.yml")


def test_they_ring_when_they_should() -> None:
    promtool("test", "rules", "alerts.test.yml")


def test_rules_and_dashboard_speak_of_what_there_is(known: frozenset[str]) -> None:
    said = NAME.findall((FOLDER / "alerts.yml").read_text())
    assert len(said) > 10
    assert set(said) <= known
    drawn = [name for expression in dashboard() for name in NAME.findall(expression)]
    assert len(drawn) > 20
    assert set(drawn) <= known


def test_prometheus_understands_each_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"x:{number}", "expr": text.replace("$job", ".*")} for number, text in enumerate(dashboard())]
    path = tmp_path / "dashboard.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(path))


def test_panels_have_places_of_their_own() -> None:
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)
