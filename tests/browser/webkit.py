"""WebKitGTK, the nearest to Safari there is here; only on demand (`--engine webkit`), on a screen of its own."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.webkitgtk.options import Options

from tests import children
from tests.browser.chromium import Missing

WINDOW = (1440, 900)  # as the others have it

# WebKitWebDriver 2.50 reads nothing in a box that cuts off what is too long: of
# <p style="overflow: hidden">Hello</p> it says "". So the page is asked, and its answer put as the others put theirs.
# Nor does the page say where the lines of what is "pre-line" end, nor what stands in a list to choose from: there an
# option has no box.
READ = r"""const [element] = arguments, lines = getComputedStyle(element).whiteSpace === "pre-line";
    const list = element.closest("select");
    if (list) {
        const options = element.matches("option") ? [element] : [...element.querySelectorAll("option")];
        return list.checkVisibility() ? options.map(option => option.text).join("\n") : "";
    }
    if (lines) element.style.whiteSpace = "pre-wrap";
    const text = element.checkVisibility() ? element.innerText : "";
    if (lines) element.style.whiteSpace = "";
    return text.trim().replace(/[\t\xa0]/g, " ").replace(/ +\n/g, "\n")"""


class _Element(WebElement):
    @property
    def text(self) -> str:
        return str(self.parent.execute_script(READ, self))

    def click(self) -> None:
        """Below a template's text the driver takes a button for one that nobody can press until it was scrolled to."""
        self.parent.execute_script("arguments[0].scrollIntoView({block: 'nearest'})", self)
        super().click()


@contextmanager
def running() -> Iterator[WebDriver]:
    """A fresh browser under Xvfb; without a display WebKitGTK would hang."""
    needed = [shutil.which("WebKitWebDriver"), shutil.which("Xvfb")]
    minibrowser = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
    if not all(needed) or minibrowser is None:
        raise Missing("WebKitGTK is not installed. Run “apt-get install webkit2gtk-driver xvfb”.")
    with _display() as display:
        environ = {"DISPLAY": display, "GDK_BACKEND": "x11", "LIBGL_ALWAYS_SOFTWARE": "1", "NO_AT_BRIDGE": "1"}
        environ["WEBKIT_DISABLE_DMABUF_RENDERER"] = "1"
        options = Options()
        options.binary_location = str(minibrowser)
        options.add_argument("--automation")
        service = webdriver.WebKitGTKService(needed[0], env={**os.environ, **environ})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Selenium's WebKitGTK calls what Selenium deprecates
            driver = webdriver.WebKitGTK(options=options, service=service)
        driver._web_element_cls = _Element
        try:
            driver.set_window_size(*WINDOW)
            driver.set_script_timeout(120)  # axe takes three times as long as in Chromium
            yield driver
        finally:
            driver.quit()


@contextmanager
def _display() -> Iterator[str]:
    read, write = os.pipe()
    with tempfile.TemporaryDirectory(prefix="lotwire-xvfb-") as home:
        command = ("Xvfb", "-displayfd", str(write), "-screen", "0", "1440x1000x24", "-nolisten", "tcp")
        process = children.spawn(command, log=Path(home) / "log", cwd=Path(home), pass_fds=(write,))
        os.close(write)
        try:
            with os.fdopen(read) as file:
                yield f":{file.readline().strip()}"
        finally:
            children.end(process, patience=10)
