"""Makes a token for the API and prints it, this once."""

import argparse
import asyncio
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", required=True, metavar="add")
    add = deeds.add_parser("add", help="make a token", allow_abbrev=False)
    add.add_argument("--account", required=True, metavar="SLUG", help="the dealership")
    add.add_argument("--user", required=True, metavar="EMAIL", help="in whose name the program acts")
    add.add_argument("--scopes", required=True, help='such as "listings:write messages:write"; write includes read')
    add.add_argument("--name", default="", help="what it is for")
    add.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    token = asyncio.run(_add(args))
    print(json.dumps({"token": token}) if args.json else token)
    return 0


async def _add(args: argparse.Namespace) -> str:
    from domain import accounts, db, sessions, users
    from domain.errors import NotFound

    async with db.opened():
        account = await accounts.named(args.account)
        user = await users.with_email(args.user)
        if user is None or user.account.id != account.id or not user.active:
            raise NotFound(f"Nobody active at “{args.account}” signs in as {args.user}.")
        return await sessions.add_token(user, args.scopes, args.name)
