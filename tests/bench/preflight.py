"""How long the look before a batch takes: every listing judged, every message filled in, all of it kept."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from domain import db
from domain.batches import choosing, drafts, looking
from domain.batches.drafts import Words
from tests import make
from tests.bench import houses
from tests.bench.figures import Figure, Target
from tests.bench.houses import CannotMeasure, Databases
from tests.bench.inside import counted, sellers
from tests.bench.plan import Plan, say
from tests.client import Client

SECONDS = 2.0  # for 10,000 listings
WISHED = 10_000
WORDING = (
    "Hi {{seller.first_name|there}}, is your {{vehicle.title}} still for sale? {{agent.first_name}}, {{dealer.name}}"
)


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    listings = plan.listings
    for engine in plan.engines:
        looks: list[float] = []
        pages: list[float] = []
        for run in range(plan.runs):
            say(f"the look before a batch to {listings:,} on {houses.NAMES[engine]}, {run + 1} of {plan.runs}")
            with databases.house(engine) as house:
                house.run("workers.cli", "migrate", "--quiet")
                told = house.ask("tests.bench.preflight", str(listings))
            if (told["sendable"], told["skipped"]) != (listings * 17 // 20, listings * 3 // 20):
                raise CannotMeasure(f"{told['sendable']:,} would get it, {told['skipped']:,} would not.")
            looks.append(told["look"])
            pages.append(told["page"])
        name = f"The look before a batch to {listings:,}, {houses.NAMES[engine]}"
        yield Figure(name, "s", tuple(looks), Target(SECONDS * listings / WISHED))
        yield Figure("  its page", "s", tuple(pages))


async def look(listings: int) -> dict[str, Any]:
    """{look, page, sendable, skipped}: seconds of the look with all that it keeps, and of the page that shows it."""
    from app import app, lifespan

    async with lifespan(app), Client(app) as visitor:
        account = await make.dealership()
        manager = await make.user(account, role="manager")
        await make.sender_link(await make.connection(account), manager)
        async with db.writing():
            chosen = [row["listing"] for row in await sellers(listings)]
        batch = await choosing.choose(account, manager, chosen)
        batch = await drafts.change(batch, account, manager, Words(WORDING, channel="text"))
        await counted()
        began = time.perf_counter()
        summary = await looking.look(batch, account, manager)
        looked = time.perf_counter()
        async with await visitor.signed_in(manager) as browser:
            shown = time.perf_counter()
            answer = await browser.get(f"/batches/{batch.id}/look")
            ended = time.perf_counter()
    if answer.status_code != 200:
        raise RuntimeError(f"The page answered {answer.status_code}.")
    return {
        "look": looked - began,
        "page": ended - shown,
        "sendable": summary.sendable,
        "skipped": summary.codes.total(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(look(int(sys.argv[1])))))
