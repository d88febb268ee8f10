"""What a task, a user or another program can write is never markup, and never what it seems not to be."""
from __future__ import annotations

import subprocess
import urllib.parse
from typing import Final

import pytest

from tests.scheduler.api.page.browser import Browser
from tests.scheduler.service.serving import Serving, app

MARKUP: Final = "<img src=x onerror='window.ranByMarkup=1'><script>window.ranByMarkup=1</script>\"'`${1+1}</pre>"
ESCAPES: Final = "\x1b[31mred\x1b[0m\x07\r\x9b2J \u202egnp.exe\u200b\u2028"
SHOWN: Final = "\\x1b[31mred\\x1b[0m\\x07\\r\\x9b2J \\u202egnp.exe\\u200b\\u2028"


@pytest.fixture(scope="module", autouse=True)
def apps(serving: Serving) -> None:
    """One whose every text is hostile; an id may be letters, digits, dots and dashes only, so it is long."""
    serving.change("POST", "/v2/apps", app(
        "/" + "-".join(["x" * 40] * 4), cmd=MARKUP + ESCAPES,
        labels={MARKUP: MARKUP + ESCAPES, "__proto__": "p", "constructor": "c"},
        env={MARKUP: ESCAPES}, container=None))


def go(browser: Browser, hash_: str) -> None:
    browser.script("location.hash = arguments[0]", hash_)


def test_texts_stay_texts(logged_in: Browser, serving: Serving) -> None:
    (name,) = serving.service.view.apps
    (task,) = serving.running(name)
    serving.master.update(task, "TASK_FAILED", message=f"{MARKUP}{ESCAPES}\n{MARKUP}\n{ESCAPES}")
    serving.wait(lambda: bool(serving.running(name)))
    logged_in.shows(MARKUP[:40], ".list")
    instance = task.rpartition("._app")[0]
    quoted = urllib.parse.quote(name, safe="")
    for place, shown in ((f"#/apps/{quoted}", SHOWN), (f"#/apps/{quoted}/failures", SHOWN),
                         (f"#/apps/{quoted}/why", ""), (f"#/apps/{quoted}/versions", ""),
                         (f"#/apps/{quoted}/definition", ""), (f"#/instances/{instance}", SHOWN),
                         ("#/apps?label=__proto__", MARKUP[:40]),
                         ("#/apps?label=toString", "0 of 1 app"),
                         ("#/apps?label=" + urllib.parse.quote(MARKUP), "0 of 1 app"),
                         ("#/apps/" + urllib.parse.quote(MARKUP, safe=""), MARKUP),
                         ("#/instances/" + urllib.parse.quote(MARKUP, safe=""), MARKUP),
                         ("#/agents/" + urllib.parse.quote(MARKUP, safe=""), MARKUP),
                         ("#/deployments", "")):
        go(logged_in, place)
        logged_in.shows(shown)
        assert logged_in.count("main script, main img, main iframe") == 0, place
        assert not set("\x1b\x07\x9b\u202e\u200b") & set(logged_in.text()), place
    go(logged_in, f"#/apps/{quoted}")
    logged_in.click(".title button", "Scale")
    logged_in.type("dialog input[name=why]", MARKUP)
    logged_in.shows("mesos-docker scale", "dialog")
    assert logged_in.count("dialog img, dialog script") == 0
    assert logged_in.script("return window.ranByMarkup") == 0
    logged_in.shot("hostile")


def test_the_browser_itself_refuses_markup_and_code(logged_in: Browser) -> None:
    refused = logged_in.script("""
        const found = [];
        for (const attempt of [
            () => { document.createElement('div').innerHTML = '<b>x</b>'; },
            () => { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); },
            () => { const made = document.createElement('script'); made.text = 'window.ranByMarkup = 1';
                    document.head.append(made); },
        ]) { try { attempt(); found.push('done'); } catch (error) { found.push(error.name); } }
        return found;""")
    assert refused == ["TypeError"] * 3
    logged_in.wait(lambda: len(logged_in.script("return refusedByPolicy")) == 3)
    logged_in.script("refusedByPolicy.length = 0; uncaught.length = 0")
    logged_in.driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's
    assert logged_in.script("return window.ranByMarkup") == 0


WORDS: Final = ("plain", "two words", "it's", "$(reboot)", "`id`", "a\nb", "\x1b[31m", "ü", "",
                "-x", MARKUP)


def test_a_word_of_a_command_line_is_one_for_a_shell(logged_in: Browser) -> None:
    """The words that the page shows are read by bash, which gives them back."""
    quoted = logged_in.driver.execute_async_script("""
        const [words, done] = arguments;
        import(new URL('page/static/text.js', document.baseURI)).then(({ shell }) => done(words.map(shell)));""",
                                                   list(WORDS))
    assert not set("\x1b\n") & set("".join(quoted))
    said = subprocess.run(["bash", "-c", "printf '%s\\0' " + " ".join(quoted)],
                          capture_output=True, check=True)
    assert said.stdout.decode().split("\0")[:-1] == list(WORDS)
