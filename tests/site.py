"""Lotwire as its users run it: `./lotwire up` on a free port with its own data, and a carrier simulator beside it."""

import http.client
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain import db
from domain.channels import http as provider_http
from domain.settings import ROOT
from domain.users import User
from tests import children, databases, make
from tests.simulator import RunningSimulator, running_simulator
from workers.cli.up import LOTWIRE

READY_WITHIN = 60.0  # seconds


@dataclass
class Site:
    """A running installation. `environ` is what its processes see of LOTWIRE_…; `pid` is the supervisor's."""

    url: str
    environ: dict[str, str] = field(repr=False)
    directory: Path
    simulator: RunningSimulator
    pid: int

    @property
    def log(self) -> str:
        """All that its processes said."""
        return (self.directory / "log").read_text(errors="replace")

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """`tests.make` and the domain's verbs work on the site's database and by its clock; with an account of the
        test's own, for the site is shared."""
        make.forget()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environ.items():
                patch.setenv(name, value)
            with databases.bound(self.environ["LOTWIRE_DATABASE_URL"]):
                async with db.opened():
                    yield
                    await provider_http.close()

    async def cookie(self, user: User) -> tuple[str, str]:
        """Name and value of a cookie with which this user is signed in. Within `opened()`."""
        return await make.session(user)

    def pids(self, part: str = "") -> list[int]:
        """The supervisor's children, or those of one part: web, worker or valkey-server."""
        own = [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        return [pid for pid in own if not part or part in _command(pid)]

    def answers(self, path: str = "/readyz") -> bool:
        """Whether the web answers with 200 there."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def wait_until_ready(self, within: float = READY_WITHIN) -> None:
        """Raises AssertionError with the log when it takes longer."""
        deadline = time.monotonic() + within
        while not self.answers():
            assert time.monotonic() < deadline, f"Lotwire was not ready within {within:.0f} s:\n{self.log}"
            assert self._runs(), f"Lotwire ended:\n{self.log}"
            time.sleep(0.05)

    def _runs(self) -> bool:
        """Not so once it has ended, even before anybody has asked how."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False


@contextmanager
def running(
    made: databases.Databases, engine: str, start: datetime, *, web: int = 1, workers: int = 1
) -> Iterator[Site]:
    """A fresh installation on this kind of database whose clock begins at `start`, stopped and removed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="lotwire-site-"))
    clock = {"LOTWIRE_TEST": "1", "LOTWIRE_CLOCK": str(round((start - datetime.now(UTC)).total_seconds()))}
    try:
        with (
            made.fresh(engine, directory / "data", for_long=True) as database_url,
            # By the same clock: what a carrier says happened is put in order with what happened here.
            running_simulator(directory / "sim", environ=clock) as simulator,
        ):
            url = f"http://127.0.0.1:{children.free_port()}"
            environ = {
                **clock,
                "LOTWIRE_DATA_DIR": str(directory / "data"),
                "LOTWIRE_DATABASE_URL": database_url,
                "LOTWIRE_PUBLIC_URL": url,
                "LOTWIRE_SECRET_KEY": os.environ["LOTWIRE_SECRET_KEY"],
            }
            process = children.spawn(
                (*LOTWIRE, "up", "--port", url.rpartition(":")[2], "--web", str(web), "--workers", str(workers)),
                log=directory / "log",
                cwd=ROOT,
                environ={**os.environ, **environ, "PYTHONPATH": str(ROOT)},
            )
            try:
                site = Site(url, environ, directory, simulator, process.pid)
                site.wait_until_ready()
                yield site
            finally:
                children.end(process)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _command(pid: int) -> list[str]:
    """Program name and arguments; empty when it has just ended."""
    try:
        program, *arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return []
    return [Path(program).name, *arguments]
