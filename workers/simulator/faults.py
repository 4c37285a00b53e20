"""Wrong answers, whichever provider is spoken: before or after the text was taken, in the provider's own words."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from workers.simulator.switches import Setting

LONGEST_HANG = 600  # seconds
HUGE = 2_000_000  # bytes
AFTER = frozenset(  # the text was taken first
    {"server_error_after", "reset_after", "hang_after", "drip", "garbage", "empty", "huge", "wrong_type"}
)
# switch -> status and words, where that is all there is to it
REFUSALS = {
    "unauthorized": (401, "The API key is missing or not known."),
    "out_of_credit": (402, ""),
    "forbidden": (403, ""),
    "burst": (403, "Rate limit exceeded."),
    "not_found": (404, "Not found."),
    "conflict": (409, "This conflicts with what is there."),
    "too_large": (413, "The request is too large."),
    "unprocessable": (422, "This cannot be processed."),
    "bad_request": (400, ""),
    "opted_out": (400, ""),
    "too_many_requests": (429, "Too many requests."),
    "too_many_silent": (429, "Too many requests."),
    "unavailable": (503, "Service unavailable."),
    "server_error": (500, "Internal error."),
    "server_error_after": (500, "Internal error."),
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Voice(Protocol):
    """How a provider says that it refuses, or that it took a text which got nowhere."""

    def refusal(self, name: str, status: int, words: str) -> web.Response: ...

    async def failed(self, request: web.Request) -> web.Response: ...


async def answer(
    request: web.Request, handler: Handler, name: str, setting: Setting, voice: Voice
) -> web.StreamResponse:
    """The wrong answer of a switch."""
    good = await handler(request) if name in AFTER else None
    body = good.body if isinstance(good, web.Response) and isinstance(good.body, bytes) else b""
    if good is None:
        await request.read()
    if name in REFUSALS:
        status, words = REFUSALS[name]
        response = voice.refusal(name, status, words or str(setting.value))
        if name == "too_many_requests":
            response.headers["Retry-After"] = f"{float(setting.value or 0):g}"
        return response
    match name:
        case "hang" | "hang_after":
            await asyncio.sleep(LONGEST_HANG)
        case "drip":
            return await _drip(request, body, float(setting.value or 0))
        case "garbage":
            return web.Response(body=body[: len(body) // 2], content_type="application/json")
        case "empty":
            return web.Response(body=b"", content_type="application/json")
        case "huge":
            return web.Response(body=b'{"padding": "' + b"x" * HUGE, content_type="application/json")
        case "wrong_type":
            return web.Response(body=body, content_type="text/html")
        case "not_json":
            return web.Response(
                text="<!doctype html><title>Welcome</title><p>Please sign in.", content_type="text/html"
            )
        case "failed":
            return await voice.failed(request)
    return reset(request)


async def _drip(request: web.Request, body: bytes, seconds: float) -> web.StreamResponse:
    """The right answer, a few bytes at a time for as long."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    steps = max(1, min(40, len(body)))
    size = -(-len(body) // steps)
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / steps)
        await response.write(body[start : start + size])
    return response


def reset(request: web.Request) -> web.Response:
    """Breaks the connection with a TCP reset. The answer returned goes nowhere."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response(status=444)
