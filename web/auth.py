"""Who is asking: the session behind the cookie, read once a request and only where a page needs it."""

import hmac
import ipaddress
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Request, Response
from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from domain import sessions
from domain.installations import freezing
from domain.sessions import Session
from domain.settings import settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class NotSignedIn(Exception):
    """The page needs somebody signed in."""


async def members(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: loads the session with its user and account, or raises NotSignedIn."""
    await visitors(connection, _)
    if connection.scope["user"] is None:
        raise NotSignedIn


async def visitors(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard that lets everybody in and only looks who it is."""
    session = await _resumed(connection)
    connection.scope["auth"] = session
    connection.scope["user"] = session.user if session else None


async def is_signed_in(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether a session stands behind the cookie; for what runs before the guards."""
    return await _resumed(connection) is not None


def session_of(request: Request[Any, Any, Any]) -> Session:
    """The session of a signed-in request."""
    return request.scope["auth"]


def start_session(response: Response[Any], token: str) -> Response[Any]:
    """Hands out the cookie of a new session. Whatever id the client sent before is forgotten, never adopted."""
    return set_cookie(response, "session", token, int(sessions.SESSION_LASTS.total_seconds()))


def end_session(response: Response[Any]) -> Response[Any]:
    """Takes the cookie back and empties the browser's cache of the pages seen."""
    response.headers["clear-site-data"] = '"cache"'
    return set_cookie(response, "session", "", 0)


def set_cookie(response: Response[Any], name: str, value: str, max_age: int) -> Response[Any]:
    """One of our cookies; `max_age` is in seconds, 0 takes it back."""
    response.set_cookie(
        key=cookie_name(name),
        value=value,
        max_age=max_age,
        path="/",
        secure=settings().secure,
        httponly=True,
        samesite="lax",
    )
    return response


def cookie_name(name: str) -> str:
    """`__Host-` pins a cookie to this host and to https; browsers refuse it on plain http."""
    return f"__Host-{name}" if settings().secure else name


def local_path(url: str) -> str:
    """The path and query of a URL when it can only lead to us; else empty."""
    odd = any(char <= " " or char in "\\\x7f" for char in url)
    return url if url.startswith("/") and not url.startswith("//") and not odd else ""


def path_of(url: str) -> str:
    """Path and query of a whole URL."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def sign_in_url(request: Request[Any, Any, Any]) -> str:
    """Where to sign in, and where to go on afterwards: the page asked for, or the one a form or htmx stood on."""
    if "hx-request" in request.headers:
        page = path_of(request.headers.get("hx-current-url", ""))
    elif request.method == "GET":
        page = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    else:
        page = path_of(request.headers.get("referer", ""))
    page = local_path(page)
    return request.app.route_reverse("sessions.new") + (
        f"?next={quote(page, safe='/')}" if page not in {"", "/"} else ""
    )


def client_address(scope: Scope) -> str:
    """The client's IP address. X-Forwarded-For counts only as far as LOTWIRE_TRUSTED_PROXIES vouch for it:
    from the right, the first address that is none of them."""
    client = scope.get("client")
    peer = client[0] if client else ""
    if not _is_trusted(peer):
        return peer
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    for hop in reversed([hop.strip() for hop in forwarded.split(",") if hop.strip()]):
        if not _is_trusted(hop):
            return hop if _parsed(hop) else peer
        peer = hop
    return peer


def csrf_config() -> CSRFConfig:
    return CSRFConfig(
        secret=key_for("csrf").hex(),
        cookie_name=cookie_name("csrftoken"),
        cookie_secure=settings().secure,
        cookie_httponly=True,
        # Bearer tokens and signatures instead of cookies; sellers and what a proxy may keep must not get one.
        exclude=[
            *("^/api/", "^/hooks/", "^/files/", "^/unsubscribe/", "^/static/"),
            *("^/healthz$", "^/readyz$", "^/metrics$"),
        ],
    )


@cache
def key_for(purpose: str) -> bytes:
    """A key of its own for each purpose, made from LOTWIRE_SECRET_KEY."""
    return hmac.digest(settings().secret_key, f"web:{purpose}".encode(), "sha256")


async def _resumed(connection: ASGIConnection[Any, Any, Any, Any]) -> Session | None:
    token = connection.cookies.get(cookie_name("session"), "")
    session = await sessions.resume(token) if token else None
    if session is not None:
        connection.scope["frozen"] = await freezing.is_frozen()  # type: ignore[typeddict-unknown-key]
    return session


def _is_trusted(address: str) -> bool:
    ip = _parsed(address)
    return ip is not None and any(ip in network for network in _trusted(settings().trusted_proxies))


@cache
def _trusted(proxies: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(item, strict=False) for item in proxies.replace(",", " ").split())


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip
