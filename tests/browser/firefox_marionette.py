"""Selenium and a stock Firefox without geckodriver.

Firefox speaks WebDriver itself, over a TCP protocol called Marionette; geckodriver only translates it to HTTP. Selenium
takes a command executor of our own, so the translation is done here. Wire format: a packet is its length in decimal,
a colon, and JSON; a command is [0, id, name, parameters], its answer [1, id, error, result]
(https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html).
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.command import Command as C
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webdriver import WebDriver

from tests import children
from tests.browser.chromium import Missing

PATIENCE = 60.0  # seconds for the start, and for the slowest command

# Selenium's command -> Marionette's, without "WebDriver:" in front.
COMMANDS = {
    C.NEW_SESSION: "NewSession",
    C.GET: "Navigate",
    C.GET_CURRENT_URL: "GetCurrentURL",
    C.GET_TITLE: "GetTitle",
    C.GO_BACK: "Back",
    C.GO_FORWARD: "Forward",
    C.REFRESH: "Refresh",
    C.GET_PAGE_SOURCE: "GetPageSource",
    C.FIND_ELEMENT: "FindElement",
    C.FIND_ELEMENTS: "FindElements",
    C.FIND_CHILD_ELEMENT: "FindElement",
    C.FIND_CHILD_ELEMENTS: "FindElements",
    C.CLICK_ELEMENT: "ElementClick",
    C.CLEAR_ELEMENT: "ElementClear",
    C.SEND_KEYS_TO_ELEMENT: "ElementSendKeys",
    C.GET_ELEMENT_TEXT: "GetElementText",
    C.GET_ELEMENT_TAG_NAME: "GetElementTagName",
    C.GET_ELEMENT_ATTRIBUTE: "GetElementAttribute",
    C.GET_ELEMENT_PROPERTY: "GetElementProperty",
    C.GET_ELEMENT_RECT: "GetElementRect",
    C.GET_ELEMENT_VALUE_OF_CSS_PROPERTY: "GetElementCSSValue",
    C.IS_ELEMENT_SELECTED: "IsElementSelected",
    C.IS_ELEMENT_ENABLED: "IsElementEnabled",
    C.GET_ELEMENT_ARIA_ROLE: "GetComputedRole",
    C.GET_ELEMENT_ARIA_LABEL: "GetComputedLabel",
    C.W3C_GET_ACTIVE_ELEMENT: "GetActiveElement",
    C.W3C_EXECUTE_SCRIPT: "ExecuteScript",
    C.W3C_EXECUTE_SCRIPT_ASYNC: "ExecuteAsyncScript",
    C.W3C_ACTIONS: "PerformActions",
    C.W3C_CLEAR_ACTIONS: "ReleaseActions",
    C.SCREENSHOT: "TakeScreenshot",
    C.ELEMENT_SCREENSHOT: "TakeScreenshot",
    C.SET_WINDOW_RECT: "SetWindowRect",
    C.GET_WINDOW_RECT: "GetWindowRect",
    C.SET_TIMEOUTS: "SetTimeouts",
    C.GET_TIMEOUTS: "GetTimeouts",
    C.ADD_COOKIE: "AddCookie",
    C.GET_ALL_COOKIES: "GetCookies",
    C.DELETE_COOKIE: "DeleteCookie",
    C.DELETE_ALL_COOKIES: "DeleteAllCookies",
    C.W3C_GET_CURRENT_WINDOW_HANDLE: "GetWindowHandle",
    C.W3C_GET_WINDOW_HANDLES: "GetWindowHandles",
    C.SWITCH_TO_WINDOW: "SwitchToWindow",
    C.SWITCH_TO_FRAME: "SwitchToFrame",
    C.CLOSE: "CloseWindow",
    C.NEW_WINDOW: "NewWindow",
    C.W3C_ACCEPT_ALERT: "AcceptAlert",
    C.W3C_DISMISS_ALERT: "DismissAlert",
    C.W3C_GET_ALERT_TEXT: "GetAlertText",
}

# Nothing fetched that no page asked for.
QUIET = {
    "marionette.port": 0,
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.allow_hijacking_localhost": False,
    "network.proxy.type": 0,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.server": "",
}


def start(
    preferences: Mapping[str, Any] | None = None, arguments: Sequence[str] = ("--width=1440", "--height=900")
) -> WebDriver:
    """A fresh profile; `preferences` as in about:config, such as {"javascript.enabled": False}."""
    binary = shutil.which("firefox-esr") or shutil.which("firefox")
    if not binary:
        raise Missing("Firefox is not installed. Run “apt-get install firefox-esr”.")
    connection = MarionetteConnection(binary, preferences or {}, arguments)
    try:
        driver = webdriver.Remote(command_executor=connection, options=webdriver.FirefoxOptions())
    except BaseException:
        connection.close()
        raise
    driver.file_detector = UselessFileDetector()  # the browser is on this machine: it gets the path itself
    return driver


class MarionetteConnection(RemoteConnection):
    """Starts Firefox and is what Selenium talks to instead of a driver."""

    browser_name = "firefox"

    def __init__(self, binary: str, preferences: Mapping[str, Any], arguments: Sequence[str]) -> None:
        super().__init__(client_config=ClientConfig(remote_server_addr="http://127.0.0.1:1"))  # never used
        self._profile = Path(tempfile.mkdtemp(prefix="lotwire-firefox-"))
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in {**QUIET, **preferences}.items()]
        (self._profile / "user.js").write_text("".join(lines))
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._number = 0
        self._process = children.spawn(
            (binary, "-headless", "-marionette", "-no-remote", "-profile", str(self._profile), *arguments),
            log=self._profile / "log",
            cwd=self._profile,
            environ={**os.environ, "MOZ_HEADLESS": "1", "HOME": str(self._profile)},
        )
        try:
            self._socket = socket.create_connection(("127.0.0.1", self._port()), timeout=PATIENCE)
            self._receive()  # its greeting
        except BaseException:
            self.close()
            raise

    def execute(self, command: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """A command of Selenium's. Errors come back in Selenium's own form."""
        if command == C.QUIT:
            self._ask("Marionette:Quit", {"flags": ["eForceQuit"]})  # the process, not only the session
            return {"status": 0, "value": None}
        error, result = self._ask(f"WebDriver:{COMMANDS[command]}", _parameters(command, params or {}))
        if error:
            return {"status": 400, "value": json.dumps({"value": error})}
        if isinstance(result, dict) and set(result) == {"value"}:
            result = result["value"]
        return {"status": 0, "value": result, **(result if command == C.NEW_SESSION else {})}

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)  # it was told to quit
        children.end(self._process, patience=10)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _port(self) -> int:
        file = self._profile / "MarionetteActivePort"
        deadline = time.monotonic() + PATIENCE
        while not (file.exists() and file.read_text().strip()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Firefox did not open its Marionette port:\n{(self._profile / 'log').read_text()}")
            time.sleep(0.05)
        return int(file.read_text())

    def _ask(self, name: str, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        assert self._socket
        self._number += 1
        data = json.dumps([0, self._number, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(data), data))
        _, _, error, result = self._receive()
        return error, result

    def _receive(self) -> Any:
        while b":" not in self._buffer:
            self._read()
        size, _, self._buffer = self._buffer.partition(b":")
        while len(self._buffer) < int(size):
            self._read()
        message, self._buffer = self._buffer[: int(size)], self._buffer[int(size) :]
        return json.loads(message)

    def _read(self) -> None:
        assert self._socket
        if not (more := self._socket.recv(1 << 20)):
            raise ConnectionError("Firefox closed its Marionette port.")
        self._buffer += more


def _parameters(command: str, given: dict[str, Any]) -> dict[str, Any]:
    """Selenium's parameters in Marionette's words."""
    given = {name: value for name, value in given.items() if name != "sessionId"}
    if command in (C.FIND_CHILD_ELEMENT, C.FIND_CHILD_ELEMENTS):
        given["element"] = given.pop("id")
    elif command == C.NEW_SESSION:
        wanted = dict(given["capabilities"].get("alwaysMatch", {}))
        for name in ("moz:firefoxOptions", "moz:debuggerAddress", "browserName"):
            wanted.pop(name, None)
        given = {"capabilities": {"alwaysMatch": wanted}}
    elif command == C.ADD_COOKIE:
        given = {"cookie": given["cookie"]}
    elif command == C.SCREENSHOT:
        given = {"full": False}
    return given
