"""Runs one web process: pages, API and provider hooks. The database is expected to be migrated."""

import argparse
import importlib
import socket
import sys

from workers.listening import CannotListen, listen
from workers.processes import follow_parent, wait_at

GRACEFUL_SECONDS = 3  # for answers under way


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_address(parser)
    parser.add_argument("--fd", type=int, help=argparse.SUPPRESS)  # a socket that listens already, from `up`
    add_supervision(parser)


def add_supervision(parser: argparse.ArgumentParser) -> None:
    """What only the supervisor says."""
    parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--gate", type=int, help=argparse.SUPPRESS)


def add_address(parser: argparse.ArgumentParser) -> None:
    """--host and --port, the same for every command that serves pages."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument(
        "--port", type=_port, default=8000, help="port to listen on (default: 8000; 0 takes a free one)"
    )


def run(args: argparse.Namespace) -> int:
    if args.supervised:
        follow_parent()
    try:
        listener = listen(args.host, args.port) if args.fd is None else socket.socket(fileno=args.fd)
    except CannotListen as error:
        print(error, file=sys.stderr)
        return 1
    import uvicorn

    app = importlib.import_module("app").app  # uvicorn finds it loaded
    wait_at(args.gate)

    class Server(uvicorn.Server):
        """Ends the pages' streams first: the application's own end comes after every answer, and theirs never ends."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await app.state.live.stop()
            await super().shutdown(sockets)

    server = Server(
        uvicorn.Config(
            "app:app",
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            proxy_headers=False,  # web/auth.py reads them, as far as LOTWIRE_TRUSTED_PROXIES vouch
        )
    )
    server.run(sockets=[listener])
    return 0 if server.started else 1


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:  # the system would take the remainder
        raise argparse.ArgumentTypeError("give a number from 0 to 65535")
    return int(text)
