"""Installations to measure: real processes on databases of their own, in temporary directories, ended by number."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.settings import ROOT, environ_for_child
from tests import postgres
from tests.bench import machine
from workers import processes
from workers.listening import listen

PYTHON = (sys.executable, "-P", "-m")
READY_WITHIN = 60.0  # seconds; an idle machine needs two
WORK_WITHIN = 1800.0
NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
# A dealership would lose its data with the tests' settings; these are PostgreSQL's own.
DURABLE = {"timezone": "UTC", "max_connections": "60"}


class CannotMeasure(Exception):
    """Why a figure is missing: one sentence."""


@dataclass
class House:
    """One installation. `environ` is what its processes see."""

    engine: str  # sqlite | postgres
    data: Path
    environ: dict[str, str]

    @property
    def name(self) -> str:
        return NAMES[self.engine]

    def run(self, *words: str, log: Path | None = None) -> str:
        """Runs `python -m words…` in this installation to its end; what it printed. Raises CannotMeasure."""
        try:
            done = subprocess.run(
                [*PYTHON, *words],
                env=self.environ,
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=WORK_WITHIN,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CannotMeasure(f"{words[0]} did not end within {WORK_WITHIN / 60:.0f} minutes.") from None
        if done.returncode:
            raise CannotMeasure(f"{' '.join(words[:3])} failed: {_last_line(done.stderr)}")
        return done.stdout

    def ask(self, *words: str) -> Any:
        """The same for a module of ours that prints JSON."""
        return json.loads(self.run(*words))


@dataclass
class Running:
    """A house whose processes run. `pid` is the supervisor's."""

    house: House
    url: str
    port: int
    pid: int

    def pid_of(self, part: str) -> int:
        """The process of a part: web, worker, valkey or supervisor."""
        needs_proc()
        for pid, command in machine.family(self.pid).items():
            if machine.part_of(command) == part:
                return pid
        raise CannotMeasure(f"The {part} of this installation does not run.")


class Databases:
    """Gives each house a database of its own. PostgreSQL is started when the first house wants it."""

    def __init__(self) -> None:
        self._cluster: postgres.Cluster | None = None

    @contextmanager
    def house(self, engine: str) -> Iterator[House]:
        """An installation without data. Raises CannotMeasure when there is no such database on this machine."""
        with tempfile.TemporaryDirectory(prefix="lotwire-bench-") as directory:
            data = Path(directory) / "data"
            data.mkdir(mode=0o700)
            environ = environ_for_child(PYTHONPATH=str(ROOT), LOTWIRE_DATA_DIR=str(data), LOTWIRE_DATABASE_URL="")
            if engine == "sqlite":
                yield House(engine, data, environ)
                return
            cluster = self._started()
            name = cluster.create_blank()
            try:
                yield House(engine, data, {**environ, "LOTWIRE_DATABASE_URL": cluster.url(name)})
            finally:
                cluster.drop(name)

    def stop(self) -> None:
        if self._cluster:
            self._cluster.stop()

    def _started(self) -> postgres.Cluster:
        if self._cluster is None:
            try:
                self._cluster = postgres.Cluster(DURABLE)
            except postgres.Missing as error:
                raise CannotMeasure(str(error)) from error
        return self._cluster


@contextmanager
def running(house: House) -> Iterator[Running]:
    """Starts everything, as `./lotwire up` does; yields once the web answers."""
    port = free_port()
    log = house.data.parent / "up.log"
    command = (*PYTHON, "workers.cli", "up", "--port", str(port), "--data", str(house.data))
    with _started(command, house.environ, log) as process:
        wait_for(port, process, log)
        yield Running(house, f"http://127.0.0.1:{port}", port, process.pid)


@contextmanager
def server(command: tuple[str, ...], environ: dict[str, str], port: int, log: Path) -> Iterator[int]:
    """Another server on that port, for as long as the block: the number of its process."""
    with _started(command, environ, log) as process:
        wait_for(port, process, log)
        yield process.pid


@contextmanager
def _started(command: tuple[str, ...], environ: dict[str, str], log: Path) -> Iterator["subprocess.Popen[str]"]:
    with log.open("w") as output:
        process = processes.spawn(command, environ=environ, stdout=output, stderr=output)
    try:
        yield process
    finally:
        processes.stop(process, 30)


def wait_for(port: int, process: "subprocess.Popen[str]", log: Path, path: str = "/") -> float:
    """Until a page comes back on that port; the time (perf_counter) it did. Raises CannotMeasure with the log's end."""
    give_up = time.perf_counter() + READY_WITHIN
    while process.poll() is None and time.perf_counter() < give_up:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_WITHIN)
        try:
            connection.request("GET", path)
            if connection.getresponse().status < 400:
                return time.perf_counter()
        except OSError:
            pass  # nobody listens yet
        finally:
            connection.close()
        time.sleep(0.005)
    raise CannotMeasure(f"The server did not start: {_last_line(log.read_text())}")


def needs_proc() -> None:
    """Raises CannotMeasure where no /proc tells what processes use."""
    if not (machine.PROC / "self" / "stat").exists():
        raise CannotMeasure("What processes use can only be read on Linux.")


def free_port() -> int:
    with listen("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


def is_installed(lock: str) -> bool:
    """Whether .venv was made from the lock file as it is, so that ./lotwire starts without installing."""
    try:
        return (ROOT / lock).read_bytes() == (ROOT / ".venv" / lock).read_bytes()
    except OSError:
        return False


def isolate(directory: str, clock: float) -> None:
    """Nothing this shell has set up for a real dealership reaches what is measured, and the reverse."""
    for name in [name for name in os.environ if name.startswith("LOTWIRE_") and name != "LOTWIRE_PYTHON"]:
        del os.environ[name]
    os.environ.update(
        LOTWIRE_TEST="1",
        LOTWIRE_CLOCK=str(clock),
        LOTWIRE_DATA_DIR=directory,
        LOTWIRE_SECRET_KEY="the bench shares this key, nobody else",
    )


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing."
