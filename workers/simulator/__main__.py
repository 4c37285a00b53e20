"""The simulator as a process of its own: `python -m workers.simulator --port 8010 --state-dir DIR`."""

import argparse
import asyncio
import ipaddress
import logging
import signal
import socket
import sys
from json import loads
from pathlib import Path

import uvloop
from aiohttp import web

from workers.simulator.carrier import CannotDo, Carrier
from workers.simulator.control import Control
from workers.simulator.dialpad import LARGEST_REQUEST, Dialpad
from workers.simulator.events import Events
from workers.simulator.letters import Letters
from workers.simulator.messenger import Messenger
from workers.simulator.pages import Pages
from workers.simulator.post import LARGEST as LARGEST_MAIL
from workers.simulator.post import Post
from workers.simulator.sites import Sites
from workers.simulator.sockets import Sockets
from workers.simulator.twilio import Twilio

KEY = "simulator-key"


def main() -> int:
    """Serves until SIGTERM or SIGINT. Prints `Simulator at URL` once it answers; 1 with a sentence when it cannot."""
    options = _options()
    if not _is_loopback(options.host):
        print("The simulator is for this machine alone: --host must be 127.0.0.1, ::1 or localhost.", file=sys.stderr)
        return 1
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(options))
    except (CannotDo, OSError, ValueError) as error:
        print(f"The simulator could not start: {error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8010, help="0 takes a free one")
    parser.add_argument("--fd", type=int, help="a socket that is bound already, instead of host and port")
    parser.add_argument("--mail-fds", default="", help="two more bound sockets, for SMTP and IMAP, with a comma")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--state-dir", type=Path, required=True, help="where the ledger and the set-up are kept")
    parser.add_argument("--users", type=Path, help="a JSON list of users, added at the start")
    parser.add_argument("--api-key", action="append", help=f"a key that is known (default: {KEY})")
    parser.add_argument("--receipt-delays", default="0,0.3,1", help="seconds until pending, sent, delivered")
    parser.add_argument("--retry-delays", default="1,5,20", help="seconds before an event is tried again")
    parser.add_argument("--address-lives", type=float, default=3600, help="seconds an address of a websocket is good")
    parser.add_argument("--seed", type=int, default=1, help="of the share of texts that is rejected")
    return parser.parse_args()


async def serve(options: argparse.Namespace) -> None:
    """Everything on one port. Raises OSError when the port is taken, CannotDo or ValueError for a wrong option."""
    delays = _seconds(options.receipt_delays)
    if len(delays) != 3:
        raise CannotDo("--receipt-delays takes three numbers, such as 0,0.3,1.")
    events = Events(_seconds(options.retry_delays))
    carrier = Carrier(options.state_dir, events, receipt_delays=(delays[0], delays[1], delays[2]), seed=options.seed)
    carrier.keys |= set(options.api_key or ([] if carrier.keys else [KEY]))
    if options.users:
        carrier.add_users(loads(await asyncio.to_thread(options.users.read_text)))
    app = web.Application(client_max_size=LARGEST_REQUEST)
    dialpad = Dialpad(carrier)
    app.add_routes(Sockets(dialpad, options.address_lives).routes())
    twilio = Twilio(carrier, options.state_dir)
    pages, messenger = Pages(carrier), Messenger(options.state_dir, carrier)
    app.add_routes(dialpad.routes() + twilio.routes() + Control(carrier).routes() + pages.routes())
    app.add_routes(messenger.routes() + Sites(messenger, pages).routes())
    post = Post(pages.changed)
    app.add_routes(Letters(post, pages).routes())
    # A client that leaves ends its call: what hangs must not hang for ever.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
    await runner.setup()
    await events.start()
    doors: list[asyncio.Server] = []
    try:
        if options.fd is None:
            await web.TCPSite(runner, options.host, options.port, backlog=2048).start()
        else:
            await web.SockSite(runner, socket.socket(fileno=options.fd), backlog=2048).start()
        for talk, fd in zip((post.smtp, post.imap), filter(None, options.mail_fds.split(",")), strict=False):
            doors.append(await asyncio.start_server(talk, sock=socket.socket(fileno=int(fd)), limit=LARGEST_MAIL))
        host, port = runner.addresses[0][:2]
        print(f"Simulator at http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()
    finally:
        for door in doors:
            door.close()
        await runner.cleanup()
        await events.stop()
        carrier.ledger.close()


def _seconds(numbers: str) -> tuple[float, ...]:
    return tuple(float(number) for number in numbers.split(",") if number.strip())


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
