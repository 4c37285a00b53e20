"""Connects a provider to a dealership, or mends the connection that is there. The API key comes on standard input."""

import argparse
import asyncio
import getpass
import json
import sys
from typing import Any

KINDS = ("dialpad", "twilio", "email", "facebook", "kijiji", "form", "simulator")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--account", required=True, metavar="SLUG", help="the dealership")
    parser.add_argument("--base-url", default="", metavar="URL", help="where the provider answers, if not as usual")
    parser.add_argument("--secret-stdin", action="store_true", help="read the API key from standard input")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        type=_option,
        metavar="NAME=VALUE",
        help="such as webhook_secret=… or per_minute=90; may be given several times",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Prints the connection's id and the address the provider calls, and the webhook's secret unless it was given."""
    options: dict[str, str] = dict(args.option)
    made = asyncio.run(_connect(args, options))
    if made["warning"]:
        print(made["warning"], file=sys.stderr)
    if "webhook_secret" in options:
        del made["webhook_secret"]
    if args.json:
        print(json.dumps(made))
        return 0
    print(f"connection {made['connection']}")
    print(f"hook {made['hook']}")
    if "webhook_secret" in made:
        print(f"webhook secret {made['webhook_secret']}")
    return 0


async def _connect(args: argparse.Namespace, options: dict[str, str]) -> dict[str, Any]:
    from domain import accounts, connections, db
    from domain.channels import http
    from domain.channels.registry import CHANNELS
    from domain.errors import Refused

    if args.kind not in CHANNELS:
        there = " and ".join(CHANNELS)
        raise Refused(f"Lotwire cannot connect {args.kind} yet. Choose one of these: {there}.", field="kind")
    async with db.opened():
        account = await accounts.named(args.account)  # before anybody types a key for nothing
        api_key = await asyncio.to_thread(_api_key, args.secret_stdin, CHANNELS[args.kind].name)
        try:
            connection, webhook_secret = await connections.connect(
                account.id, None, args.kind, api_key, args.base_url, options, unchecked_is_fine=True
            )
        finally:
            await http.close()
    return {
        "connection": str(connection.id),
        "hook": connections.hook_url(connection),
        "webhook_secret": webhook_secret,
        "warning": f"Connected, but not all is well: {connection.last_error}" if connection.last_error else "",
    }


def _api_key(from_stdin: bool, provider: str) -> str:
    """The key, from a pipe or from the keyboard without showing it."""
    from domain.errors import Refused

    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    try:
        return getpass.getpass(f"API key of {provider}: ").strip()
    except EOFError:
        raise Refused("No API key was given. Paste it, or pipe it in with --secret-stdin.") from None


def _option(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"“{given}” is not an option: write it as NAME=VALUE.")
    return name, value
