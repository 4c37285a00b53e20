"""A flood of hooks: so many signed events at once as a batch brings in a minute, each stored and answered at once."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import jwt
import uvloop

from domain import clock, db
from domain.inbox import ProviderEvent
from tests import make
from tests.bench import houses, machine
from tests.bench.figures import Figure, Target, percentile
from tests.bench.houses import Databases, House, Running
from tests.bench.plan import Plan, say

CONNECTIONS = 64
WITHIN = 1000.0  # milliseconds that an answer may take
SECRET = "the secret of the hooks of the bench, nobody else's"
SELF = "tests.bench.flood"


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    for engine in plan.engines:
        with databases.house(engine) as house, houses.running(house) as lotwire:
            yield from _measure(plan, house, lotwire)


def _measure(plan: Plan, house: House, lotwire: Running) -> Iterator[Figure]:
    path = house.ask(SELF, "connection")["path"]
    number = plan.batch // 2
    floods: list[Any] = []
    web = lotwire.pid_of("web")
    lost = []
    for run in range(plan.runs):
        say(f"a flood of hooks on {house.name}, {run + 1} of {plan.runs}")
        before = machine.cpu_seconds(web)
        told = house.ask(SELF, "flood", f"{lotwire.url}{path}", str(number), str(run))
        floods.append(told | {"cpu": (machine.cpu_seconds(web) - before) * 1000 / number})
        lost.append(number * (run + 1) - house.ask(SELF, "stored")["stored"])
    yield Figure(
        f"Hooks stored and answered, {number:,} at once, {house.name}",
        "hooks/s",
        tuple(number / each["seconds"] for each in floods),
    )
    yield Figure(f"  answer, 99 of 100, {CONNECTIONS} connections", "ms", tuple(each["p99"] for each in floods))
    yield Figure("  the slowest answer", "ms", tuple(each["most"] for each in floods), Target(WITHIN))
    yield Figure("  processor time of the web", "ms/hook", tuple(each["cpu"] for each in floods))
    yield Figure("  lost", "", tuple(float(each) for each in lost), Target(0))


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {SELF}", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("connection")
    verbs.add_parser("stored")
    asked = verbs.add_parser("flood")
    asked.add_argument("url")
    asked.add_argument("number", type=int)
    asked.add_argument("run", type=int)
    args = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_do(args))))
    return 0


async def _do(args: argparse.Namespace) -> Any:
    if args.verb == "flood":
        return await flood(args.url, args.number, args.run)
    async with db.opened():
        if args.verb == "stored":
            return {"stored": await ProviderEvent.count()}
        connection = await make.connection(hook_secret=SECRET)
        return {"path": f"/hooks/dialpad/{connection.id}"}


async def flood(url: str, number: int, run: int) -> dict[str, float]:
    """{seconds, p99, most}: of how long, and milliseconds until an answer. Raises RuntimeError for any but 200."""
    bodies = [_signed(run * 1_000_000 + n) for n in range(1, number + 1)]
    waits: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:

        async def line() -> None:
            while bodies:
                began = time.perf_counter()
                async with session.post(url, data=bodies.pop()) as answer:
                    await answer.read()
                    if answer.status != 200:
                        raise RuntimeError(f"A hook was answered {answer.status}.")
                waits.append((time.perf_counter() - began) * 1000)

        began = time.perf_counter()
        await asyncio.gather(*(line() for _ in range(CONNECTIONS)))
        seconds = time.perf_counter() - began
    return {"seconds": seconds, "p99": percentile(waits, 99), "most": max(waits)}


def _signed(n: int) -> bytes:
    now = int(clock.now().timestamp() * 1000)
    event = {
        "id": 5_594_630_000_000_000 + n,
        "created_date": now,
        "event_timestamp": now,
        "direction": "inbound",
        "from_number": f"+1520{5_550_000 + n % 9_999:07}",
        "to_number": ["+16195550142"],
        "is_internal": False,
        "target": {"id": 4693435745845248, "type": "user", "phone_number": "+16195550142"},
        "text": f"Yes, it is still for sale. {n}",
        "message_status": "pending",
        "message_delivery_result": None,
    }
    return jwt.encode(event, SECRET, algorithm="HS256").encode()


if __name__ == "__main__":
    sys.exit(main())
