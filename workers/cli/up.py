"""Runs everything: web and worker, and unless configured otherwise Valkey and SQLite. Ctrl-C stops it."""

import argparse
import socket
import sys
from pathlib import Path

from domain.settings import ROOT, Settings, environ_for_child, read
from workers.cli.web import add_address
from workers.listening import CannotListen, listen, url_of
from workers.supervisor import Part, Supervisor
from workers.valkey import Valkey

LOTWIRE = (sys.executable, "-P", "-m", "workers.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_address(parser)
    parser.add_argument("--data", type=Path, metavar="DIR", help="where Lotwire keeps its data (LOTWIRE_DATA_DIR)")
    parser.add_argument("--web", type=_count, default=1, metavar="N", help="web processes (default: 1)")
    parser.add_argument("--workers", type=_count, default=1, metavar="N", help="workers (default: 1)")


def run(args: argparse.Namespace) -> int:
    environ = environ_for_child(PYTHONPATH=str(ROOT))
    if args.data:
        environ["LOTWIRE_DATA_DIR"] = str(args.data.expanduser().absolute())
    settings = read(environ)
    try:
        listener = listen(args.host, args.port)
    except CannotListen as error:
        print(error, file=sys.stderr)
        return 1
    supervisor = Supervisor(
        parts(listener, args.web, args.workers),
        environ,
        valkey=embedded(settings),
        prepare=(*LOTWIRE, "migrate", "--quiet", "--setup-token"),
        json_log=settings.log == "json",
    )
    return supervisor.run(listener, lambda token: print(_welcome(settings, listener, token.strip()), flush=True))


def parts(listener: socket.socket, web: int = 1, workers: int = 1) -> list[Part]:
    """The web processes, which share the listener, and the workers."""
    fd = listener.fileno()
    return [
        *(
            Part(_numbered("web", n, web), (*LOTWIRE, "web", "--supervised", "--fd", str(fd)), (fd,), waits=True)
            for n in range(web)
        ),
        *(
            Part(_numbered("worker", n, workers), (*LOTWIRE, "worker", "--supervised"), waits=True)
            for n in range(workers)
        ),
    ]


def embedded(settings: Settings) -> Valkey | None:
    """Our own queue, unless LOTWIRE_REDIS_URL names another."""
    return None if settings.redis_url else Valkey(settings)


def _welcome(settings: Settings, listener: socket.socket, token: str) -> str:
    url = settings.public_url or url_of(listener)
    lines = [f"Lotwire is ready at {url}", f"Its data is in {settings.data_dir}"]
    if token:
        lines.append(f"Nobody can sign in yet. Set up the first dealership, once, at {url}/set-up?token={token}")
    return "\n".join([*lines, "Ctrl-C stops it."])


def _numbered(name: str, n: int, of: int) -> str:
    return f"{name} {n + 1}" if of > 1 else name


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError("give a number from 1 to 64")
    return int(text)
