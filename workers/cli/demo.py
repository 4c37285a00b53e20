"""Runs a throw-away sample dealership with a carrier simulator: nothing it sends leaves this machine."""

import argparse
import asyncio
import json
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.settings import ROOT, Settings, environ_for_child, read
from workers.cli import up
from workers.cli.web import add_address
from workers.listening import CannotListen, listen, url_of
from workers.supervisor import Part, Supervisor

ZONE = ZoneInfo("America/New_York")  # where the sample dealership is
OPENS, CLOSES = 12, 18  # the hours, Sundays excepted, at which sellers from coast to coast may get a text
SUNDAY = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_address(parser)
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the data there (default: gone at the end)")
    # In a child, so that the process that lives on stays small: fills the database and prints the log-ins.
    parser.add_argument("--seed", metavar="SIMULATOR_URL", help=argparse.SUPPRESS)
    parser.add_argument("--mail-ports", default="", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    if args.seed:
        print(json.dumps(asyncio.run(_seed(args.seed, args.mail_ports))))
        return 0
    try:
        listener = listen(args.host, args.port)
    except CannotListen as error:
        print(error, file=sys.stderr)
        return 1
    with _directory(args.data) as data, socket.socket() as phones, socket.socket() as smtp, socket.socket() as imap:
        for each in (phones, smtp, imap):
            each.bind(("127.0.0.1", 0))
        return _demonstrate(listener, phones, (smtp, imap), data)


def _demonstrate(
    listener: socket.socket, phones: socket.socket, mail: tuple[socket.socket, socket.socket], data: Path
) -> int:
    simulator_url = url_of(phones)
    doors = [each.fileno() for each in mail]
    mail_ports = ",".join(str(each.getsockname()[1]) for each in mail)
    # Whatever this shell has set up for a real dealership must stay untouched.
    environ = environ_for_child(
        PYTHONPATH=str(ROOT),
        LOTWIRE_DATA_DIR=str(data),
        LOTWIRE_DATABASE_URL="",
        LOTWIRE_REDIS_URL="",
        LOTWIRE_SMTP_URL="",
        LOTWIRE_SECRET_KEY="",
        LOTWIRE_PUBLIC_URL=url_of(listener),
        LOTWIRE_TEST="1",
        LOTWIRE_FORM_NETWORKS="127.0.0.1/32",  # where the simulator's form is
        LOTWIRE_CLOCK=str(daytime_offset(datetime.now(UTC))),
    )
    settings = read(environ)
    state = data / "simulator"
    serve = ("--fd", str(phones.fileno()), "--mail-fds", ",".join(map(str, doors)), "--state-dir", str(state))
    users = ("--users", str(state / "users.json"))  # written by the seeds
    simulator = (sys.executable, "-P", "-m", "workers.simulator", *serve, *users)
    supervisor = Supervisor(
        [*up.parts(listener), Part("simulator", simulator, (phones.fileno(), *doors))],
        environ,
        valkey=up.embedded(settings),
        prepare=(*up.LOTWIRE, "demo", "--seed", simulator_url, "--mail-ports", mail_ports),
        # Before the worker asks: it waits until the simulator has loaded. The seeds are not to wait for it.
        prepared=lambda: phones.listen(2048),
        json_log=settings.log == "json",
    )
    return supervisor.run(listener, lambda said: print(_welcome(settings, simulator_url, said), flush=True))


async def _seed(simulator_url: str, mail_ports: str) -> object:
    from domain import db, installation, seeds
    from domain.channels import http

    await installation.prepare()
    try:
        async with db.opened():
            return await seeds.demo(simulator_url, mail_ports)
    finally:
        await http.close()


def _welcome(settings: Settings, simulator_url: str, seeded: str) -> str:
    people = json.loads(seeded)
    return "\n".join(
        [
            f"Lotwire is ready at {settings.public_url}",
            *(f"  sign in as {person['email']} with {person['password']} ({_who(person)})" for person in people),
            f"The sellers' phones are at {simulator_url}, their mailboxes at {simulator_url}/mail",
            f"Sellers in Messenger are at {simulator_url}/messenger, a site's form at {simulator_url}/forms",
            "Ctrl-C stops it.",
        ]
    )


def _who(person: dict[str, str]) -> str:
    """Their role, and the dealership where it is not the first one."""
    return f"{person['role']}, texts through Twilio" if "lakeside" in person["email"] else person["role"]


def daytime_offset(now: datetime) -> float:
    """Seconds to the next hour at which nothing has to wait for somebody's morning; 0 while it is one."""
    there = now.astimezone(ZONE)
    if OPENS <= there.hour < CLOSES and there.weekday() != SUNDAY:
        return 0.0
    opens = there.replace(hour=OPENS, minute=0, second=0, microsecond=0)
    while opens <= there or opens.weekday() == SUNDAY:
        opens += timedelta(days=1)
    return (opens - there).total_seconds()


@contextmanager
def _directory(chosen: Path | None) -> Iterator[Path]:
    if chosen:
        yield chosen.expanduser().absolute()
        return
    made = Path(tempfile.mkdtemp(prefix="lotwire-demo-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
