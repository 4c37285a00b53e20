"""Fresh databases for the tests, and the one way to bind the house to another database within a process."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from piccolo.apps.migrations.tables import Migration

from domain import db, piccolo_conf
from domain.piccolo_app import TABLES
from domain.settings import settings
from tests import postgres
from tests.kept_connections import KeptConnections, KeptEngine

ENGINES = ("sqlite", "postgres")
TABLE_NAMES = tuple(table._meta.tablename for table in TABLES)

UNOPENED = db.DB  # made when domain.db was imported; outside a database test nothing is open


class Databases:
    """Makes databases for one test run; PostgreSQL is started when the first test asks for it."""

    def __init__(self, directory: Path, options: Mapping[str, str] = postgres.OPTIONS) -> None:
        self._directory = directory
        self._options = options
        self._template: Path | None = None
        self._cluster: postgres.Cluster | None = None
        self.kept: KeptConnections | None = None

    @contextmanager
    def fresh(self, engine: str, directory: Path, *, for_long: bool = False) -> Iterator[str]:
        """The URL of a migrated, empty database. On PostgreSQL a test borrows the same as the one before it, emptied;
        who keeps it beside other tests says `for_long`."""
        if engine == "sqlite":
            path = directory / "lotwire.sqlite3"
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._sqlite_template(), path)
            yield f"sqlite:///{path}"
        elif for_long:
            cluster = self.cluster()
            name = cluster.create()
            try:
                yield cluster.url(name)
            finally:
                cluster.drop(name)
        else:
            cluster = self.cluster()
            try:
                yield cluster.url(cluster.borrow())
            finally:
                cluster.give_back(TABLE_NAMES, self.kept.pids if self.kept else ())

    @contextmanager
    def blank(self, engine: str, directory: Path) -> Iterator[str]:
        """The URL of a database without tables."""
        if engine == "sqlite":
            yield f"sqlite:///{directory / 'blank.sqlite3'}"
        else:
            cluster = self.cluster()
            name = cluster.create_blank()
            try:
                yield cluster.url(name)
            finally:
                cluster.drop(name)

    def cluster(self) -> postgres.Cluster:
        if self._cluster is None:
            try:
                self._cluster = postgres.Cluster(self._options)
            except postgres.Missing as error:
                pytest.fail(str(error), pytrace=False)
            self._cluster.prepare_template(_migrate)
        return self._cluster

    def stop(self) -> None:
        if self._cluster is not None:
            self._cluster.stop()

    def _sqlite_template(self) -> Path:
        if self._template is None:
            template = self._directory / "template.sqlite3"
            _migrate(f"sqlite:///{template}")
            self._template = template
        return self._template


@contextmanager
def bound(url: str, kept: KeptConnections | None = None) -> Iterator[None]:
    """The house works on this database for the length of a block. It is not opened: that is db.start()'s. On PostgreSQL
    it opens the connections that are `kept` for this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOTWIRE_DATABASE_URL", url)
        settings.cache_clear()
        engine = db.engine()
        if kept and isinstance(engine, db.PooledPostgresEngine):
            engine = KeptEngine(engine.config, kept)
        _bind(engine)
        try:
            yield
        finally:
            _bind(UNOPENED)
    settings.cache_clear()


def _bind(engine: Any) -> None:
    db.DB = piccolo_conf.DB = engine
    for table in (*TABLES, Migration):
        table._meta.db = engine


def _migrate(url: str) -> None:
    with bound(url):
        run_apart(db.migrate)


def run_apart(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Runs a coroutine to its end in a thread of its own, whatever loop the caller's thread has."""
    outcome: list[Any] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            outcome.append(asyncio.run(work()))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
