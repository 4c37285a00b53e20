"""Builders: rows with proper defaults, each written at once and handed back as its table's row.

    listing = await make.listing(seller={"first_name": "Dana"}, price=1_250_000)
    await make.message(listing, direction="in", body="Is it still there?")

What is not said is made up: everything that takes an account uses the test's first one, made when it is missing.
Values that must be unique are counted. Any column may be given by name.
"""

import hashlib
import itertools
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from piccolo.table import Table

from domain import clock, sellers
from domain.connections import ConnectionState
from domain.messages import State
from domain.piccolo_app import (
    Account,
    ApiToken,
    Attachment,
    Attempt,
    Connection,
    Draft,
    Event,
    Follower,
    Listing,
    Message,
    MessageTemplate,
    OptOut,
    Seller,
    SenderLink,
    Session,
    Source,
    TemplateVersion,
    User,
)
from domain.sources import WELL_KNOWN
from domain.users import Role
from domain.vault import seal
from web.auth import cookie_name

PASSWORD = "correct horse battery staple"
# argon2id of PASSWORD at the least cost the algorithm allows, so that signing in with it takes no time.
PASSWORD_HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdCBvZiB0aGUgdGVzdHM$frSQWIJ9YTKoNmO+TdQEvg"
# Where it is a good time for a text at the hour of the tests, 11:00 in New York.
AREA_CODES = (
    *("520", "602", "303", "216", "212", "617", "512", "614", "704", "801", "202", "305", "312", "313", "404"),
    *("405", "410", "412", "502", "504", "505", "513", "515", "585", "612", "615", "603", "713", "802", "804"),
)

_count = itertools.count(1)
_first_account: Account | None = None


def forget() -> None:
    """A new database has no account yet."""
    global _first_account
    _first_account = None


def phone() -> str:
    """A mobile number nobody has, E.164: the block 555-0100 to 555-0199 of an area is kept for fiction."""
    area, line = divmod(next(_count), 100)
    return f"+1{AREA_CODES[area % len(AREA_CODES)]}55501{line:02}"


async def account(**values: Any) -> Account:
    global _first_account
    n = next(_count)
    where = {"street": "4820 E Speedway Blvd", "city": "Tucson", "state": "AZ", "postal_code": "85712"}
    made = Account(**{"slug": f"dealer-{n}", "name": f"Harbor Motors {n}", "phone": phone(), **where, **values})
    await Account.insert(made)
    _first_account = _first_account or made
    return made


async def dealership() -> Account:
    """The test's first account."""
    return _first_account or await account()


async def user(account: Account | UUID | None = None, role: str = Role.AGENT, **values: Any) -> User:
    """Somebody of the dealership's, whose password is PASSWORD."""
    n = next(_count)
    defaults = {"email": f"person{n}@harbor.example", "name": f"Robin Person{n}", "password_hash": PASSWORD_HASH}
    return await _add(User(account=await _account(account), role=role, **{**defaults, **values}))


async def session(user: User, **values: Any) -> tuple[str, str]:
    """A signed-in browser of this user: name and value of its cookie."""
    token = secrets.token_urlsafe(32)
    defaults = {"token_hash": hashlib.sha256(token.encode()).hexdigest(), "expires_at": _in(days=7)}
    await _add(Session(user=user.id, **{**defaults, **values}))
    return cookie_name("session"), token


async def api_token(user: User, scopes: str, **values: Any) -> str:
    """What goes after "Bearer " for this user."""
    token = secrets.token_urlsafe(32)
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    await _add(ApiToken(user=user.id, scopes=scopes, token_hash=token_hash, **values))
    return token


async def source(account: Account | UUID | None = None, slug: str = "craigslist", **values: Any) -> Source:
    """The account's source of that slug, made when it is missing."""
    owner = await _account(account)
    found = await Source.objects().get((Source.account == owner) & (Source.slug == slug))
    if found:
        return found
    return await _add(Source(account=owner, slug=slug, **{"name": WELL_KNOWN.get(slug, slug.title()), **values}))


async def listing(
    account: Account | UUID | None = None,
    *,
    source: Source | str = "craigslist",
    seller: dict[str, Any] | None = None,
    **values: Any,
) -> Listing:
    """An ad with its seller, who has a mobile number unless `seller` says otherwise."""
    owner = await _account(account)
    if isinstance(source, str):
        source = await _source(owner, source)
    n = next(_count)
    defaults = {
        "external_id": f"ad-{n}",
        "year": 2019,
        "make": "Subaru",
        "model": "Outback",
        "trim": "Premium",
        "vin": f"4S4BSANC7K3{n:06}",
        "odometer": 48_200,
        "price": 1_890_000,
        "url": f"https://ads.example/{n}",
    }
    made = await _add(Listing(account=owner, source=source.id, **{**defaults, **values}))
    person = {"first_name": "Dana", "last_name": f"Seller{n}", "mobile": phone(), "city": "Tucson", "state": "AZ"}
    known = {"first_name": "", "last_name": "", "street": "", "city": "", "state": "", **person, **(seller or {})}
    keys = sellers.keys(*(known[name] for name in ("first_name", "last_name", "street", "city", "state")))
    await _add(Seller(account=owner, listing=made.id, **{**keys, **known}))
    return made


async def seller_of(listing: Listing) -> Seller:
    found = await Seller.objects().get(Seller.listing == listing.id)
    assert found is not None
    return found


async def follower(listing: Listing, user: User) -> Follower:
    return await _add(Follower(listing=listing.id, user=user.id))


async def connection(account: Account | UUID | None = None, kind: str = "dialpad", **values: Any) -> Connection:
    """An installed provider. `secret` and `hook_secret` are given in clear and sealed here."""
    secret = seal(values.pop("secret", "an-api-key"))
    hook_secret = seal(values.pop("hook_secret", "a-secret-for-the-hooks-of-this-connection"))
    defaults = {"state": ConnectionState.CONNECTED, "base_url": "http://127.0.0.1:9", "last_ok_at": clock.now()}
    return await _add(
        Connection(
            account=await _account(account),
            kind=kind,
            secret=secret,
            hook_secret=hook_secret,
            **{**defaults, **values},
        )
    )


async def sender_link(connection: Connection, user: User, **values: Any) -> SenderLink:
    """The user's own account at the provider, with a number to send from."""
    defaults = {"provider_id": f"provider-user-{next(_count)}", "name": user.name, "numbers": phone()}
    return await _add(SenderLink(connection=connection.id, user=user.id, **{**defaults, **values}))


async def message(listing: Listing | None = None, *, direction: str = "out", **values: Any) -> Message:
    """A text: ours and delivered, or with `direction="in"` the seller's. Without a listing one is made;
    `listing=None` among the values cannot be said, use `unmatched()`."""
    listing = listing or await _listing()
    seller = await seller_of(listing)
    if direction == "in":
        defaults = {"author_kind": "seller", "origin": "hook", "state": State.RECEIVED, "body": "Is it still there?"}
        defaults |= {"from_address": seller.mobile, "to_address": phone()}
    else:
        sender = values.pop("user", None) or await _sender(listing)
        defaults = {"author_kind": "agent", "state": State.DELIVERED, "body": "Hi, is your Outback still available?"}
        defaults |= {"user": getattr(sender, "id", sender), "to_field": "mobile", "to_address": seller.mobile}
        defaults |= {"encoding": "GSM-7", "segments": 1, "nonce": f"nonce-{next(_count)}"}
    return await _message(listing.account, {"listing": listing.id, "direction": direction, **defaults, **values})


async def unmatched(account: Account | UUID | None = None, **values: Any) -> Message:
    """A text that came in from a number no listing knows."""
    defaults = {"direction": "in", "author_kind": "seller", "origin": "hook", "state": State.RECEIVED}
    defaults |= {"from_address": phone(), "to_address": phone(), "body": "Hello?"}
    return await _message(await _account(account), {**defaults, **values})


async def attempt(message: Message, connection: Connection, **values: Any) -> Attempt:
    """A call to the provider, accepted unless said otherwise."""
    number = await Attempt.count().where(Attempt.message == message.id)
    defaults = {"n": number + 1, "provider": connection.kind, "outcome": "accepted", "finished_at": clock.now()}
    defaults |= {"provider_id": f"provider-message-{next(_count)}"}
    return await _add(Attempt(message=message.id, connection=connection.id, **{**defaults, **values}))


async def event(listing: Listing, kind: str = "stage", **values: Any) -> Event:
    return await _add(Event(account=listing.account, listing=listing.id, kind=kind, **values))


async def opt_out(address: str, account: Account | UUID | None = None, **values: Any) -> OptOut:
    """This address said STOP to this dealership."""
    return await _add(OptOut(account=await _account(account), address=address, **{"word": "STOP", **values}))


async def template(
    account: Account | UUID | None = None, *, body: str = "Hi {FirstName}, is it still for sale?", **values: Any
) -> MessageTemplate:
    """A saved wording with its first version, Global and for texts unless said otherwise."""
    defaults = {"type": "text", "scope": "global", "purpose": "first_contact", "name": f"Wording {next(_count)}"}
    subject = values.pop("subject", "")
    made = await _add(MessageTemplate(account=await _account(account), **{**defaults, **values}))
    await _add(TemplateVersion(template=made.id, body=body, subject=subject))
    return made


async def attachment(account: Account | UUID | None = None, **values: Any) -> Attachment:
    """The row of a picture; its bytes are nowhere."""
    defaults = {"name": "front.jpg", "media_type": "image/jpeg", "sha256": f"{next(_count):064x}", "size": 120_000}
    return await _add(Attachment(account=await _account(account), **{**defaults, **values}))


async def draft(listing: Listing, writer: User | None = None, **values: Any) -> Draft:
    """What a person (a new one unless given) is writing about a listing."""
    writer = writer or await user(listing.account)
    return await _add(Draft(account=listing.account, user=writer.id, listing=listing.id, **values))


async def _message(account: UUID, values: dict[str, Any]) -> Message:
    return await _add(Message(account=account, **{"channel": "text", "at": clock.now(), **values}))


async def _add(row: Any) -> Any:
    await type(row).insert(row)
    return row


async def _account(given: Account | UUID | None) -> UUID:
    if given is None:
        given = await dealership()
    return given.id if isinstance(given, Table) else given


async def _source(account: UUID, slug: str) -> Source:
    return await source(account, slug)


async def _listing() -> Listing:
    return await listing()


async def _sender(listing: Listing) -> User:
    """Whoever sends for this listing: its main user, else the account's first, else somebody new."""
    if listing.main_user:
        found = await User.objects().get(User.id == listing.main_user)
    else:
        found = await User.objects().where(User.account == listing.account).order_by(User.created_at).first()
    return found or await user(listing.account)


def _in(**span: float) -> Any:
    return clock.now() + timedelta(**span)
