"""No page asks the database more than eight times, also where it is the first to ask what the plans include.

The pages are all that the routes have for somebody who is signed in: one that is added is measured here by itself.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain import clock, consents, db, dealerships, installations, message_templates, plans
from domain.appointments import Appointment
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.consents import Entry
from domain.shipped_guides import SHIPPED
from domain.suppressions import DoNotContact
from domain.users import Role
from tests import make
from tests.client import Client
from tests.known_seller import known
from tests.web import test_batches, test_external_contacts, test_imports, test_pictures, test_suppressions
from tests.web.test_history import of_batch, went_along
from web import routes
from web.render import url_for

ERASED = "+14805550155"
# One never ends; the others hand out a file of many parts, and one of rows that this import does not have.
NO_PAGES = {"history.stream", "seller_files.show", "imports.refused"}
PAGES = {
    handler.name
    for router in (routes.MEMBERS, routes.CONVERSATION, routes.MANY)
    for handler in router
    if "GET" in handler.http_methods
} - NO_PAGES
OF_A_LISTING = {"listings.show", "sends.new", "gates.show", "history.index", "history.latest", "seller_files.new"}
ASKED = {  # how a page is asked, where not only without anything
    "listings.index": ("", "?q=seat&tick=all", "?view=all&q=seat&sort=price-low&source=craigslist&main_user=nobody"),
    "message_templates.index": ("", "?type=email"),
    "message_templates.search": ("?q=photos",),
    "dealership_reports.new": ("?by_name=1",),
    "schedules.index": ("", "?view=calendar", "?view=stopped"),
    "suppressions.index": ("?kind=dnc", "?kind=opt_out&q=4805550117", "?kind=block"),
    "suppressions.erased": (f"?address=%2B{ERASED[1:]}",),
    "batches.show": ("", "?group=queued", "?group=missed"),
}


@pytest.fixture(params=[Role.AGENT, Role.MANAGER, Role.ADMIN])
async def reader(client: Client, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """Who looks at the pages: may all that the role can be given."""
    user = await make.user(role=request.param, may_batch=True, owner=request.param == Role.ADMIN)
    async with await client.signed_in(user) as signed_in:
        yield signed_in


@pytest.fixture
async def there(client: Client, reader: Client, data_dir: Path) -> dict[str, list[str]]:
    """A dealership that has something on every page: the name of each page -> its addresses."""
    await plans.seed()
    await message_templates.seed()
    seller = await known()
    manager = await client.signed_in(await make.user(role=Role.MANAGER))
    await make.connection(kind="facebook")
    limited = Connection.update({Connection.options: '{"segments_a_day": 900}'})
    await limited.where(Connection.id == seller.connection.id)
    for user in (manager.user, reader.user):
        await make.sender_link(seller.connection, user)
    for _ in range(52):
        await make.listing(model="Seat", search="seat")
    batch = await test_batches.started(manager, 3)
    waiting = await of_batch(manager, seller.listing, state="pending", scheduled_at=clock.now() + timedelta(days=1))
    looked = await test_batches.looked(manager, 3)
    asleep = await make.listing(seller={"mobile": "+18085550142"})  # in Hawaii
    failed = await make.message(asleep, state="failed", user=reader.user)
    hidden = await make.listing()
    await went_along(await make.message(hidden, user=manager.user), seller.brochure)
    report = await dealerships.report(seller.account.id, hidden, seller.admin, True)
    async with db.writing():
        await consents.bury(seller.account.id, await installations.salt(), [Entry("dnc", "text", ERASED)])
    ids = {
        "listing_id": seller.listing.id,
        "picture_id": (await test_pictures.picture(seller.listing)).id,
        "appointment_id": (await _first(Appointment)).id,
        "report_id": report.id,
        "attachment_id": seller.photo.id,
        "message_id": seller.sent.id,
        "template_id": (await make.template(owner=manager.user.id)).id,
        "import_id": _id(await test_imports.upload(manager, test_imports.HEADER + test_imports.GOOD)),
        "entry_id": (await _first(DoNotContact)).id,
        "source_id": seller.listing.source,
        "batch_id": looked.rpartition("/")[2],
        "slug": SHIPPED[0].slug,
        "region": "US-KY",
        "kind": "dnc",
    }
    others = {
        "suppression_imports.show": {"import_id": _id(await test_suppressions.upload(manager, "Phone\n"))},
        "apps.show": {"kind": "dialpad"},
        "letters.show": {"message_id": seller.answer.id},
        "attempts.new": {"message_id": failed.id},
        "external_contacts.edit": {"message_id": await test_external_contacts.log(reader, seller.listing)},
        "schedules.edit": {"message_id": waiting.id},
        "unmatched.show": {"message_id": (await make.unmatched()).id},
        "batches.show": {"batch_id": batch.rpartition("/")[2]},
        "batches.confirm_stop": {"batch_id": batch.rpartition("/")[2]},
    }
    own = {name: [{"listing_id": each.id} for each in (hidden, asleep, seller.listing)] for name in OF_A_LISTING}
    own["apps.show"] = [{"kind": kind} for kind, app in CHANNELS.items() if app.listed]
    return {
        name: [
            url_for(name, **{**ids, **others.get(name, {}), **values}) + asked
            for values in own.get(name, [{}])
            for asked in ASKED.get(name, ("",))
        ]
        for name in sorted(PAGES)
    }


async def test_no_page_asks_more_than_eight_times(
    reader: Client, there: dict[str, list[str]], count_queries: Any
) -> None:
    answered: dict[str, int] = {}
    over: dict[str, list[str]] = {}
    for name, addresses in there.items():
        for address in addresses:
            with count_queries() as queries:
                answered[name] = (await reader.get(address)).status_code
            if queries.count > 8:
                over[f"{name} {address}"] = queries.statements
    assert not over
    if reader.user.role == Role.ADMIN:  # who sees them all
        assert {name for name, status in answered.items() if status != 200} == {"home.show"}


async def _first(table: Any) -> Any:
    return await table.objects().first()


def _id(answer: httpx.Response) -> str:
    """Of what a form made."""
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2]
