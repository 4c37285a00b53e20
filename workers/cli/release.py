"""Lets messages leave again after a restore, as a copy or when the clock jumped: --look tells first what is overdue."""

import argparse
import asyncio
import json
from typing import Any

# state of a batch that has begun -> what becomes of it once released
THEN = {"expanding": "goes on", "running": "goes on", "paused": "stays paused"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--look", action="store_true", help="only tell why nothing leaves and what is overdue")
    parser.add_argument(
        "--cancel-overdue", action="store_true", help="cancel what is overdue, end batches that began, then release"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    told = asyncio.run(_release(args.look, args.cancel_overdue))
    if args.json:
        print(json.dumps(told))
        return 0
    if told["since"] is None:
        print("Nothing is frozen: messages leave as they should.")
        return 0
    print(f"{told['why']} Nothing has left since {told['since']}.")
    for each in told["overdue"]:
        print(f"{each['account']}\t{each['kind']}\t{each['number']}\toldest {each['oldest']}")
    for each in told["batches"]:
        print(f"{each['account']}\tbatch {each['id']}\t{each['number']} waiting\t{THEN[each['state']]}")
    print(_said(args, told))
    return 0


def _said(args: argparse.Namespace, told: dict[str, Any]) -> str:
    number = sum(each["number"] for each in told["overdue"])
    begun = len(told["batches"])
    if args.look:
        held = f", {_batches(begun)} begun" if begun else ""
        return f"{number} overdue{held}. ./lotwire release lets them go, with --cancel-overdue cancels them."
    if args.cancel_overdue:
        return f"Released: {told['cancelled']} cancelled."
    return f"Released: {number} overdue leave now" + (f", {_batches(begun)} begun and may go on." if begun else ".")


def _batches(number: int) -> str:
    return "1 batch has" if number == 1 else f"{number} batches have"


async def _release(look: bool, cancel_overdue: bool) -> dict[str, Any]:
    from domain import accounts, db, installations
    from domain.installations import freezing, going_on, overdue

    async with db.opened():
        standing = await installations.here()
        since = standing.frozen_at
        told: dict[str, Any] = {"frozen": False, "since": None, "why": "", "overdue": [], "batches": [], "cancelled": 0}
        if not since:
            return told
        slugs = {account.id: account.slug for account in await accounts.all_accounts()}
        told["overdue"] = [
            {"account": slugs[each.account], "kind": each.kind, "number": each.number}
            | {"oldest": each.oldest.isoformat(timespec="seconds")}
            for each in await overdue.counts()
        ]
        told["batches"] = [
            {"account": slugs[each["account"]], "id": str(each["id"]), "state": each["state"]}
            | {"number": each["waiting"]}
            for each in await going_on.batches()
        ]
        told |= {"since": since.isoformat(timespec="seconds"), "why": standing.frozen_why, "frozen": look}
        if not look:
            told["cancelled"] = await freezing.release(None, cancel_overdue=cancel_overdue) or 0
        return told
