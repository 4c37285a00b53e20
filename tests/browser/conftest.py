"""Fixtures for real browsers.

page        tests.browser.page.Page on `site`, signed out: Chromium; `--engine firefox|webkit` adds or chooses others
no_script   the same in a Firefox whose scripts are switched off
dealership  tests.browser.dealership.Dealership on `site`: an agent whose texts leave at once, through the simulator
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from tests.browser import chromium, dealership, firefox_marionette, webkit
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.site import Site


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = {name for mark in metafunc.definition.iter_markers("parametrize") for name in str(mark.args[0]).split(",")}
    if "driver" in metafunc.fixturenames and "driver" not in chosen:
        engines = metafunc.config.getoption("--engine") or ["chromium"]
        metafunc.parametrize("driver", engines, indirect=True, scope="session")


@contextmanager
def _started(engine: str, scripts: bool = True) -> Iterator[WebDriver]:
    try:
        if engine == "webkit":
            with webkit.running() as driver:
                yield driver
            return
        driver = chromium.start() if engine == "chromium" else firefox_marionette.start({"javascript.enabled": scripts})
    except chromium.Missing as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def driver(request: pytest.FixtureRequest) -> Iterator[WebDriver]:
    with _started(request.param) as running:
        yield running


@pytest.fixture(scope="session")
def scriptless_driver() -> Iterator[WebDriver]:
    with _started("firefox", scripts=False) as running:
        yield running


@pytest.fixture
def page(driver: WebDriver, site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    engine = driver.capabilities["browserName"].lower()
    engine = {"chrome": "chromium", "minibrowser": "webkit"}.get(engine, engine)
    yield Page(driver, site, engine, _screenshots(request))
    if engine == "chromium":
        chromium.as_at_start(driver)
    else:
        driver.delete_all_cookies()
        driver.get("about:blank")


@pytest.fixture
def no_script(scriptless_driver: WebDriver, site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    yield Page(scriptless_driver, site, "firefox-without-scripts", _screenshots(request))
    scriptless_driver.delete_all_cookies()
    scriptless_driver.get("about:blank")


@pytest.fixture(name="dealership")
async def _dealership(site: Site) -> AsyncIterator[Dealership]:
    async with dealership.opened(site) as opened:
        yield opened


def _screenshots(request: pytest.FixtureRequest) -> Path | None:
    directory = request.config.getoption("--screenshots")
    return Path(directory) if directory else None
