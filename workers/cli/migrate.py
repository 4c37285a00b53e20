"""Brings the database to the tables of this version. Safe to run again, and at several places at once."""

import argparse
import asyncio
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--quiet", action="store_true", help="print nothing when all is well")
    # For `up`, whose own process stays small: prints the one-time set-up token while there are no users.
    parser.add_argument("--setup-token", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    migrations, token = asyncio.run(_migrate(args.setup_token))
    if token:
        print(token)
    if args.json:
        print(json.dumps({"migrations": migrations}))
    elif not args.quiet:
        ran = {0: "Nothing to do", 1: "1 migration ran"}.get(migrations, f"{migrations} migrations ran")
        print(f"{ran}: the database is up to date.")
    return 0


async def _migrate(wants_token: bool) -> tuple[int, str | None]:
    from domain import db, installation, sessions

    migrations = await installation.prepare()
    if not wants_token:
        return migrations, None
    async with db.opened():
        return migrations, await sessions.setup_token()
