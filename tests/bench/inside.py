"""What the bench does in a house's own database: fills it, counts, waits. A process of its own that prints JSON."""

import argparse
import asyncio
import json
import sys
import time
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlencode

from domain import clock, db, judging
from domain.connections import Connection
from domain.listings import Listing
from domain.message_templates.tables import name_key, search_text
from domain.messages import Message, State
from domain.sellers import Seller
from domain.shipped_templates import SHIPPED
from domain.suppressions import DoNotContact, OptOut
from tests import make
from tests.bench.words import MESSAGES, SAID
from tests.client import Client

CHUNK = 200  # rows of one INSERT
TEMPLATES = 1_000
PLACES = ("520", "602", "480")  # area codes of the sellers of one dealership
NAMES = ("Price drop", "Ask for the title", "Still for sale?", "Appraisal today", "Thanks for the call", "New photos")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.inside", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("conversation")
    page = verbs.add_parser("queries")
    page.add_argument("path")
    page.add_argument("cookie")
    verbs.add_parser("window")
    judge = verbs.add_parser("judge")
    judge.add_argument("listings", type=int)
    args = parser.parse_args()
    print(json.dumps(asyncio.run(_open(args))))
    return 0


async def _open(args: argparse.Namespace) -> Any:
    if args.verb == "queries":
        return await queries(args.path, args.cookie)
    if args.verb == "window":
        return await window()
    async with db.opened():
        if args.verb == "conversation":
            return await conversation()
        return await judge(args.listings)


async def conversation(connection: Connection | None = None) -> dict[str, str]:
    """A listing whose page shows a full history, and somebody signed in to look at it: {path, cookie}."""
    async with db.writing():
        agent = await make.user(role="agent", name="Ben Carter")
        listing = await make.listing(main_user=agent.id, stage="contacted", description=" ".join(SAID))
        connection = connection or await make.connection()
        await make.sender_link(connection, agent)
        for n in range(MESSAGES):
            at = clock.now() - timedelta(hours=3 * (MESSAGES - n))
            message = await make.message(
                listing,
                direction="in" if n % 2 else "out",
                body=SAID[n % len(SAID)],
                at=at,
                changed_at=at,
                connection=connection.id,
            )
            if message.direction == "out":
                await make.attempt(message, connection)
        name, value = await make.session(agent)
    return {"path": f"/listings/{listing.id}", "cookie": f"{name}={value}"}


async def counted() -> None:
    """PostgreSQL knows how much there is, as it does by itself within a minute of so many new rows. Before that its
    planner takes every table for empty."""
    if db.on_postgres():
        await Message.raw("ANALYZE")


async def judge(listings: int) -> dict[str, float]:
    """How long the gate takes to say of so many listings whether a batch may text their sellers, all that it looks at
    read from the database: {seconds, allowed, refused}. Every tenth seller has said stop, every twentieth is on the
    do-not-contact list, every fifth was written to before."""
    agent = await make.user(role="manager")
    await make.sender_link(await make.connection(), agent)
    account = await make.dealership()
    async with db.writing():
        asked = [row["listing"] for row in await sellers(listings)]
    judge = await judging.judge(account, agent, "batch")
    decisions = []
    began = time.perf_counter()
    async for rows in judging.rows(account, asked, ("mobile",)):
        decisions += [judge.decide(row, "text", "mobile").allowed for row in rows]
    return {"seconds": time.perf_counter() - began, "allowed": sum(decisions), "refused": decisions.count(False)}


async def sellers(number: int) -> list[dict[str, Any]]:
    """So many listings with a seller each, some of them on the lists or written to before."""
    account, source = await make.dealership(), await make.source()
    made = []
    for start in range(0, number, CHUNK):
        ads, people, stops, dnc, texts = [], [], [], [], []
        for n in range(start, min(start + CHUNK, number)):
            ad = Listing(
                account=account.id, source=source.id, external_id=f"ad-{n}", year=2019, make="Subaru", model="Outback"
            )
            phone = f"+1{PLACES[n % 3]}{200 + n // 3 % 700:03}{n // 2100:04}"  # as many exchanges as a region has
            seller = Seller(account=account.id, listing=ad.id, first_name="Dana", mobile=phone, postal_code="85701")
            ads.append(ad)
            people.append(seller)
            if n % 10 == 0:
                stops.append(OptOut(account=account.id, address=phone, word="STOP"))
            if n % 20 == 1:
                dnc.append(DoNotContact(account=account.id, address=phone))
            if n % 5 == 2:
                text = Message(account=account.id, listing=ad.id, channel="text", direction="out", author_kind="agent")
                text.to_address, text.state, text.at = phone, State.DELIVERED, clock.now() - timedelta(days=30)
                texts.append(text)
            made.append({"listing": ad.id, "phone": phone})
        for table, rows in ((Listing, ads), (Seller, people), (OptOut, stops), (DoNotContact, dnc), (Message, texts)):
            await table.insert(*rows)
    return made


async def queries(path: str, cookie: str) -> int:
    """How many statements one look at the page takes."""
    from app import app, lifespan

    seen = 0
    kind = type(db.DB)
    run = kind.run_querystring

    async def counted(self: Any, querystring: Any, in_pool: bool = True) -> Any:
        nonlocal seen
        seen += 1
        return await run(self, querystring, in_pool)

    async with lifespan(app), Client(app) as visitor:
        await visitor.get(path, headers={"Cookie": cookie})  # what is kept in memory is read once
        with mock.patch.object(kind, "run_querystring", counted):
            answer = await visitor.get(path, headers={"Cookie": cookie})
    if answer.status_code != 200:
        raise RuntimeError(f"The page answered {answer.status_code}.")
    return seen


async def window() -> dict[str, Any]:
    """A dealership with 1,000 templates, somebody signed in who writes, and what the window asks for meanwhile:
    {cookie, token, asked: {name: {path, form}}}; a form is posted."""
    from app import app, lifespan

    async with db.opened(), db.writing():
        agent = await make.user(role="agent", name="Ben Carter")
        listing = await make.listing(main_user=agent.id)
        await make.sender_link(await make.connection(), agent)
        for n in range(TEMPLATES):
            name, body = f"{NAMES[n % len(NAMES)]} {n}", f"{SAID[n % len(SAID)]} {SHIPPED[n % len(SHIPPED)].body}"
            found_by = search_text(name, "", body)
            await make.template(listing.account, name=name, name_key=name_key(name), search=found_by, body=body)
        name, value = await make.session(agent)
    async with lifespan(app), Client(app) as visitor:
        token = await visitor.csrf_token()
        cookies = {name: value, **visitor.cookies}
    typed = {"channel": "text", "to": "mobile", "body": SHIPPED[0].body + " 🚗", "nonce": "n", "seen": "none"}
    return {
        "cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "token": token,
        "asked": {
            "search": {"path": "/templates/search?type=text&q=still+sale", "form": ""},
            "preview": {"path": f"/listings/{listing.id}/sends/preview", "form": urlencode(typed)},
            "emoji": {"path": "/emoji?q=car", "form": ""},
        },
    }


if __name__ == "__main__":
    sys.exit(main())
