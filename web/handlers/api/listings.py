"""Listings over the API: put in, listed, shown, and what was written about each."""

from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

from litestar import Request, Response
from litestar.exceptions import NotFoundException

from domain import ads, api_records, inventory, sources, users
from domain.accounts import Account
from domain.errors import Refused
from domain.history import PAGE, Cursor
from domain.users import Permission
from web import forms, queue
from web.handlers.api import answers, bodies, narrowing, problems
from web.handlers.api.problems import Problem, Problems
from web.handlers.api.shapes import MOST_ITEMS, Schema
from web.lookups import Me, TheAccount, TheListing

AnyRequest = Request[Any, Any, Any]

LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": PAGE}
CURSOR: Schema = {"type": "string", "description": "`next` of the page before."}
INDEX_QUERY: dict[str, Schema] = {
    "view": narrowing.VIEW,
    **narrowing.QUERY,
    "cursor": CURSOR,
    "limit": LIMIT,
}
MESSAGES_QUERY: dict[str, Schema] = {"cursor": CURSOR, "limit": LIMIT}


async def put(request: AnyRequest, me: Me, account: TheAccount) -> Response[Any]:
    """Creates the listing (201) or brings it up to date (200)."""
    users.require(me, Permission.EDIT_LISTING)
    source, external_id = _identity(request)
    body = await bodies.read(request, "ListingInput")
    ad, wrong = ads.check({**_flat(body), "external_id": external_id}, account.country)
    if ad is None:
        raise Problems(422, [_problem(error) for error in wrong])
    outcome = await ads.put(account.id, source, ad, me.id)
    if ad.pictures and outcome.result != "unchanged":
        await queue.kick(request, "fetch_pictures", job_id=queue.slot("fetch_pictures"))
    status = 201 if outcome.result == "created" else 200
    return Response(await _listing(outcome.listing_id, account), status_code=status)


async def index(request: AnyRequest, account: TheAccount) -> dict[str, Any]:
    """A view of the inventory, newest first."""
    query = bodies.query(request, INDEX_QUERY)
    cursor = query.get("cursor", "")
    if cursor and not inventory.is_cursor(cursor):
        raise _no_cursor()
    asked, wrong = narrowing.wanted(query)
    if wrong:
        raise Problems(422, wrong)
    page = await inventory.page(account.id, asked, after=cursor, limit=query.get("limit", PAGE))
    rows = await api_records.listings([row["id"] for row in page.rows])
    return {"items": [answers.listing(row, account) for row in rows], "next": page.next}


async def show(account: TheAccount, listing: TheListing) -> dict[str, Any]:
    """One listing."""
    return await _listing(listing.id, account)


async def messages(request: AnyRequest, listing: TheListing) -> dict[str, Any]:
    """What was written to and from its seller, newest first."""
    query = bodies.query(request, MESSAGES_QUERY)
    cursor = Cursor.read(query["cursor"]) if query.get("cursor") else None
    if query.get("cursor") and cursor is None:
        raise _no_cursor()
    rows, following = await api_records.messages(listing.id, cursor, query.get("limit", PAGE))
    return {"items": [answers.message(row) for row in rows], "next": str(following) if following else None}


async def _listing(listing: UUID, account: Account) -> dict[str, Any]:
    [row] = await api_records.listings([listing])
    return answers.listing(row, account)


def _identity(request: AnyRequest) -> tuple[str, str]:
    """Source and external id of the address as they were before any decoding, so that an id may hold a slash."""
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    parts = path.split(b"?")[0].split(b"/listings/", 1)[-1].rstrip(b"/").split(b"/", 1)
    if len(parts) != 2:
        raise NotFoundException
    source, external_id = (forms.clean(unquote_to_bytes(part).decode("utf-8", "replace")).strip() for part in parts)
    wrong = []
    if not sources.slug_of(source) or len(source) > 60:
        wrong.append(Problem("source", "invalid", "Name the site of the ad in letters and digits, such as craigslist."))
    if not external_id:
        wrong.append(Problem("external_id", "required", "Give the id that the ad has at its site."))
    if wrong:
        raise Problems(422, wrong)
    return source, external_id


def _flat(body: dict[str, Any]) -> dict[str, str]:
    """The body as `ads` takes it: one level, everything as it would be typed."""
    vehicle, seller = body["vehicle"], body.get("seller", {})
    plain = {name: each for name, each in body.items() if name not in ("vehicle", "seller", "pictures", "price")}
    fields = {name: _typed(each) for name, each in {**plain, **vehicle, **seller}.items()}
    if "price" in body:  # always with cents, or 21900.125 might be read as millions
        fields["price"] = "" if body["price"] is None else f"{body['price']:.2f}"
    if "pictures" in body:
        fields["pictures"] = "\n".join(body["pictures"])
    return fields


def _typed(value: Any) -> str:
    if isinstance(value, float):
        value = int(value)  # its schema wants a whole number
    return "" if value is None else str(value)


def _problem(error: Refused) -> Problem:
    return Problem(PATHS.get(error.field, error.field), error.code, error.message)


def _no_cursor() -> Problems:
    return problems.one(
        422, "invalid", "This is not a cursor of this list. Give `next` of the page before.", field="cursor"
    )


# field of an ad -> where it stands in the body
PATHS = {
    **{name: f"vehicle.{name}" for name in bodies.SCHEMAS["VehicleInput"]["properties"]},
    **{name: f"seller.{name}" for name in bodies.SCHEMAS["SellerInput"]["properties"]},
}
