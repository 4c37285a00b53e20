"""Adds a dealership, or lists those there are."""

import argparse
import asyncio
import json
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", required=True, metavar="add|list")
    add = deeds.add_parser("add", help="add a dealership", allow_abbrev=False)
    add.add_argument("slug", metavar="SLUG", help="its short name: small letters, digits and hyphens")
    add.add_argument("--name", required=True, help="its name, as sellers read it")
    add.add_argument("--tier", default="accelerated", help="standard, professional or accelerated (the default)")
    add.add_argument("--country", default="US", help="US (the default) or CA")
    add.add_argument("--timezone", default="America/New_York", help="such as America/Chicago")
    add.add_argument("--json", action="store_true", help="print the result as JSON")
    show = deeds.add_parser("list", help="list the dealerships", allow_abbrev=False)
    show.add_argument("--json", action="store_true", help="print the list as JSON")


def run(args: argparse.Namespace) -> int:
    if args.deed == "list":
        rows = asyncio.run(_all())
        print(json.dumps(rows) if args.json else "\n".join(f"{row['slug']}\t{row['name']}" for row in rows))
        return 0
    added = asyncio.run(_add(args))
    print(json.dumps(added) if args.json else f"Added {added['name']} as “{added['slug']}”.")
    return 0


async def _add(args: argparse.Namespace) -> dict[str, Any]:
    from domain import accounts, db

    async with db.opened(), db.writing():
        account = await accounts.add(args.name, args.slug, tier=args.tier, country=args.country, timezone=args.timezone)
    return _row(account)


async def _all() -> list[dict[str, Any]]:
    from domain import accounts, db

    async with db.opened():
        return [_row(account) for account in await accounts.all_accounts()]


def _row(account: Any) -> dict[str, Any]:
    return {"id": str(account.id), "slug": account.slug, "name": account.name, "tier": account.tier}
