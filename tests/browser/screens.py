"""Takes the pictures of docs/window.md anew: `python -m tests.browser.screens [DIRECTORY]`.

The Send Message window of the demo dealership in Chromium. Each picture is a PNG of few colours, below 120 KB.
"""

import argparse
import io
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from domain.seeds import PASSWORD, PEOPLE, PICTURES
from domain.settings import ROOT, environ_for_child
from tests import children
from tests.browser import chromium
from tests.browser.page import Page
from tests.site import Site
from workers.cli.up import LOTWIRE

SCREENS = ROOT / "docs" / "screens"
LARGEST = 120_000  # bytes
READY_WITHIN = 60.0  # seconds
# One car for each light, so that no picture shows what another one left; the seller of the second has an email address.
CAR, OF_THE_EMAIL, AT_NIGHT, ON_A_PHONE = "Honda CR-V", "Toyota Camry", "Mazda CX-5", "Jeep Wrangler"
TEMPLATE = "First hello: would you sell to us?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", default=SCREENS)
    directory = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    with _demo() as url, _browser(url) as page:
        by_day(page, directory)
        by_night(page, directory)
        on_a_phone(page, directory)


def by_day(page: Page, to: Path) -> None:
    _open_window(page, ON_A_PHONE)  # nobody has texted that seller, and opening leaves nothing behind
    _take(page, to / "first-text.png")

    _open_window(page, CAR)
    _pick(page, TEMPLATE)
    _take(page, to / "text.png")
    page.find("#body").send_keys(" Does it have {{")
    page.wait_until(lambda: page.find("#completions").is_displayed(), "nothing completes")
    _take(page, to / "values.png")
    _type(page, Keys.BACKSPACE * len(" Does it have {{"))

    page.click("#emoji-b")
    page.wait_until(lambda: page.focused() == "emoji-q", "the emoji did not open")
    _type(page, "car")
    page.wait_until(lambda: page.find("#emoji-results").get_attribute("data-q") == "car", "nothing was found")
    _take(page, to / "emoji.png")

    page.click("#tracks-b")
    page.wait_for("Initial contact", "#tracks")
    page.driver.find_element(By.XPATH, "//*[@id='tracks']//a[normalize-space()='Initial contact']").click()
    page.wait_for("Initial contact", "#beside")
    _take(page, to / "word-tracks.png")
    page.click("[data-empties=beside]")

    page.click("#find-b")
    _type(page, "photos")
    page.wait_until(lambda: len(page.all(".hit")) == 1, "not the one template")
    _take(page, to / "templates.png")
    page.click("#send-title")  # closes the search

    _conflict(page)
    _take(page, to / "drafts.png")
    page.click("#keep-mine")
    page.wait_for("Saved", "#draft-said")
    _attach(page)
    _take(page, to / "files.png")

    _open_window(page, OF_THE_EMAIL)
    page.run("document.querySelector('#channel-email').click()")
    page.wait_until(lambda: page.find("#f-subject").is_displayed(), "an email has a subject")
    page.run("const t = document.querySelector('#template'); t.selectedIndex = 1; htmx.trigger(t, 'change')")
    page.wait_until(lambda: page.value("#body") != "", "the template was not filled in")
    _take(page, to / "email.png")


def by_night(page: Page, to: Path) -> None:
    page.set_media(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    _open_window(page, AT_NIGHT)
    _pick(page, TEMPLATE)
    _take(page, to / "text-dark.png")


def on_a_phone(page: Page, to: Path) -> None:
    page.be_phone(390, 780)
    for scheme in ("light", "dark"):
        page.set_media(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        _open_window(page, ON_A_PHONE)
        if not page.value("#body").startswith("Hi "):
            _pick(page, TEMPLATE)
        _take(page, to / f"phone-text-{scheme}.png")
        page.click("#emoji-b")
        page.wait_until(lambda: page.find(".emoji").is_displayed(), "the emoji did not open")
        _take(page, to / f"phone-emoji-{scheme}.png")


# What is on the pictures


def _open_window(page: Page, car: str) -> None:
    page.open(f"/?q={car.replace(' ', '+')}")
    found = page.wait_until(lambda: page.driver.find_element(By.PARTIAL_LINK_TEXT, car), f"there is no {car}")
    page.open(re.sub(r"[?#].*", "", str(found.get_attribute("href"))))
    page.run("document.querySelector('[data-opens=send]').click()")
    page.wait_until(lambda: page.find("#body").is_displayed(), "the window did not open")


def _pick(page: Page, template: str) -> None:
    page.driver.find_element(By.XPATH, f"//select[@id='template']//option[normalize-space()={template!r}]").click()
    page.wait_until(lambda: page.text("#preview .bub").startswith("Hi "), "the template was not filled in")
    page.run("document.activeElement.blur()")


def _attach(page: Page) -> None:
    """Two files that a text does not take; one of them goes as a link."""
    with tempfile.TemporaryDirectory() as made:
        offer = Path(made) / "Our offer.pdf"
        Image.new("RGB", (595, 842), "white").save(offer)
        for file in (PICTURES / "blue.jpg", offer):
            page.find("#attach-files").send_keys(str(file))
            page.wait_for(file.name, "#files")
    page.wait_for("cannot go along", "#files")
    page.click("#files li:last-child [name=share]")
    page.wait_for("Goes as a link", "#files")


def _conflict(page: Page) -> None:
    """The same draft, written on in another tab first."""
    first = page.driver.current_window_handle
    address = page.run("return document.querySelector('[data-opens=send]').href")
    page.driver.switch_to.new_window("tab")
    page.open(address)
    page.find("#body").send_keys(" Would Thursday suit you?")
    page.wait_for("Saved", "#draft-said")
    page.driver.close()
    page.driver.switch_to.window(first)
    page.find("#body").send_keys(" We could come on Friday.")
    page.wait_for("This draft was changed elsewhere", "#draft-state")
    time.sleep(1.5)  # the last letters are saved, too
    page.click("#draft-state summary")


def _type(page: Page, keys: str) -> None:
    ActionChains(page.driver).send_keys(keys).perform()


def _take(page: Page, to: Path) -> None:
    """A PNG with as many colours as fit into the limit. Raises SystemExit when even a few do not."""
    time.sleep(0.4)  # the preview follows, and what moves comes to rest
    page.wait_until(lambda: page.all(".htmx-request") == [], "it does not come to rest")
    picture = Image.open(io.BytesIO(page.driver.get_screenshot_as_png())).convert("RGB")
    for colors in (256, 192, 128, 96, 64, 48, 32):
        reduced = io.BytesIO()
        picture.quantize(colors, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(reduced, "PNG", optimize=True)
        if len(reduced.getbuffer()) < LARGEST:
            to.write_bytes(reduced.getbuffer())
            print(f"{to.name}: {len(reduced.getbuffer()):,} bytes, {colors} colours")
            return
    raise SystemExit(f"{to.name} is too large even with few colours.")


# The dealership and the browser


@contextmanager
def _demo() -> Iterator[str]:
    """The address of a running demo, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lotwire-screens-") as made:
        url = f"http://127.0.0.1:{children.free_port()}"
        command = (*LOTWIRE, "demo", "--port", url.rpartition(":")[2], "--data", f"{made}/data")
        environ = environ_for_child(PYTHONPATH=str(ROOT))
        process = children.spawn(command, log=Path(made) / "log", cwd=ROOT, environ=environ)
        try:
            deadline = time.monotonic() + READY_WITHIN
            while f"Lotwire is ready at {url}" not in (log := (Path(made) / "log").read_text(errors="replace")):
                if time.monotonic() > deadline or process.poll() is not None:
                    sys.exit(f"The demo did not start:\n{log}")
                time.sleep(0.1)
            yield url
        finally:
            children.end(process)


@contextmanager
def _browser(url: str) -> Iterator[Page]:
    """Signed in as the purchasing manager of the demo."""
    driver = chromium.start()
    try:
        page = Page(driver, cast(Site, SimpleNamespace(url=url)), "chromium", None)
        page.set_media(prefers_reduced_motion="reduce")
        page.open("/sign-in")
        page.fill("[name=email]", PEOPLE[0][1])
        page.fill("[name=password]", PASSWORD)
        page.click("form[method=post] [type=submit]")
        page.wait_until(lambda: "/sign-in" not in page.path, "it did not let us in")
        yield page
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
