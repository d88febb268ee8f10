"""What people do on the page, in a real browser; each story holds the page and the service against each other."""
from __future__ import annotations

import asyncio
import time
import urllib.parse
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from scheduler.api.server import STREAMS
from tests.scheduler.api.page.browser import Browser
from tests.scheduler.api.page.conftest import READER, WRITER
from tests.scheduler.service.serving import Serving, app

LOST = 2.0  # seconds without a dialog after which a click has met nothing
CHECKED = {"healthChecks": [{"protocol": "COMMAND", "command": {"value": "true"}}]}


@pytest.fixture(scope="module", autouse=True)
def apps(serving: Serving) -> None:
    serving.ask("PUT", "/v2/groups", {"apps": [
        app("web", instances=3, labels={"team": "red", "tier": "front"}, **CHECKED),
        app("idle", instances=0), app("fixed", labels={"team": "blue"})]})
    serving.wait(lambda: len(serving.running("/web")) == 3)
    heal(serving)
    serving.wait(lambda: not serving.deployments())


def at(browser: Browser, *parts: str) -> None:
    """Go to a place of the page."""
    browser.script("location.hash = arguments[0]",
                   "#/" + "/".join(urllib.parse.quote(each, safe="") for each in parts))


def heal(serving: Serving, name: str = "/web") -> list[str]:
    found = serving.running(name)
    for task in found:
        serving.master.update(task, "TASK_RUNNING", healthy=True)
    return found


def parts(browser: Browser, row: str) -> str:
    """What the bar of an app says to who does not see it."""
    return str(browser.script("""
        const row = [...document.querySelectorAll('.list .row')].find((each) => each.querySelector('a').innerText
            === arguments[0]);
        return row ? row.querySelector('.bar').getAttribute('aria-label') : '';""", row))


def test_without_a_credential_there_is_a_form(browser: Browser, serving: Serving) -> None:
    browser.driver.delete_all_cookies()
    browser.open(serving.url())
    browser.type("input[name=token]", "wrong")
    browser.click("button", "Log in")
    browser.shows("Nobody is known by this")
    assert browser.driver.get_cookies() == []
    browser.type("input[name=token]", READER)
    browser.press(Keys.ENTER)
    browser.shows("/web", ".list")
    browser.shows("may only read", "header")
    (cookie,) = browser.driver.get_cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert READER not in str(browser.script(
        "return document.cookie + JSON.stringify(localStorage)"))
    at(browser, "apps", "/web")
    browser.shows("3 instances")
    assert browser.count(".title button") == 0  # who may only read is offered no change
    browser.shot("reader")
    browser.click("header button", "Log out")
    browser.find("input[name=token]")
    assert serving.get("/api/v1/session")["role"] == "write"  # the other credential is untouched
    assert browser.complaints() == []


def test_a_link_logs_in_once(browser: Browser, serving: Serving) -> None:
    link = serving.url() + serving.ask("POST", "/api/v1/session/links")[1]["path"]
    browser.open(link)
    browser.shows("/web", ".list")
    assert "login" not in browser.driver.current_url
    browser.driver.delete_all_cookies()
    browser.open(link)
    browser.find("input[name=token]")


def test_health_of_apps_is_shown_as_it_changes(logged_in: Browser, serving: Serving) -> None:
    tasks = heal(serving)
    logged_in.wait(lambda: parts(logged_in, "/web") == "3 healthy")
    serving.master.update(tasks[0], "TASK_RUNNING", healthy=False)
    logged_in.wait(lambda: parts(logged_in, "/web") == "2 healthy, 1 unhealthy")
    logged_in.find(".chip.unhealthy", "1")
    logged_in.shot("apps")
    heal(serving)
    logged_in.wait(lambda: parts(logged_in, "/web") == "3 healthy")


def test_apps_are_found_by_text_label_and_state(logged_in: Browser, serving: Serving) -> None:
    logged_in.shows("3 apps")
    logged_in.press("/")
    assert logged_in.script("return document.activeElement.matches('[data-filter]')")
    logged_in.press("w", "e", "b")
    logged_in.shows("1 of 3 apps")
    assert "text=web" in logged_in.driver.current_url  # so that it can be handed on
    logged_in.press(Keys.ESCAPE)
    logged_in.shows("3 apps")
    logged_in.type("input[name=label]", "team=red")
    logged_in.shows("1 of 3 apps")
    logged_in.shows("/web", ".list")
    logged_in.type("input[name=label]", "team")
    logged_in.shows("2 of 3 apps")
    logged_in.type("input[name=label]", "team!=red")
    logged_in.shows("/fixed", ".list")
    logged_in.find("input[name=label]").clear()
    logged_in.type("input[name=label]", Keys.ESCAPE)
    at(logged_in, "apps")
    logged_in.click(".chip.suspended")
    logged_in.shows("1 of 3 apps")
    logged_in.shows("/idle", ".list")


def test_keys_go_through_lists_and_back(logged_in: Browser, serving: Serving) -> None:
    logged_in.shows("/web", ".list")
    logged_in.press(Keys.ARROW_DOWN)
    logged_in.wait(lambda: logged_in.focused() == "/fixed")
    logged_in.press(Keys.END)
    logged_in.wait(lambda: logged_in.focused() == "/web")
    logged_in.press(Keys.ARROW_UP)
    logged_in.wait(lambda: logged_in.focused() == "/idle")
    outline = logged_in.script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"  # where the focus is can be seen
    logged_in.press(Keys.ENTER)
    logged_in.shows("/idle", "h1")
    logged_in.press(Keys.ESCAPE)
    logged_in.shows("3 apps")


def asked_about(browser: Browser, action: str) -> None:
    """Its dialog is there. A click that meets a button while the page around it moves is lost, and made again."""
    def asked() -> bool:
        if browser.count("dialog") == 0:
            browser.find("main button", action).click()
        deadline = time.monotonic() + LOST
        while browser.count("dialog") == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        return browser.count("dialog") > 0
    browser.wait(asked, f"the dialog of {action}")


def confirmed(browser: Browser, action: str, command: str, button: str) -> None:
    """An action says its command, does nothing if it is left, and is done when it is confirmed."""
    asked_about(browser, action)
    browser.wait(lambda: browser.text("dialog .command").startswith(f"mesos-docker {command}"))
    assert browser.script("return document.querySelector('dialog').matches(':modal')")
    browser.press(Keys.ESCAPE)
    browser.wait(lambda: browser.count("dialog") == 0)
    asked_about(browser, action)
    browser.click("dialog button[type=submit]", button)
    browser.wait(lambda: browser.count("dialog") == 0)


def test_an_app_is_scaled_restarted_and_removed(logged_in: Browser, serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app("/doomed"))
    at(logged_in, "apps", "/doomed")
    logged_in.shows("1 instance")
    logged_in.click(".title button", "Scale")
    logged_in.type("dialog input[name=instances]", "3")
    logged_in.type("dialog input[name=why]", "it's Friday ü")
    logged_in.shows("mesos-docker scale doomed 3 -m 'it'\\''s Friday ", "dialog")
    logged_in.shot("scale")
    assert serving.get("/v2/apps/doomed")["app"]["instances"] == 1  # nothing before it is confirmed
    logged_in.click("dialog button", "Scale")
    logged_in.shows("3 instances")
    assert serving.get("/v2/apps/doomed")["app"]["instances"] == 3
    assert serving.get("/api/v1/versions/doomed")[0]["why"] == "it's Friday ü"
    serving.wait(lambda: not serving.deployments())
    before = set(serving.running("/doomed"))
    confirmed(logged_in, "Restart", "restart doomed", "Restart")
    serving.wait(lambda: before <= set(serving.master.killed) and not serving.deployments())
    confirmed(logged_in, "Remove", "rm doomed", "Remove")
    serving.wait(lambda: "/doomed" not in serving.service.view.apps)
    logged_in.shows("3 apps")


def test_an_instance_is_ended_and_another_one_comes(logged_in: Browser, serving: Serving) -> None:
    (task,) = serving.running("/fixed")
    at(logged_in, "apps", "/fixed")
    logged_in.shows("running", ".list")
    confirmed(logged_in, "End", "kill fixed.instance-", "End it")
    serving.wait(lambda: task in serving.master.killed)
    serving.wait(lambda: len(serving.running("/fixed")) == 1)


def test_what_waits_says_why_and_its_deployment_can_be_steered(logged_in: Browser,
                                                               serving: Serving) -> None:
    serving.ask("POST", "/v2/apps", app("/huge", mem=10_000_000))
    logged_in.wait(lambda: parts(logged_in, "/huge") == "1 waiting")
    at(logged_in, "apps", "/huge", "why")
    logged_in.shows("InsufficientMemory", ".why")
    reasons: list[Any] = serving.get("/api/v1/why?app=/huge")
    logged_in.shows(reasons[0]["reasons"][0]["hint"], ".why")
    (deployment,) = serving.deployments()
    logged_in.shows("0 of 1 instance serve", f"[data-deployment='{deployment}']")
    logged_in.shot("why")
    confirmed(logged_in, "Pause", f"pause {deployment}", "Pause")
    logged_in.shows("paused", ".deployment")
    assert serving.service.view.deployments[deployment].paused
    confirmed(logged_in, "Resume", f"resume {deployment}", "Resume")
    logged_in.shows_not("paused", ".deployment")
    confirmed(logged_in, "Stop", f"stop {deployment}", "Stop")
    logged_in.wait(lambda: logged_in.count(".deployment") == 0)
    assert serving.deployments() == []
    serving.ask("PUT", "/v2/apps/huge", {"mem": 20_000_000})
    at(logged_in, "deployments")
    (deployment,) = serving.deployments()
    logged_in.shows(deployment[:8])
    confirmed(logged_in, "Roll back", f"rollback {deployment}", "Roll back")
    serving.wait(lambda: serving.get("/v2/apps/huge")["app"]["mem"] == 10_000_000)
    serving.change("DELETE", "/v2/apps/huge?force=true")


def test_canaries_are_promoted(logged_in: Browser, serving: Serving) -> None:
    labels = {"MESOS_DOCKER_CANARY": "1"}
    serving.change("POST", "/v2/apps", app("/careful", instances=2, labels=labels))
    serving.ask("PUT", "/v2/apps/careful",
                app("/careful", instances=2, labels=labels, cmd="sleep 2000"))
    at(logged_in, "apps", "/careful")
    logged_in.shows("1 of 2 instances serve")
    confirmed(logged_in, "Promote canaries", "promote careful", "Promote")
    serving.wait(lambda: not serving.deployments())
    serving.change("DELETE", "/v2/apps/careful")


def test_failures_have_their_cause_and_last_words(logged_in: Browser, serving: Serving) -> None:
    (task,) = serving.running("/fixed")
    serving.master.update(task, "TASK_FAILED",
                          message="Container exited with status 3\nTraceback:\n  no such table")
    at(logged_in, "apps", "/fixed", "failures")
    logged_in.shows("exit code 3", ".ended")
    assert logged_in.text(".ended .cause") == "Container exited with status 3"
    assert logged_in.text(".ended pre") == "Traceback:\n  no such table"
    serving.wait(lambda: len(serving.running("/fixed")) == 1)
    logged_in.click(".ended a")
    logged_in.shows("no such table", ".timeline")
    told = [each["what"] for each in serving.get(
        f"/api/v1/instances/{task.removesuffix('._app.1')}/events")] \
        if task.endswith("._app.1") else ["TASK_FAILED"]
    assert "TASK_FAILED" in told
    logged_in.shot("timeline")


def test_versions_show_what_differs_and_can_be_had_again(logged_in: Browser,
                                                         serving: Serving) -> None:
    before = serving.get("/v2/apps/fixed")["app"]["version"]
    serving.change("PUT", "/v2/apps/fixed", app("fixed", cmd="sleep 3000", env={"A/b": "1"}))
    at(logged_in, "apps", "/fixed", "versions")
    logged_in.click(".version summary", "current")
    logged_in.shows('"sleep 1000"', ".diff")
    logged_in.shows('"sleep 3000"', ".diff")
    assert "/env/A~1b" in logged_in.text(".diff")
    logged_in.shot("versions")
    logged_in.script("document.querySelectorAll('.version')[1].open = true")
    confirmed(logged_in, "Make it this again", f"revert fixed {before}", "Revert")
    serving.wait(lambda: serving.get("/v2/apps/fixed")["app"]["cmd"] == "sleep 1000")
    at(logged_in, "apps", "/fixed", "definition")
    logged_in.shows('"cmd": "sleep 1000"')


def test_agents_say_what_they_offer_and_what_runs_there(logged_in: Browser,
                                                        serving: Serving) -> None:
    at(logged_in, "agents")
    logged_in.shows("3 agents")
    found = next(each for each in serving.get("/api/v1/agents") if each["instances"])
    logged_in.click(".list a", found["host"])
    logged_in.shows(found["id"], ".pairs")
    amounts = found["offered"]["amounts"]
    logged_in.shows(f"{amounts['cpus']:g} cpus, {amounts['mem']:g} mem", ".pairs")
    logged_in.shows(f"{found['instances']} instance", "main")
    logged_in.shot("agent")


def cut_streams(serving: Serving) -> None:
    """As a network does; on the server's loop."""
    assert serving.server._runner is not None
    streams: set[asyncio.Task[Any]] = serving.server._runner.app[STREAMS]
    for task in tuple(streams):
        task.cancel()


def test_a_stream_that_breaks_is_told_and_comes_back(logged_in: Browser, serving: Serving) -> None:
    logged_in.shows("/web", ".list")
    logged_in.driver.execute_cdp_cmd("Network.enable", {})
    logged_in.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
        "offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
    serving.server.loop.call_soon_threadsafe(lambda: cut_streams(serving))
    logged_in.shows("out of touch", "header")
    serving.change("POST", "/v2/apps", app("/meanwhile"))
    logged_in.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
        "offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
    logged_in.shows("/meanwhile", ".list")
    logged_in.shows("live", "header")
    serving.change("DELETE", "/v2/apps/meanwhile")


def test_on_a_narrow_screen_nothing_is_cut_off(logged_in: Browser, serving: Serving) -> None:
    for scheme in ("light", "dark"):
        logged_in.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})
        for width in (360, 1280):
            logged_in.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": 740, "deviceScaleFactor": 1, "mobile": width < 500})
            for place in ((), ("apps", "/web"), ("agents",)):
                at(logged_in, *place)
                logged_in.wait(lambda: logged_in.count(".list .row"))
                wide = logged_in.script("return document.documentElement.scrollWidth")
                assert wide <= width, (width, place)
                logged_in.shot(f"{scheme}-{width}-{place[0] if place else 'all'}")
    ground = logged_in.script("return getComputedStyle(document.documentElement).backgroundColor")
    assert ground == "rgb(14, 17, 22)"  # dark, as the system has it
    logged_in.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    logged_in.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_writer_is_who_the_link_was_for(logged_in: Browser, serving: Serving) -> None:
    logged_in.shows("token", ".who")
    assert WRITER not in logged_in.script("return document.documentElement.outerHTML")
