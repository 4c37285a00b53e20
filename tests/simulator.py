"""The carrier simulator as a real process, for tests and the bench."""

import http.client
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parent.parent
KEY = "simulator-key"
DANA = {
    "id": 4693435745845248,
    "display_name": "Dana Reyes",
    "emails": ["dana@example.com"],
    "phone_numbers": ["+16195550142"],
}
READY_WITHIN = 20.0  # seconds; an idle machine needs half of one


@dataclass
class RunningSimulator:
    """One running simulator. `url` is the base URL for a Dialpad connection, `key` an API key it knows."""

    url: str
    process: subprocess.Popen[str]
    state_dir: Path
    key: str = KEY

    def switch(self, **wanted: Any) -> None:
        """`switch(slow=2, server_error={"calls": 3}, honour_stop=False)`: those named are set, the others stay."""
        self.call("PUT", "/control/switches", wanted)

    def as_usual(self) -> None:
        """All switches as at the start."""
        self.call("DELETE", "/control/switches")

    def switches(self) -> dict[str, Any]:
        return self.call("GET", "/control/switches")

    def add_users(self, *users: dict[str, Any]) -> None:
        self.call("POST", "/control/users", list(users))

    def set_keys(self, *keys: str) -> None:
        self.call("PUT", "/control/keys", {"keys": keys})

    def messages(self, **wanted: str) -> list[dict[str, Any]]:
        """Every text it took over the API, oldest first; `to=` and `user_id=` choose."""
        return self.call("GET", f"/control/messages?{urlencode(wanted)}")["messages"]

    def counts(self) -> dict[str, int]:
        """{"accepted", "distinct", "repeated"}: 0 lost and 0 twice are read from here."""
        return self.call("GET", "/control/counts")

    def state(self) -> dict[str, Any]:
        return self.call("GET", "/control/state")

    def reply(self, phone: str, text: str, to: str = "") -> str:
        """The seller writes; answers the message's id."""
        return self.call("POST", "/control/replies", {"from": phone, "text": text, "to": to})["id"]

    def send_from_app(self, user_id: int, to: str, text: str) -> str:
        """Somebody types a text in Dialpad's own app; answers the message's id."""
        return self.call("POST", "/control/app-messages", {"user_id": user_id, "to": to, "text": text})["id"]

    def settle(self, within: float = 10.0) -> None:
        """Wait until every event has been delivered or given up."""
        end = time.monotonic() + within
        while self.state()["events"]["waiting"]:
            assert time.monotonic() < end, f"events still wait after {within} s: {self.state()['events']}"
            time.sleep(0.02)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One control call. Raises AssertionError with the simulator's sentence when it refuses."""
        status, answer = self.request(method, path, None if body is None else json.dumps(body))
        assert status == 200, f"{method} {path}: {status} {answer}"
        return json.loads(answer)

    def call_api(self, method: str, path: str) -> Any:
        """One call of Dialpad's API without a body."""
        status, answer = self.request(method, path, headers={"Authorization": f"Bearer {self.key}"})
        assert status == 200, f"{method} {path}: {status} {answer}"
        return json.loads(answer)

    def request(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and body of any request."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


@contextmanager
def running_simulator(
    state_dir: Path,
    *,
    users: Sequence[dict[str, Any]] = (DANA,),
    arguments: Sequence[str] = (),
    port: int = 0,
    environ: Mapping[str, str] | None = None,
) -> Iterator[RunningSimulator]:
    """A simulator on a free loopback port with these users, ready to answer, ended with the block. The same
    `state_dir` and `port` again are the same simulator after a restart. `environ` is added to our own."""
    command = [
        sys.executable,
        "-m",
        "workers.simulator",
        "--port",
        str(port),
        "--state-dir",
        str(state_dir),
        *arguments,
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environ or {})}
    )
    try:
        simulator = RunningSimulator(_url(process), process, state_dir)
        if users:
            simulator.add_users(*users)
        yield simulator
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], READY_WITHIN)[0]:
        raise AssertionError(f"The simulator said nothing for {READY_WITHIN:.0f} s.")
    line = process.stdout.readline()
    assert line.startswith("Simulator at "), f"The simulator did not start: {line!r}"
    return line.removeprefix("Simulator at ").strip()
