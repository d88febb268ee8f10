"""A real browser on the page: Debian's chromium, driven by selenium, with an eye on what it complains of.

Before any script of the page runs, each document begins to note what its policy refuses (CSP reports), errors that
nobody caught, and tasks that keep the browser from answering (`longtask`: over 50 ms).
"""
from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

PATIENCE: Final = 30.0  # seconds for something that must come
SHOTS: Final = Path(__file__).parents[4] / "build" / "page"
WATCH: Final = """
window.refusedByPolicy = []; window.uncaught = []; window.longTasks = []; window.ranByMarkup = 0;
document.addEventListener('securitypolicyviolation', (event) => refusedByPolicy.push(
    `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`));
addEventListener('error', (event) => uncaught.push(String(event.message)));
addEventListener('unhandledrejection', (event) => uncaught.push(String(event.reason)));
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((each) => each.duration)))
    .observe({ type: 'longtask', buffered: true });
"""
TRIES: Final = 5
BROKEN_OFF: Final = """return performance.getEntriesByType('resource').some(
    (each) => each.name.includes('/page/') && each.responseStatus === 0);"""
FETCHED: Final = """return [document.readyState, ...performance.getEntriesByType('resource').map(
    (each) => `${each.name} ${each.responseStatus} ${Math.round(each.startTime)}+${Math.round(each.duration)}`)];"""


class Browser:
    """`with Browser(folder) as browser`; `folder`: where it keeps its profile."""

    def __init__(self, folder: Path, *, width: int = 1280, height: int = 860) -> None:
        self._folder = folder
        self._size = width, height

    def __enter__(self) -> Self:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
        for each in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     f"--user-data-dir={self._folder}",
                     f"--window-size={self._size[0]},{self._size[1]}",
                     "--disable-background-networking", "--no-first-run",
                     "--disable-component-update"):
            options.add_argument(each)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options,
                                       Driver(shutil.which("chromedriver")
                                              or "/usr/bin/chromedriver"))
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()

    def open(self, url: str) -> None:
        """A new document, also where only what is behind # is another.

        Once more, where a part of it did not come: chromium breaks off what it fetches when one of the
        machine's network interfaces comes or goes (ERR_NETWORK_CHANGED), as with every container of a test beside.
        """
        for _ in range(TRIES):
            self.driver.get("about:blank")
            self.driver.get(url)
            if not self.script(BROKEN_OFF):
                return

    def script(self, text: str, *arguments: Any) -> Any:
        """What a function's body returns."""
        return self.driver.execute_script(text, *arguments)

    def wait(self, fact: Callable[[], Any], what: str = "") -> Any:
        """The first answer that is true."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                found = fact()
            except WebDriverException:
                found = None
            if found:
                return found
            assert time.monotonic() < deadline, (
                f"{what or 'it'} did not come; the page says: {self.text()[:3000]}; refused: {self.complaints()}; "
                f"fetched: {self.script(FETCHED)}")
            time.sleep(0.02)

    def text(self, selector: str = "body") -> str:
        """What is shown of the first such element; "" if there is none."""
        return str(self.script("const found = document.querySelector(arguments[0]);"
                               "return found ? found.innerText : '';", selector))

    def shows(self, text: str, selector: str = "body") -> None:
        """Wait until it does."""
        self.wait(lambda: text in self.text(selector), f"{text!r} in {selector}")

    def shows_not(self, text: str, selector: str = "body") -> None:
        """Wait until it does not (any more)."""
        self.wait(lambda: text not in self.text(selector), f"{selector} without {text!r}")

    def find(self, selector: str, text: str = "") -> WebElement:
        """The first visible element of this selector with this text in it."""
        def look() -> WebElement | None:
            return next((each for each in self.driver.find_elements(By.CSS_SELECTOR, selector)
                         if each.is_displayed() and text in each.text), None)
        found: WebElement = self.wait(look, f"{selector} {text!r}")
        return found

    def click(self, selector: str, text: str = "") -> None:
        """On the first such element; what is drawn anew meanwhile is looked for again."""
        def clicked() -> bool:
            self.find(selector, text).click()
            return True
        self.wait(clicked, f"a click on {selector} {text!r}")

    def type(self, selector: str, text: str) -> None:
        """Into a field, instead of what is in it; as keys, which the page hears each."""
        self.find(selector).send_keys(Keys.CONTROL, "a", Keys.NULL, Keys.DELETE, text)

    def press(self, *keys: str) -> None:
        """Keys, to whatever has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self) -> str:
        """The text, or the name, of what has the focus."""
        return str(
            self.script(
                "const at = document.activeElement; return at.innerText || at.name || at.tagName;"))

    def count(self, selector: str) -> int:
        return len(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def shot(self, name: str) -> None:
        """A picture into build/page, for people."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(SHOTS / f"{name}.png"))

    def complaints(self) -> list[str]:
        """What the policy refused and what nobody caught, in this document; and what the browser's log says of it."""
        found = list(self.script("return [...refusedByPolicy, ...uncaught];"))
        log = self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's
        return found + [each["message"] for each in log
                        if "Content Security Policy" in each["message"]
                        or "TrustedHTML" in each["message"]]
