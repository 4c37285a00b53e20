"""The way back to the page that sent somebody elsewhere to mend something: `back` in the address."""

import re
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from litestar import Request

AnyRequest = Request[Any, Any, Any]

# Nothing else is followed: an address that somebody else made up leads nowhere.
_LOOK = re.compile(r"/batches/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/look")
_BACK = re.compile(r"[?&]back=([^&#]+)")


def with_back(url: str, back: str) -> str:
    """The address of a page that leads back from there."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode({"back": back}))))))


def place(request: AnyRequest) -> str:
    """Where the way back leads: to the look, made anew. Empty when there is none."""
    back = _kept(request)
    return f"{back}?again=1" if back else ""


def onward(request: AnyRequest, location: str) -> str:
    """Where a write leads on to, with the way back that the page of its form had."""
    if request.method != "POST" or not location.startswith("/") or location.startswith("/batches/"):
        return location
    return also(request, location)


def also(request: AnyRequest, location: str) -> str:
    """The address with the way back of this page, if it has one."""
    back = _kept(request)
    return with_back(location, back) if back else location


def _kept(request: AnyRequest) -> str:
    """The `back` of a page's address, or for a write of the address of the page it came from."""
    given = request.query_params.get("back", "")
    if not given and request.method == "POST":
        came_from = request.headers.get("hx-current-url") or request.headers.get("referer") or ""
        found = _BACK.search(came_from)
        given = unquote(found[1]) if found else ""
    return given if _LOOK.fullmatch(given) else ""
