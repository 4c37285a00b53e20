"""Chromium without a window, driven by Selenium and chromedriver, that talks to nobody but us."""

import os
import shutil

from selenium import webdriver
from selenium.webdriver.remote.webdriver import WebDriver

# Nothing of what a browser likes to fetch by itself, and no other machine even if a page named one.
QUIET = (
    "--headless=new",
    "--disable-dev-shm-usage",
    "--window-size=1440,900",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=AutofillServerCommunication,MediaRouter,OptimizationHints,Translate",
    "--no-proxy-server",
    # One renderer for all pages: a new one for every visit costs a fifth of what Chromium takes in all.
    "--process-per-site",
    "--renderer-process-limit=1",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Missing(Exception):
    """A browser is not installed; the sentence says what to do."""


def start() -> WebDriver:
    """A fresh profile at 1440 x 900."""
    binary = shutil.which("chromium") or shutil.which("google-chrome")
    chromedriver = shutil.which("chromedriver")
    if not binary or not chromedriver:
        raise Missing("Chromium or its driver is not installed. Run “apt-get install chromium chromium-driver”.")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in QUIET:
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's sandbox refuses root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    be_desktop(driver)
    return driver


def be_phone(driver: WebDriver, width: int, height: int) -> None:
    """Width and height in CSS pixels, with touch and a phone's density."""
    _ask(driver, "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True)
    _ask(driver, "Emulation.setTouchEmulationEnabled", enabled=True)


def be_desktop(driver: WebDriver) -> None:
    """1440 x 900 whatever the browser's own bars take, without touch, by day."""
    _ask(driver, "Emulation.setDeviceMetricsOverride", width=1440, height=900, deviceScaleFactor=1, mobile=False)
    _ask(driver, "Emulation.setTouchEmulationEnabled", enabled=False)
    set_media(driver)


def set_media(driver: WebDriver, **features: str) -> None:
    """`set_media(driver, prefers_color_scheme="dark")`."""
    named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    _ask(driver, "Emulation.setEmulatedMedia", features=named)


def run_scripts(driver: WebDriver, *, on: bool) -> None:
    """Whether pages may run theirs, from the next one on."""
    _ask(driver, "Emulation.setScriptExecutionDisabled", value=not on)


def as_at_start(driver: WebDriver) -> None:
    """A network at full speed, no cookies, a desktop by day, an empty page, an empty console."""
    driver.set_network_conditions(offline=False, latency=0, throughput=-1)  # type: ignore[attr-defined]
    driver.delete_network_conditions()  # type: ignore[attr-defined]
    _ask(driver, "Network.clearBrowserCookies")
    be_desktop(driver)
    run_scripts(driver, on=True)
    driver.get("about:blank")
    driver.get_log("browser")  # type: ignore[attr-defined]


def _ask(driver: WebDriver, command: str, **arguments: object) -> None:
    driver.execute_cdp_cmd(command, arguments)  # type: ignore[attr-defined]
