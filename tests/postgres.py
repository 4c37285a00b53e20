"""A PostgreSQL cluster of the test run's own, in a temporary directory and on a free port: never the system's."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg

from tests import children

USER = "lotwire"
TEMPLATE = "lotwire_template"

DEBIAN = Path("/usr/lib/postgresql")
USES = 300  # of one database: the dead rows of its former tests slow it down

# Connections that a test left behind would hold locks.
END_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> ALL(array[pg_backend_pid(), {}])"""
# Every table is emptied, so no row needs to be looked for that still refers to one.
TRUST_US = "SET session_replication_role = replica"
COUNT_RELATIONS = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"

# Speed for durability: nobody wants these data after the run.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "1h",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    "logging_collector": "off",
}


class Missing(Exception):
    """PostgreSQL is not installed; the sentence says what to do."""


class Cluster:
    """A running server, until `stop()`."""

    def __init__(self, options: Mapping[str, str] = OPTIONS) -> None:
        self._options = options
        programs = _programs()
        self._owner = _unprivileged() if os.geteuid() == 0 else None
        # /tmp and not the run's own directory: the server's user must be able to walk there.
        self.home = Path(tempfile.mkdtemp(prefix="lotwire-postgres-", dir="/tmp"))
        if self._owner:
            os.chown(self.home, self._owner.pw_uid, self._owner.pw_gid)
        try:
            self._initialise(programs)
            self._process = self._start(programs)
            self._desk = _Desk(self.url("postgres"))
        except BaseException:
            self._remove()
            raise
        self._made = 0
        self._shared = ""
        self._uses = 0

    def url(self, database: str) -> str:
        """What LOTWIRE_DATABASE_URL takes."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def prepare_template(self, fill: Callable[[str], None]) -> None:
        """Makes the database all others are copies of; `fill(url)` puts the tables in."""
        self._desk.execute(f"CREATE DATABASE {TEMPLATE}")
        fill(self.url(TEMPLATE))

    def create(self, template: str = TEMPLATE) -> str:
        """A fresh copy of the template: its name."""
        self._made += 1
        name = f"t_{self._made}"
        self._desk.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def create_blank(self) -> str:
        """A database without any table: its name."""
        return self.create("template0")

    def drop(self, name: str) -> None:
        """Removes a database, whoever is still connected to it."""
        self._desk.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def borrow(self) -> str:
        """A migrated, empty database: its name. One at a time, until `give_back()`."""
        if not self._shared:
            self._shared, self._uses = self.create(), 0
            self._cleaner = _Desk(self.url(self._shared))
            self._cleaner.execute(TRUST_US)
            self._relations = self._cleaner.value(COUNT_RELATIONS)
        self._uses += 1
        return self._shared

    def give_back(self, tables: tuple[str, ...], kept: Iterable[int] = ()) -> None:
        """Empties the tables of the borrowed database: a hundred times quicker than another copy. What cannot be
        emptied, was altered, or has been used very often is thrown away instead. Whoever is still connected is sent
        away, but for the processes that are `kept`."""
        try:
            self._cleaner.execute(END_OTHERS.format(", ".join(map(str, (0, *kept)))))
            if filled := self._cleaner.value(_which_are_filled(tables)):
                self._cleaner.execute(";".join(f'DELETE FROM "{table}"' for table in filled))
            is_clean = self._cleaner.value(COUNT_RELATIONS) == self._relations
        except asyncpg.PostgresError:
            is_clean = False
        if not is_clean or self._uses >= USES:
            self._cleaner.close()
            self.drop(self._shared)
            self._shared = ""

    def restart(self) -> None:
        """Stops the server as a machine that is switched off would, and starts it again on its port: everybody's
        connections break, ours are made anew."""
        self._desk.close()
        children.end(self._process, signal.SIGQUIT, patience=30)
        self._process = self._start(_programs(), self.port)
        self._desk = _Desk(self.url("postgres"))

    def stop(self) -> None:
        try:
            if self._shared:
                self._cleaner.close()
            self._desk.close()
        finally:
            children.end(self._process, signal.SIGQUIT, patience=10)  # at once: there is nothing to keep
            self._remove()

    def _initialise(self, programs: Path) -> None:
        command = [programs / "initdb", "--pgdata", self.home / "data", "--username", USER, "--auth", "trust"]
        command += ["--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, cwd=self.home, **self._as_owner()
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stderr or done.stdout}")

    def _start(self, programs: Path, port: int = 0) -> "subprocess.Popen[bytes]":
        self.port = port or children.free_port()
        command = [str(programs / "postgres"), "-D", str(self.home / "data"), "-h", "127.0.0.1", "-p", str(self.port)]
        for name, value in {**self._options, "unix_socket_directories": str(self.home)}.items():
            command += ["-c", f"{name}={value}"]
        log = self.home / "server.log"
        process = children.spawn(command, log=log, cwd=self.home, farewell=signal.SIGQUIT, **self._as_owner())
        deadline = time.monotonic() + 30
        while not _answers(self.port):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
            time.sleep(0.02)
        return process

    def _as_owner(self) -> dict[str, Any]:
        """initdb and postgres refuse to run as root."""
        if self._owner is None:
            return {}
        return {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}

    def _remove(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)


@cache
def _which_are_filled(tables: tuple[str, ...]) -> str:
    """A query for the few of them that hold a row."""
    looks = (f"CASE WHEN EXISTS (SELECT FROM \"{table}\") THEN '{table}' END" for table in tables)
    return f"SELECT array_remove(ARRAY[{', '.join(looks)}], NULL)"


class _Desk:
    """One connection with a loop and a thread of its own, so that fixtures need not be coroutines."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="postgres-desk", daemon=True)
        self._thread.start()
        self._url = url
        self._connection = self._wait(_connected(url))

    def execute(self, statements: str) -> None:
        self._wait(self._there().execute(statements))

    def value(self, query: str) -> Any:
        return self._wait(self._there().fetchval(query))

    def _there(self) -> asyncpg.Connection:
        """The connection, made anew where the server ended it: one that recovers from a crash sends everybody away."""
        if self._connection.is_closed():
            self._connection = self._wait(_connected(self._url))
        return self._connection

    def close(self) -> None:
        try:
            self._wait(self._connection.close(timeout=5))
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


async def _connected(url: str) -> asyncpg.Connection:
    """The port answers a moment before the server lets people in."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return await asyncpg.connect(url, timeout=10)
        except (asyncpg.CannotConnectNowError, OSError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


def _programs() -> Path:
    """Where initdb and postgres are: Debian keeps them off the PATH, one directory a version."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise Missing(
        "PostgreSQL is not installed, and every database test runs on it too. "
        "Run “apt-get install postgresql” (the tests start a server of their own), or choose `--database sqlite`."
    )


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Missing("PostgreSQL refuses to run as root, and there is no user “postgres” to run it as. Create one.")


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
