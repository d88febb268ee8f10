"""Looking into one instance on the page: its output, files, curves, and a terminal in it."""
from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from scheduler.api.access import Access, Role
from scheduler.telemetry.samples import UsageSample
from tests.scheduler.api.page.browser import Browser
from tests.scheduler.api.page.conftest import READER, WRITER
from tests.scheduler.api.test_execs import Answering
from tests.scheduler.service.serving import app

ESCAPE, SHOWN = "\x1b[31mred\x1b[0m <b>bold</b>", "\\x1b[31mred\\x1b[0m <b>bold</b>"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    access = Access({WRITER: Role.WRITE, READER: Role.READ})
    with Answering(tmp_path_factory.mktemp("state") / "state", access=access) as found:
        found.headers = {"Authorization": f"Bearer {WRITER}"}
        found.change("POST", "/v2/apps", app("/web"))
        found.sandboxes.url = found.url()
        thread = threading.Thread(target=found.answer)
        thread.start()
        yield found
        found.sandboxes.sent.put(("", "", b""))
        thread.join(30)


def looked_into(browser: Browser, serving: Answering, tab: str) -> str:
    """On a tab of the instance, whose task's id it is."""
    (instance,) = serving.get("/api/v1/instances?app=/web")
    browser.script("location.hash = arguments[0]", f"#/instances/{instance['id']}/{tab}")
    return str(instance["taskId"])


def test_output_is_followed_and_searched(logged_in: Browser, serving: Answering) -> None:
    task = looked_into(logged_in, serving, "logs")
    sandbox = serving.sandboxes.of(task)
    (sandbox / "stdout").write_text("".join(f"line {number}\n" for number in range(200)) + ESCAPE
                                    + "\n")
    (sandbox / "stderr").write_text("a complaint\n")
    looked_into(logged_in, serving, "events")
    looked_into(logged_in, serving, "logs")
    logged_in.shows("line 199", ".log")
    logged_in.shows(SHOWN, ".log")  # neither a colour nor markup
    with (sandbox / "stdout").open("a") as output:
        output.write("written now\n")
    logged_in.shows("written now", ".log")
    logged_in.wait(lambda: logged_in.script("const box = document.querySelector('.log');"
                                            "return box.scrollHeight - box.scrollTop - box.clientHeight < 50"))
    logged_in.press("/")
    logged_in.press(*"line 19")
    logged_in.shows("11 of 202 lines")
    assert logged_in.count(".log mark") == 11
    logged_in.shot("logs")
    logged_in.press(Keys.ESCAPE)
    logged_in.click(".chip", "stderr")
    logged_in.shows("a complaint", ".log")
    logged_in.shows_not("line 199", ".log")
    logged_in.shows("-f --stderr")


def test_files_are_listed_shown_and_downloaded(logged_in: Browser, serving: Answering) -> None:
    sandbox = serving.sandboxes.of(looked_into(logged_in, serving, "events"))
    (sandbox / "inner").mkdir()
    (sandbox / "inner" / "<b>note.txt").write_text(ESCAPE)
    (sandbox / "long").write_text("x" * 100_000 + "the end")
    looked_into(logged_in, serving, "files")
    logged_in.click(".files button", "inner/")
    logged_in.click(".files button", "<b>note.txt")
    logged_in.shows(SHOWN, "main pre")
    link = logged_in.find(".files a", "Download").get_attribute("href")
    assert logged_in.driver.execute_async_script(
        "const [url, done] = arguments; fetch(url).then((answer) => answer.text()).then(done)",
        link) == ESCAPE
    logged_in.shot("files")
    logged_in.click("main button", "↑ up")
    logged_in.click(".files button", "long")
    logged_in.click("main button", "More")
    logged_in.wait(lambda: logged_in.text("main pre").endswith("the end"))


def test_what_it_uses_is_drawn(logged_in: Browser, serving: Answering) -> None:
    (instance,) = serving.get("/api/v1/instances?app=/web")
    looked_into(logged_in, serving, "curves")
    logged_in.shows("No samples yet")
    now = int(time.time())
    for back in range(60, 0, -1):
        serving.service.telemetry.samples.add(
            instance["id"], UsageSample(now - back * 10, 0.2 + (back % 7) / 10,
                                        50_000_000 + back * 100_000))
    looked_into(logged_in, serving, "events")
    looked_into(logged_in, serving, "curves")
    logged_in.wait(lambda: logged_in.count(".curve canvas") == 2)
    logged_in.shows("MiB", ".curves")
    time.sleep(0.3)
    logged_in.shot("curves")


def test_a_terminal_runs_a_command(logged_in: Browser, serving: Answering) -> None:
    looked_into(logged_in, serving, "terminal")
    logged_in.type("input[name=command]", "sh -c 'echo \"got-$(head -c 5)\"; exit 7'")
    logged_in.shows("exec web.instance-")
    logged_in.click("main button", "Run it")
    logged_in.wait(lambda: logged_in.count(".terminal .xterm-rows"))
    logged_in.wait(lambda: logged_in.script(
        "return document.activeElement.matches('.terminal textarea')"))
    logged_in.shows("connected")
    logged_in.press(*"hello")
    logged_in.shows("got-hello", ".terminal .xterm-rows")
    logged_in.shows("exit code 7")
    logged_in.shot("terminal")
    events = [each for each in serving.service.events.replay(0).events
              if each.type == "mesos_docker_exec_ended"]
    assert '"user":"token"' in events[-1].data


def test_who_may_only_read_gets_no_terminal(browser: Browser, serving: Answering) -> None:
    key = serving.ask("POST", "/api/v1/session/links",
                      headers={"Authorization": f"Bearer {READER}"})[1]["path"]
    browser.open(serving.url() + key)
    browser.shows("live", "header")
    looked_into(browser, serving, "terminal")
    browser.shows("A terminal is for those who may write")
