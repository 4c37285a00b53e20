"""Connects a provider to a dealership, or mends the connection that is there. Its secrets come on standard input."""

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
    parser.add_argument(
        "--secret-stdin",
        action="store_true",
        help="read the secrets from standard input: one alone as it is, several as lines of NAME=VALUE",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        type=_option,
        metavar="NAME=VALUE",
        help="what is no secret, such as account_sid=… or per_minute=90; may be given several times",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Prints the connection's id, and of a provider that calls us the address and, unless it was given, the secret."""
    options: dict[str, str] = dict(args.option)
    made = asyncio.run(_connect(args, options))
    if made["warning"]:
        print(made["warning"], file=sys.stderr)
    if "webhook_secret" in options:
        made.pop("webhook_secret", None)
    if args.json:
        print(json.dumps(made))
        return 0
    print(f"connection {made['connection']}")
    if made["hook"]:
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
        secrets = await asyncio.to_thread(_secrets, CHANNELS[args.kind], args.secret_stdin)
        try:
            connection, webhook_secret = await connections.connect(
                account.id, None, args.kind, secrets, args.base_url, options, unchecked_is_fine=True
            )
        finally:
            await http.close()
    problem = f"{connection.last_error} {connection.hook_problem}".strip()
    provider = CHANNELS[args.kind]
    return {
        "connection": str(connection.id),
        "hook": connections.hook_url(connection) if "hook" in provider.events else "",  # others have a mailbox, or none
        **({"webhook_secret": webhook_secret} if provider.secret_label else {}),  # Twilio signs with its own
        "warning": f"Connected, but not all is well: {problem}" if problem else "",
    }


def _secrets(provider: Any, from_stdin: bool) -> dict[str, str]:
    """The secret fields, from a pipe or from the keyboard without showing them."""
    from domain.errors import Refused

    fields = [field for field in provider.fields if field.secret]
    if from_stdin or not sys.stdin.isatty():
        if len(fields) == 1:
            return {fields[0].name: sys.stdin.readline().strip()}
        lines = [line.strip().partition("=") for line in sys.stdin if line.strip()]
        given = {name.strip(): value.strip() for name, equals, value in lines if equals}
        names = {field.name for field in provider.fields} | {"webhook_secret"}
        if len(given) < len(lines) or not given.keys() <= names:  # what was typed may be the secret itself
            wanted = ", ".join(f"{field.name}=…" for field in fields)
            raise Refused(f"Give each secret on a line of its own, with its name before it: {wanted}.")
        return given
    try:
        return {field.name: getpass.getpass(f"{field.label} of {provider.name}: ").strip() for field in fields}
    except EOFError:
        raise Refused("No secret was given. Paste it, or pipe it in with --secret-stdin.") from None


def _option(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"“{given}” is not an option: write it as NAME=VALUE.")
    return name, value
