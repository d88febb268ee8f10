"""Events that make no sense, from a master over HTTP: none ends the loop, none becomes a wrong status."""
from __future__ import annotations

import base64
import copy
import queue
import threading
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.config import Config
from scheduler.master.driver import MesosDriver
from scheduler.master.port import Master
from tests.fakes.master import ScriptedMaster, Subscription, offer, update
from tests.scheduler.service.serving import Serving, app

JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]), st.just({}),
    st.just({"value": None}), st.just({"value": "\x00"}), st.just([[]]), st.just({"value": {"value": 1}}),
    st.just(-1), st.just(1e308), st.just(2 ** 70), st.just(base64.b64encode(b"short").decode()), st.just("%%%"))
LIFELESS: st.SearchStrategy[Any] = st.sampled_from([
    "TASK_NO_SUCH", "", "task_running", "TASK_FINISHED ", None, 7, [], {}])


class Scripted(Serving):
    """On a master over HTTP; tasks that it accepts run. `say` sends an event."""

    def __init__(self, path: Path, master: ScriptedMaster) -> None:
        super().__init__(path)
        self.scripted = master
        self.subscription: Subscription
        self._playing = threading.Thread(target=self._play, daemon=True)
        self._over = threading.Event()

    def driver(self, config: Config) -> Master:
        self._playing.start()
        return MesosDriver(self.scripted.address, config)

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        super().__exit__(*exc)

    def say(self, event: Mapping[str, Any]) -> None:
        self.subscription.send(event)

    def _offer(self) -> None:
        while not self._over.wait(0.1):
            self.subscription.offers(offer(0), offer(1))

    def _play(self) -> None:
        self.subscription = self.scripted.subscription()
        self.subscription.subscribed()
        while not self._over.is_set():
            try:
                call = self.scripted.calls.get(timeout=0.1)
            except queue.Empty:
                continue
            for operation in call.get("accept", {}).get("operations", ()):
                for task in operation["launch"]["task_infos"]:
                    self.subscription.update(update(task["task_id"]["value"], "TASK_RUNNING",
                                                    agent_id=task["agent_id"]["value"]))


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    with ScriptedMaster() as master, Scripted(tmp_path_factory.mktemp("state") / "state", master) as found:
        found.change("POST", "/v2/apps", app("/kept"))
        found.ask("POST", "/v2/apps", app("/nowhere", constraints=[["no-such-attribute", "IS", "x"]]))
        yield found


@st.composite
def broken(draw: st.DrawFn, whole: Mapping[str, Any]) -> dict[str, Any]:
    """The message with something at some depth missing, or replaced by junk."""
    found: Any = copy.deepcopy(dict(whole))
    for _ in range(draw(st.integers(1, 3))):
        place = found
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            if draw(st.booleans()):
                del place[key]
            else:
                place[key] = copy.deepcopy(draw(JUNK))
            break
    return dict(found)


def still_as_it_was(serving: Scripted, task: str) -> None:
    """The loop goes on, and so does the app."""
    serving.service.ask(lambda: None).result(20)
    [shown] = serving.get("/v2/apps/kept/tasks")["tasks"]
    assert (shown["id"], shown["state"]) == (task, "TASK_RUNNING")
    assert serving.get("/v2/apps/nowhere")["app"]["tasksRunning"] == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_updates_that_make_no_sense_change_no_status(serving: Scripted, data: st.DataObject) -> None:
    [task] = serving.running("/kept")
    kind = data.draw(st.sampled_from(["state", "uuid", "unknown", "broken"]))
    status = update(task, "TASK_RUNNING")
    if kind == "state":
        status["state"] = data.draw(LIFELESS)
    elif kind == "uuid":
        status["uuid"] = data.draw(JUNK)
    elif kind == "unknown":
        status = update(data.draw(st.text(max_size=30)), data.draw(st.sampled_from(["TASK_FAILED", "TASK_RUNNING"])))
    else:
        status = data.draw(broken(status))
    serving.say({"type": "UPDATE", "update": {"status": status}})
    still_as_it_was(serving, task)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_offers_that_make_no_sense_end_nothing(serving: Scripted, data: st.DataObject) -> None:
    [task] = serving.running("/kept")
    whole = offer(5, ports=((31000, 31010),), attributes={"rack": "r1"})
    serving.say({"type": "OFFERS", "offers": {"offers": [data.draw(broken(whole)), offer(6)]}})
    still_as_it_was(serving, task)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=st.one_of(
    broken({"type": "UPDATE", "update": {"status": update("x", "TASK_LOST")}}),
    broken({"type": "RESCIND", "rescind": {"offer_id": {"value": "o"}}}),
    broken({"type": "FAILURE", "failure": {"agent_id": {"value": "S0"}, "executor_id": {"value": "e"}, "status": 1}}),
    broken({"type": "MESSAGE", "message": {
        "agent_id": {"value": "S0"}, "executor_id": {"value": "e"}, "data": "eA=="}}),
    st.fixed_dictionaries({"type": JUNK})))
def test_other_events_that_make_no_sense_end_nothing(serving: Scripted, event: dict[str, Any]) -> None:
    [task] = serving.running("/kept")
    serving.say(event)
    still_as_it_was(serving, task)


def test_after_all_that_a_new_app_runs(serving: Scripted) -> None:
    name = f"/new-{uuid.uuid4().hex[:8]}"
    serving.change("POST", "/v2/apps", app(name, instances=2))
    assert len(serving.running(name)) == 2
