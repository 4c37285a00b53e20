"""The fixtures of the suite. One `pytest` runs every database test on SQLite and on PostgreSQL.

Databases   house       a migrated, empty database of this test's own, open; the test runs once on each engine
            database    the same, not opened; its value is the engine's name, "sqlite" or "postgres"
            blank_database   the same without any table; its value is the engine's name
Time        clock       a weekday at 11:00 in New York, ticking; clock.set(moment), .advance(minutes=5), .freeze()
Settings    configure   configure(LOTWIRE_PUBLIC_URL="https://…") -> the new Settings, for this test only
            data_dir    this test's own LOTWIRE_DATA_DIR
Queue       valkey      the URL of a real Valkey of this run;  queue: the same, emptied and configured for this test
Mail        mail_server     a real Postfix and Dovecot of this run, emptied and trusted in this test
Web         client      tests.client.Client on app.app, in the test's loop, signed out
            agent_client, manager_client, admin_client   the same, signed in; `.user` is who
            count_queries    `with count_queries() as queries: … ; assert queries.count <= 8` (queries.statements)
Processes   site        a running Lotwire (tests/site.py) with simulator, shared by the tests: `.url`, `.simulator`,
                        `async with site.opened(): user = await make.user()`, `await site.cookie(user)`; on SQLite, or
                        @pytest.mark.parametrize("site", ["sqlite", "postgres"], indirect=True, scope="session")
            start_site  start_site("postgres", web=2, workers=2) -> a Site of this test's own, to be mistreated

All tests of a process share one event loop (tests/loop.py ends what a test leaves running in it), and those on
PostgreSQL the sessions of one database (tests/kept_connections.py puts right what a test leaves in them).

Rows come from `tests.make`; browsers are in tests/browser/conftest.py, a misbehaving provider is `tests.simulator`.
Options: --database sqlite|postgres (while you work), --engine webkit, --screenshots DIRECTORY.
"""

import atexit
import gc
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests import scratch

# The same examples on every machine, so that a red run can be repeated; HYPOTHESIS=explore looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=1000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS", "steady"))

scratch.choose()

# The processes that share the tests must agree on which there are, also where their parameters come from a set.
os.environ.setdefault("PYTHONHASHSEED", str(secrets.randbelow(2**32)))

# Dozens of processes start from this checkout; each would compile all of it anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The environment of whoever runs the tests must not reach them, and it is read when the house is imported.
for name in [name for name in os.environ if name.startswith("LOTWIRE_") and name != "LOTWIRE_PYTHON"]:
    del os.environ[name]
NOWHERE = tempfile.mkdtemp(prefix="lotwire-tests-")
atexit.register(shutil.rmtree, NOWHERE, ignore_errors=True)
os.environ.update(
    LOTWIRE_TEST="1", LOTWIRE_DATA_DIR=NOWHERE, LOTWIRE_SECRET_KEY="the tests share this key, nobody else"
)
OURS = {name: value for name, value in os.environ.items() if name.startswith("LOTWIRE_")}

import domain.clock  # noqa: E402
from domain import db  # noqa: E402
from domain.channels import http  # noqa: E402
from domain.settings import Settings, settings  # noqa: E402
from tests import databases, loop, make, queries, shares, valkey_server  # noqa: E402
from tests import mail_server as mail_servers  # noqa: E402
from tests import site as sites  # noqa: E402
from tests.client import Client  # noqa: E402
from tests.clock import MORNING, Clock  # noqa: E402
from tests.kept_connections import KeptConnections  # noqa: E402
from tests.mail_server import MailServer  # noqa: E402
from tests.site import Site  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", action="append", choices=databases.ENGINES, help="only on this database")
    parser.addoption("--engine", action="append", choices=["chromium", "firefox", "webkit"], help="browsers to use")
    parser.addoption("--screenshots", help="keep a picture of every page the browser tests look at")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """The house and its tests stay to the end: nobody shall look through them for garbage again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = shares.spread(items, [item.path for item in items], processes)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = {name for mark in metafunc.definition.iter_markers("parametrize") for name in str(mark.args[0]).split(",")}
    for fixture in ("database", "blank_database"):
        if fixture in metafunc.fixturenames and fixture not in chosen:
            metafunc.parametrize(fixture, _engines(metafunc.config), indirect=True)
    if "site" in metafunc.fixturenames and "site" not in chosen:
        # Said of each test, so that those that say it themselves come beside the others and take the same site.
        metafunc.parametrize("site", _engines(metafunc.config)[:1], indirect=True, scope="session")


def _engines(config: pytest.Config) -> list[str]:
    return config.getoption("--database") or list(databases.ENGINES)


# Databases


@pytest.fixture(scope="session")
def all_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Databases]:
    everything = databases.Databases(tmp_path_factory.mktemp("databases"))
    yield everything
    everything.stop()


@pytest.fixture(scope="session")
async def _kept_connections(all_databases: databases.Databases) -> AsyncIterator[KeptConnections]:
    all_databases.kept = KeptConnections()
    yield all_databases.kept
    all_databases.kept.end()


@pytest.fixture
def database(
    request: pytest.FixtureRequest,
    all_databases: databases.Databases,
    _kept_connections: KeptConnections,
    data_dir: Path,
) -> Iterator[str]:
    with all_databases.fresh(request.param, data_dir) as url, databases.bound(url, _kept_connections):
        yield request.param


@pytest.fixture
def blank_database(request: pytest.FixtureRequest, all_databases: databases.Databases, data_dir: Path) -> Iterator[str]:
    with all_databases.blank(request.param, data_dir) as url, databases.bound(url):
        yield request.param


@pytest.fixture
async def house(database: str, clock: Clock) -> AsyncIterator[None]:
    make.forget()
    async with db.opened():
        yield
        await http.close()


@pytest.fixture(autouse=True)
async def _nothing_goes_on() -> AsyncIterator[None]:
    yield
    await loop.end_others()


# Time and settings


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock(MORNING)
    monkeypatch.setattr(domain.clock, "datetime", fake)
    return fake


@pytest.fixture
def data_dir(tmp_path: Path, configure: "Callable[..., Settings]") -> Path:
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    configure(LOTWIRE_DATA_DIR=str(directory))
    return directory


@pytest.fixture
def configure() -> Iterator[Callable[..., Settings]]:
    with pytest.MonkeyPatch.context() as patch:

        def change(**environ: str) -> Settings:
            for name, value in environ.items():
                patch.setenv(name, value)
            settings.cache_clear()
            return settings()

        yield change
    settings.cache_clear()


# The queue


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    with valkey_server.running() as url:
        yield url


@pytest.fixture
def queue(valkey: str, configure: Callable[..., Settings]) -> str:
    valkey_server.flush(valkey)
    configure(LOTWIRE_REDIS_URL=valkey)
    return valkey


# Mail


@pytest.fixture(scope="session")
def one_mail_server() -> Iterator[MailServer]:
    with mail_servers.running() as running:
        yield running


@pytest.fixture
def mail_server(one_mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> MailServer:
    one_mail_server.empty()
    monkeypatch.setenv("SSL_CERT_FILE", str(one_mail_server.cert))
    return one_mail_server


# The web


@pytest.fixture
async def client(house: None, queue: str) -> AsyncIterator[Client]:
    from app import app, lifespan

    # Our own part of the lifespan: Litestar's holds a task group, which a fixture's two halves cannot share.
    async with lifespan(app), Client(app) as visitor:
        yield visitor


@pytest.fixture
async def agent_client(client: Client) -> AsyncIterator[Client]:
    async with await client.signed_in(await make.user(role="agent")) as agent:
        yield agent


@pytest.fixture
async def manager_client(client: Client) -> AsyncIterator[Client]:
    async with await client.signed_in(await make.user(role="manager")) as manager:
        yield manager


@pytest.fixture
async def admin_client(client: Client) -> AsyncIterator[Client]:
    async with await client.signed_in(await make.user(role="admin", owner=True)) as admin:
        yield admin


@pytest.fixture
def count_queries() -> "Callable[[], Any]":
    """Counts what goes to the database while the block runs; begin and commit are not counted."""
    return queries.counting


# Processes


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, all_databases: databases.Databases) -> Iterator[Site]:
    with sites.running(all_databases, request.param, MORNING) as running:
        yield running


@pytest.fixture
def start_site(all_databases: databases.Databases) -> "Iterator[Callable[..., Site]]":
    with ExitStack() as started:

        def start(engine: str = "sqlite", **how: int) -> Site:
            return started.enter_context(sites.running(all_databases, engine, MORNING, **how))

        yield start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """No test leaves its settings to the next one, whichever that is in this process."""
    torn_down = yield
    left = {name: value for name, value in os.environ.items() if name.startswith("LOTWIRE_")}
    if left != OURS:
        for name in left:
            del os.environ[name]
        os.environ.update(OURS)
        pytest.fail(f"It left settings behind: {dict(left.items() - OURS.items())}", pytrace=False)
    return torn_down


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """What the site said goes with the report of a test that failed on it."""
    report = yield
    running = getattr(item, "funcargs", {}).get("site")
    if report.failed and running is not None:
        report.sections.append(("log of the site", "\n".join(running.log.splitlines()[-60:])))
    return report
