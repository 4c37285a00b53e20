"""The sender the house's is measured against: the same calls to the same simulator in a loop, nothing kept, nothing
checked. `python -m tests.bench.bare_client URL KEY SENDER MESSAGES`, prints JSON {accepted, seconds, cpu}."""

import argparse
import asyncio
import json
import sys
import time

import aiohttp

from tests.bench.words import SAID

CALLS = 32  # open at once
SECONDS = 20.0  # a call may take


def main() -> int:
    args = asked("tests.bench.bare_client", __doc__)
    # On the event loop that a worker has too.
    print(json.dumps(asyncio.run(send(args.url, args.key, args.sender, args.messages))))
    return 0


def asked(module: str, about: str | None) -> argparse.Namespace:
    """What a loop beside the house's sender is asked for: {url, key, sender, messages}."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("url")
    parser.add_argument("key")
    parser.add_argument("sender", type=int)
    parser.add_argument("messages", type=int)
    return parser.parse_args()


async def send(url: str, key: str, sender: int, messages: int) -> dict[str, float]:
    """Sends them all; how many were accepted, in how long, with how much processor time."""
    left = iter(range(messages))
    mark = time.time_ns()
    accepted = 0
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    async def line(session: aiohttp.ClientSession) -> None:
        nonlocal accepted
        for n in left:
            body = {
                "user_id": sender,
                "to_numbers": [f"+1520555{n % 10_000:04}"],
                "text": f"{SAID[0]} ({mark}-{n})",
                "infer_country_code": False,
            }
            async with session.post(f"{url}/api/v2/sms", data=json.dumps(body).encode(), headers=headers) as response:
                answer = json.loads(await response.read())
                accepted += response.status == 200 and bool(answer["id"])

    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CALLS), timeout=timeout) as session:
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(line(session) for _ in range(CALLS)))
        return {
            "accepted": accepted,
            "seconds": time.perf_counter() - began,
            "cpu": time.process_time() - cpu,
        }


if __name__ == "__main__":
    sys.exit(main())
