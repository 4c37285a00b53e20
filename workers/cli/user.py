"""Adds a person to a dealership, makes a new password link for one, or lists them."""

import argparse
import asyncio
import json
import sys
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", required=True, metavar="add|reset|list")
    add = deeds.add_parser("add", help="add a person; prints a one-time set-up link", allow_abbrev=False)
    add.add_argument("email", metavar="EMAIL")
    add.add_argument("--account", required=True, metavar="SLUG", help="the dealership they work at")
    add.add_argument("--name", required=True)
    add.add_argument("--role", required=True, help="admin, manager, agent or support")
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    reset = deeds.add_parser("reset", help="print a one-time link for a new password", allow_abbrev=False)
    reset.add_argument("email", metavar="EMAIL")
    show = deeds.add_parser("list", help="list the people of a dealership", allow_abbrev=False)
    show.add_argument("--account", required=True, metavar="SLUG")
    for deed in (add, reset, show):
        deed.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    if args.deed == "list":
        rows = asyncio.run(_all(args.account))
        lines = (f"{row['email']}\t{row['role']}\t{row['name']}" for row in rows)
        print(json.dumps(rows) if args.json else "\n".join(lines))
        return 0
    done = asyncio.run(_add(args) if args.deed == "add" else _reset(args.email))
    if args.json:
        print(json.dumps(done))
    elif done["link"]:
        print(done["link"])
    else:
        print(f"Added {done['email']}.")
    return 0


async def _add(args: argparse.Namespace) -> dict[str, Any]:
    from domain import accounts, db, sessions, staff

    password = sys.stdin.readline().rstrip("\r\n") if args.password_stdin else None
    async with db.opened():
        account = await accounts.named(args.account)
        if password is not None:
            user = await staff.add_with_password(account, args.email, args.name, args.role, password)
            return {**_row(user), "link": None}
        user, token = await staff.invite(account, None, args.email, args.name, args.role)
        return {**_row(user), "link": sessions.link_url(token)}


async def _reset(email: str) -> dict[str, Any]:
    from domain import db, sessions, staff, users
    from domain.errors import NotFound, Refused

    async with db.opened():
        user = await users.with_email(email)
        if user is None:
            raise NotFound(f"Nobody signs in as {email}.")
        if not user.active:
            raise Refused(f"{user.email} is not active. An admin can activate {user.name} on the People page.")
        return {**_row(user), "link": sessions.link_url(await staff.make_link(user, None))}


async def _all(slug: str) -> list[dict[str, Any]]:
    from domain import accounts, db, users

    async with db.opened():
        account = await accounts.named(slug)
        return [_row(user) for user in await users.all_of(account.id)]


def _row(user: Any) -> dict[str, Any]:
    return {"id": str(user.id), "email": user.email, "name": user.name, "role": user.role, "active": user.active}
