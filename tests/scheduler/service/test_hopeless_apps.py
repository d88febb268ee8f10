"""Apps that fit nowhere, in their thousands, cost the others nothing."""
from __future__ import annotations

from pathlib import Path

from scheduler.service.settler import MOST_PER_TURN
from scheduler.service.turn.patience import FEW, LONGEST, OfferPatience
from tests.scheduler.service.serving import Serving, app


def test_an_app_of_a_thousand_impossible_instances_starves_nobody(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", agents=200) as serving:
        serving.ask("POST", "/v2/apps", app("/huge", mem=10_000_000, instances=1000))
        for number in range(5):
            serving.change("POST", "/v2/apps", app(f"/small{number}", instances=20))
            assert len(serving.running(f"/small{number}")) == 20
        [waiting] = serving.get("/v2/queue")["queue"]
        assert (waiting["app"]["id"], waiting["count"]) == ("/huge", 1000)


def test_hundreds_of_impossible_apps_starve_nobody(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", agents=100) as serving:
        impossible = [app(f"huge{number}", mem=10_000_000 + number, constraints=[["hostname", "UNIQUE"]])
                      for number in range(400)]
        serving.ask("PUT", "/v2/groups/no", {"apps": impossible})
        serving.change("POST", "/v2/apps", app("/small", instances=50))
        assert len(serving.running("/small")) == 50
        assert len(serving.get("/v2/queue")["queue"]) == 400
        serving.wait(lambda: all(reason["reason"] == "InsufficientMemory: mem" for reason in
                                 serving.get("/api/v1/why?app=/no/huge399")[-1]["reasons"]))  # each is told why in time


def test_more_instances_than_one_turn_decides_about_come_in_several(tmp_path: Path) -> None:
    apps = [app(f"/many{number}", mem=10_000_000, instances=MOST_PER_TURN // 4) for number in range(6)]
    with Serving(tmp_path / "state") as serving:
        serving.ask("PUT", "/v2/apps", apps)
        serving.wait(lambda: sum(each["count"] for each in serving.get("/v2/queue")["queue"])
                     == 6 * MOST_PER_TURN // 4)


def test_an_app_that_is_made_possible_runs(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.ask("POST", "/v2/apps", app("/huge", mem=10_000_000))
        serving.wait(lambda: bool(serving.get("/v2/queue")["queue"][0]["processedOffersSummary"]["unusedOffersCount"]))
        serving.change("PUT", "/v2/apps/huge?force=true", {"mem": 32})
        assert len(serving.running("/huge")) == 1


def test_pauses_grow_and_hope_ends_those_of_a_few() -> None:
    found = OfferPatience()
    now, pauses = 0.0, []
    for _ in range(7):
        found.found((), [("/a", "v1")], now)
        until = now
        while found.waits("/a", "v1", until):
            until += 0.25
        pauses.append(until - now)
        assert not found.waits("/a", "v2", now)  # another definition is another try
        now = until
    assert pauses == [0.5, 1, 2, 4, 8, LONGEST, LONGEST]
    found.hope()
    assert not found.waits("/a", "v1", now)
    found.found((), [(f"/a{number}", "v1") for number in range(FEW + 1)], now)
    found.hope()
    assert found.waits("/a0", "v1", now)
    found.found(["/a0"], (), now)
    assert not found.waits("/a0", "v1", now)
