"""What a person does in a browser, over Selenium: open, look, click, type, wait until it shows."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser import chromium
from tests.site import Site

AXE = next((Path(__file__).parent.parent / "vendor").glob("axe-*.min.js"))
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
PATIENCE = 30.0  # seconds; two processes share a small machine

T = TypeVar("T")


class Page:
    """A browser on a site."""

    def __init__(self, driver: WebDriver, site: Site, engine: str, screenshots: Path | None) -> None:
        self.driver = driver
        self.site = site
        self.engine = engine
        self._screenshots = screenshots

    def on(self, site: Site) -> "Page":
        """The same browser on another site."""
        return Page(self.driver, site, self.engine, self._screenshots)

    def sign_in(self, cookie: tuple[str, str]) -> None:
        """`page.sign_in(await site.cookie(user))`."""
        self.driver.get(f"{self.site.url}/healthz")  # a cookie can only be set on a page of its host
        name, value = cookie
        self.driver.add_cookie({"name": name, "value": value, "path": "/", "httpOnly": True, "sameSite": "Lax"})

    def open(self, path: str) -> None:
        """Goes there and waits until the page and its scripts are ready."""
        self.driver.get(path if path.startswith("http") else f"{self.site.url}{path}")
        self.wait_until(lambda: self.run("return document.readyState") == "complete")

    @property
    def path(self) -> str:
        """Where it is: path and query."""
        return self.driver.current_url.removeprefix(self.site.url)

    @property
    def title(self) -> str:
        return self.driver.title

    def find(self, css: str) -> WebElement:
        """The first such element, waited for."""
        return self.wait_until(lambda: self.driver.find_element(By.CSS_SELECTOR, css), f"no {css}")

    def all(self, css: str) -> list[WebElement]:
        """Every such element there is now."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self, css: str = "body") -> str:
        """What can be read there now."""
        return self.find(css).text

    def click(self, css: str) -> None:
        """Clicks once it is shown and enabled."""

        def press() -> bool:
            element = self.driver.find_element(By.CSS_SELECTOR, css)
            if not element.is_displayed() or not element.is_enabled():
                return False
            element.click()
            return True

        self.wait_until(press, f"{css} cannot be clicked")

    def button(self, label: str) -> WebElement:
        """The button or link with this text or label."""
        found = f"//button[normalize-space()={label!r} or @aria-label={label!r}] | //a[normalize-space()={label!r}]"
        return self.wait_until(lambda: self.driver.find_element(By.XPATH, found), f"no button “{label}”")

    def fill(self, css: str, text: str) -> None:
        """Replaces what stands in a field, by the keyboard."""
        field = self.find(css)
        field.clear()
        if text:  # of nothing at all WebKit’s driver makes an error
            field.send_keys(text)

    def value(self, css: str) -> str:
        """What stands in a field now."""
        return str(self.find(css).get_property("value"))

    def wait_for(self, text: str, css: str = "body") -> None:
        """Until this can be read there."""
        self.wait_until(lambda: text in self.driver.find_element(By.CSS_SELECTOR, css).text, f"“{text}” not in {css}")

    def wait_until(
        self, fact: Callable[[], T], otherwise: str = "it did not come true", patience: float = PATIENCE
    ) -> T:
        """The fact's value once it is true. A swap may replace an element between finding and reading it."""
        waiting = WebDriverWait(
            self.driver,
            patience,
            poll_frequency=0.05,
            ignored_exceptions=[StaleElementReferenceException, NoSuchElementException],
        )
        return waiting.until(lambda _: fact(), otherwise)

    def run(self, script: str, *arguments: Any) -> Any:
        """A script in the page, whatever its Content-Security-Policy."""
        return self.driver.execute_script(script, *arguments)

    def focused(self) -> str:
        """Id, else name, else tag of the element that has the focus."""
        return str(self.run("const e = document.activeElement; return e.id || e.name || e.tagName"))

    def axe(self, rule: str = "") -> list[str]:
        """What axe-core finds wrong with the page, by this rule or by all: a line for each, with the elements."""
        if not self.run("return window.axe !== undefined"):
            self.run(AXE.read_text())
        script = """const [rules, done] = arguments;
            axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(
                r => done(r.violations.map(v => `${v.id}: ${v.help}: ${v.nodes.map(n => n.target.join(" "))}`)),
                e => done(["axe failed: " + e]))"""
        return list(self.driver.execute_async_script(script, [rule] if rule else list(STANDARDS)))

    def complaints(self) -> list[str]:
        """What the browser's console says of errors and refused content since last asked; nothing but in Chromium."""
        if self.engine != "chromium":
            return []
        said = self.driver.get_log("browser")  # type: ignore[attr-defined]
        return [entry["message"] for entry in said if entry["level"] in {"SEVERE", "WARNING"}]

    def be_phone(self, width: int = 390, height: int = 844) -> None:
        """Chromium only: the others have no window that narrow."""
        chromium.be_phone(self.driver, width, height)

    def be_desktop(self) -> None:
        """Chromium only: no phone any more."""
        chromium.be_desktop(self.driver)

    def without_scripts(self) -> None:
        """Chromium only: the next pages run none."""
        chromium.run_scripts(self.driver, on=False)

    def set_media(self, **features: str) -> None:
        """Chromium only: `set_media(prefers_color_scheme="dark", prefers_reduced_motion="reduce")`."""
        chromium.set_media(self.driver, **features)

    def screenshot(self, name: str) -> None:
        """Kept as name-engine.png in the directory of --screenshots; nothing without it."""
        if self._screenshots:
            self._screenshots.mkdir(parents=True, exist_ok=True)
            file = re.sub(r"[^\w-]+", "-", f"{name}-{self.engine}") + ".png"
            self.driver.save_screenshot(str(self._screenshots / file))
