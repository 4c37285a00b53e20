"""The three lists over the API: who is on them, on and off with a reason."""

from typing import Any

from litestar import Request, Response

from domain.errors import NotFound, Refused
from domain.history import Cursor
from domain.suppressions import Kind, addresses, by_hand, paging
from domain.suppressions.paging import Listed
from web.handlers.api import bodies, problems
from web.handlers.api.problems import Problem, Problems
from web.handlers.api.shapes import MOST_ITEMS, Schema
from web.handlers.api.suppression_schemas import ADDRESS, LIST, REASON
from web.lookups import Me, TheAccount

AnyRequest = Request[Any, Any, Any]

INDEX_QUERY: dict[str, Schema] = {
    "list": {**LIST, "description": "Needed unless you ask for one address."},
    "address": {**ADDRESS, "description": "Only what stands for this phone number or email address, on every list."},
    "cursor": {"type": "string", "description": "`next` of the page before."},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": paging.PAGE},
}
LIFT_QUERY: dict[str, Schema] = {
    "list": LIST,
    "address": ADDRESS,
    "reason": {**REASON, "description": "Why; of an opt-out where the seller's written consent is kept."},
}


async def index(request: AnyRequest, account: TheAccount) -> dict[str, Any]:
    """A page of a list, or everything that stands against one address."""
    query = bodies.query(request, INDEX_QUERY)
    if "address" in query:
        kinds = [Kind(query["list"])] if "list" in query else list(Kind)
        rows = await paging.of_address(account.id, _address(query["address"], account.country), *kinds)
        return {"items": list(map(_shown, rows)), "next": None}
    if "list" not in query:
        raise problems.one(422, "required", "Say which list, or which address.", field="list")
    before = _cursor(query.get("cursor", ""))
    limit = query.get("limit", paging.PAGE)
    found, following = await paging.page(Kind(query["list"]), account.id, account.country, before=before, limit=limit)
    return {"items": list(map(_shown, found)), "next": str(following) if following else None}


async def create(request: AnyRequest, me: Me, account: TheAccount) -> Response[Any]:
    """The entry: 201 when it is new, 200 when it stood there before."""
    body = await bodies.read(request, "SuppressionInput")
    try:
        entry, new = await by_hand.add(Kind(body["list"]), account, me, body["address"], body["reason"])
    except Refused as refused:
        raise _problems(refused) from None
    return Response(_shown(entry), status_code=201 if new else 200)


async def destroy(request: AnyRequest, me: Me, account: TheAccount) -> dict[str, Any]:
    """The entry as it was lifted; 404 when none stands."""
    query = bodies.query(request, LIFT_QUERY)
    if missing := [name for name in LIFT_QUERY if name not in query]:
        raise Problems(422, [Problem(name, "required", f"“{name}” is needed.") for name in missing])
    kind = Kind(query["list"])
    standing = await paging.of_address(account.id, _address(query["address"], account.country), kind)
    try:
        if not standing or not await by_hand.lift(account.id, me, standing[0], query["reason"]):
            raise NotFound
    except Refused as refused:
        raise _problems(refused) from None
    return _shown(await paging.entry(kind, account.id, standing[0].id))


def _address(typed: str, country: str) -> str:
    try:
        return addresses.clean(typed, country)
    except Refused as refused:
        raise _problems(refused) from None


def _cursor(written: str) -> Cursor | None:
    cursor = Cursor.read(written)
    if written and cursor is None:
        sentence = "This is not a cursor of this list. Give `next` of the page before."
        raise problems.one(422, "invalid", sentence, field="cursor")
    return cursor


def _shown(entry: Listed) -> dict[str, Any]:
    names = ("id", "channel", "address", "reason", "source", "added_by", "at", "lifted_at", "lifted_by", "lift_reason")
    return {"list": entry.kind, "listing_id": entry.listing, **{name: getattr(entry, name) for name in names}}


def _problems(refused: Refused) -> Problems:
    status = 403 if refused.code == "no_permission" else 422
    return problems.one(status, refused.code, refused.message, refused.field)
