"""What every request and every answer gets, routed or not: an id, the security headers, a line in the log, a count."""

import logging
import re
import secrets
from time import perf_counter
from typing import Any, cast

from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from domain import logs
from domain.settings import settings
from web import metrics, requests

logger = logging.getLogger("web.requests")

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")
FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
CALLERS_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")  # anything else could forge a line of the log
QUIET = {"health.alive", "health.ready", "health.show"}  # asked every few seconds by machines


def wrap(app: ASGIApp) -> ASGIApp:
    """The ASGI application with the envelope around it; stands outside of routing and of Litestar's own errors."""

    async def enveloped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        request_id, begun, status = _request_id(scope), perf_counter(), 0
        scope["state"]["request_id"] = request_id
        scope["query_string"] = requests.clean_query(scope["query_string"])
        token = logs.request_id.set(request_id)

        async def send_sealed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _sealed(list(message["headers"]), scope, request_id)
            await send(message)

        try:
            await app(scope, receive, send_sealed)
        except Exception:
            logger.exception("An answer could not be given")
            if status:
                raise  # half an answer is out: only closing the connection can tell
            await _last_resort(send_sealed, request_id)
        finally:
            _tell(cast(HTTPScope, scope), status, perf_counter() - begun)
            logs.request_id.reset(token)

    return enveloped


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return given if CALLERS_ID.fullmatch(given) else secrets.token_hex(8)


def _sealed(headers: list[tuple[bytes, bytes]], scope: Scope, request_id: str) -> list[tuple[bytes, bytes]]:
    """The headers with ours added; one that a handler has set itself stays (a picture's stricter CSP, say)."""
    ours = [*HEADERS, (b"x-request-id", request_id.encode())]
    if settings().secure:
        ours.append(HSTS)
    if scope["path"].startswith("/static/") and b"v=" in scope["query_string"]:
        ours.append(FOR_EVER)
    there = {name.lower() for name, _ in headers}
    return headers + [header for header in ours if header[0] not in there]


async def _last_resort(send: Send, request_id: str) -> None:
    body = f"Lotwire could not answer. Try again; if it happens again, tell your admin this number: {request_id}\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body.encode())).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode(), "more_body": False})


def _tell(scope: HTTPScope, status: int, seconds: float) -> None:
    handler: Any = scope.get("route_handler")
    route = (handler.name if handler else None) or "none"
    metrics.REQUESTS.labels(route, scope["method"], str(status)).inc()
    metrics.SECONDS.labels(route).observe(seconds)
    if route in QUIET or route == "static":
        return
    # The path of a one-time link is a secret, so it is told as it stands in routes.py.
    path = scope["path"] if "token" not in scope.get("path_params", {}) else scope.get("path_template", "…")
    user = scope.get("user")
    logger.info(
        "%s %s",
        scope["method"],
        path.encode("unicode_escape").decode(),
        extra={"status": status, "ms": round(seconds * 1000), "user": str(user.id) if user else "-"},
    )
