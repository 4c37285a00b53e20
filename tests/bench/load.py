"""Asks for one page again and again over connections that stay open: `python -m tests.bench.load URL …`, prints JSON.

Bytes on sockets and no HTTP library, so that the one who asks costs the least of those who share the processors.
"""

import argparse
import asyncio
import json
import re
import sys
import time
from urllib.parse import urlsplit

import uvloop

from tests.bench.figures import percentile

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ANSWER_WITHIN = 30.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--cookie", default="")
    parser.add_argument("--form", default="", help="posted as it is; else the page is got")
    parser.add_argument("--token", default="", help="the CSRF token of that form")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0)
    args = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        asking = ask(args.url, args.cookie, args.connections, args.seconds, args.form, args.token)
        print(json.dumps(runner.run(asking)))
    return 0


async def ask(
    url: str, cookie: str, connections: int, seconds: float, form: str = "", token: str = ""
) -> dict[str, float]:
    """{pages, seconds, p50, p95, bytes}: pages answered, of how long, milliseconds each, bytes of the last one.

    Raises RuntimeError for any answer but 200.
    """
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    request = f"{'POST' if form else 'GET'} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/html\r\n"
    request += f"Cookie: {cookie}\r\n" if cookie else ""
    if form:
        request += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form.encode())}\r\n"
        request += f"HX-Request: true\r\nX-CSRFToken: {token}\r\n"
    request += f"\r\n{form}"
    began = time.perf_counter()
    each = [_ask(str(parts.hostname), int(parts.port or 80), request.encode(), seconds) for _ in range(connections)]
    answers = [answer for line in await asyncio.gather(*each) for answer in line]
    took = time.perf_counter() - began
    waits = [wait * 1000 for wait, _ in answers]
    return {
        "pages": len(answers),
        "seconds": took,
        "p50": percentile(waits, 50),
        "p95": percentile(waits, 95),
        "bytes": answers[-1][1],
    }


async def _ask(host: str, port: int, request: bytes, seconds: float) -> list[tuple[float, int]]:
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
    answers = []
    try:
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            writer.write(request)
            async with asyncio.timeout(ANSWER_WITHIN):
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                if not head.startswith(b"HTTP/1.1 200") or not length:
                    raise RuntimeError(f"The page answered: {head.splitlines()[0].decode()}")
                size = len(await reader.readexactly(int(length[1])))
            answers.append((time.perf_counter() - began, size))
    finally:
        writer.close()
    return answers


if __name__ == "__main__":
    sys.exit(main())
