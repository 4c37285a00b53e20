"""The sample dealership's Page in Messenger and the form of one of its sites, both in the simulator."""

import json
from datetime import timedelta
from uuid import UUID

from domain import clock, connections, db, ids, threads
from domain.accounts import Account
from domain.connections import Connection
from domain.form_transports import FormTransport
from domain.listings import Listing
from domain.messages import Message, State
from domain.settings import settings
from domain.sources import Source
from domain.users import User

PAGE, TOKEN, SECRET = "102030405060708", "simulator-page-token", "simulator-app-secret"
VERIFY = "simulator-verify-token"
FORM_SITE = "autotrader"
PERSON, WHO = "7000000000000013", 13  # of the list of ads
WORDS = "Hi, your Page says you buy cars. Mine is still for sale, would you like to see it?"
FIELDS = {
    "name": "{{agent.name}}",
    "email": "{{agent.email}}",
    "phone": "{{agent.phone|not given}}",
    "vehicle": "{{vehicle.title}}",
    "message": "{{message}}",
}


async def connect(account: Account, admin: User, simulator_url: str, listings: dict[int, UUID]) -> None:
    """A Page with one seller who wrote to it this morning, and a form that the simulator answers."""
    given = {"page_id": PAGE, "page_token": TOKEN, "app_secret": SECRET}
    known = {"webhook_secret": VERIFY}
    facebook, _ = await connections.connect(
        account.id, admin.id, "facebook", given, _graph(simulator_url), known, unchecked_is_fine=True
    )
    # The simulator answers as soon as somebody writes.
    await Connection.update({Connection.last_error: ""}).where(Connection.id == facebook.id)
    await connections.connect(account.id, admin.id, "form", {})
    await _opened(account, facebook, listings[WHO])
    source = await Source.objects().get((Source.account == account.id) & (Source.slug == FORM_SITE))
    assert source is not None
    async with db.writing():
        await Source.update({Source.form_transport: "http_form"}).where(Source.id == source.id)
        form = FormTransport(
            account=account.id,
            source=source.id,
            kind="http_form",
            endpoint=_form(simulator_url),
            fields=json.dumps(FIELDS),
            success=json.dumps({"body": "Thank you"}),
            permission="A form of the simulator",
            changed_by=admin.id,
            changed_at=clock.now(),
        )
        await FormTransport.insert(form)
    await tell_simulator()


async def moved(simulator_url: str) -> None:
    """A kept data directory: the simulator may have moved to another port."""
    await Connection.update({Connection.base_url: _graph(simulator_url), Connection.hook_id: ""}).where(
        Connection.kind == "facebook"
    )
    await FormTransport.update({FormTransport.endpoint: _form(simulator_url)}).where(FormTransport.kind == "http_form")
    await tell_simulator()


async def tell_simulator() -> None:
    """Where Facebook calls, and who has written to the Page, for the simulator's start."""
    facebook = await Connection.objects().where(Connection.kind == "facebook").first()
    if facebook is None:
        return
    written = await Message.objects().where((Message.channel == "facebook") & (Message.direction == "in")).first()
    at = written.at if written else clock.now()
    thread = {"person": PERSON, "name": "Marisol", "about": "", "text": WORDS, "at": at.isoformat()}
    path = settings().data_dir / "simulator" / "messenger.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"hook": connections.hook_url(facebook), "threads": [thread]}))


async def _opened(account: Account, facebook: Connection, listing: UUID) -> None:
    at = clock.now() - timedelta(hours=2)
    message = Message(
        id=ids.new(),
        account=account.id,
        listing=listing,
        channel="facebook",
        direction="in",
        author_kind="seller",
        origin="hook",
        body=WORDS,
        state=State.RECEIVED,
        from_address=PERSON,
        to_address=PAGE,
        connection=facebook.id,
        at=at,
        created_at=at,
        changed_at=at,
    )
    async with db.writing():
        await Message.insert(message)
        await threads.heard(account.id, facebook.id, "facebook", PERSON, at, listing=listing, ours=PAGE)
        await Listing.update({Listing.waiting_since: at}).where(Listing.id == listing)


def _graph(simulator_url: str) -> str:
    return f"{simulator_url}/graph/v25.0"


def _form(simulator_url: str) -> str:
    return f"{simulator_url}/forms/contact"
