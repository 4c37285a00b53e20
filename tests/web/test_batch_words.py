"""What people read of batches: why somebody did not get it, what it waits for, whose drafts there are."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import clock, gate
from domain.batches import drafts, expanding, reasons
from domain.batches.tables import Batch, BatchListing
from domain.connections import Connection
from domain.installations import freezing
from domain.messages import Message, State
from tests import make
from tests.client import Client
from tests.web.test_batches import batch_of, chosen, looked, manager, revision, started, text, written
from web import batch_pages

__all__ = ["manager"]


async def marked(url: str, **values: Any) -> None:
    batch = await batch_of(url)
    message = await Message.objects().where(Message.batch == batch.id).order_by(Message.id).first()
    assert message
    await Message.update({getattr(Message, name): value for name, value in values.items()}).where(
        Message.id == message.id
    )


@pytest.mark.parametrize(
    ("code", "said", "sentence"),
    [
        ("402", "", "The provider refused it."),
        ("403", "Dialpad does not allow this.", "Dialpad does not allow this."),
        ("provider", "", "The provider refused it."),
        ("cancelled", "Cancelled by Ana", "Cancelled by Ana."),
        ("cancelled", "", "It was cancelled before it left."),
        ("no_permission", "Ask Ana for batches.", "Ask Ana for batches."),
        ("no_permission", "", "Your role does not send messages."),
        ("seller_wrote", "", "The seller wrote meanwhile."),
        ("stage_pass", "", "This listing was passed."),
        ("no_such_code", "", "The provider refused it."),
    ],
)
async def test_why_somebody_did_not_get_it_is_a_sentence_on_the_page_and_in_the_file(
    manager: Client, code: str, said: str, sentence: str
) -> None:
    url = await started(manager)
    await marked(url, state=State.FAILED, code=code, reason=said)
    shown = text(await manager.get(url))
    assert f"1 {sentence}" in shown
    assert f"{code.replace('_', ' ').capitalize()}." not in shown
    file = (await manager.get(f"{url}/recipients.csv")).text.removeprefix("\ufeff")
    assert (said or sentence) in {row["Reason"] for row in csv.DictReader(io.StringIO(file))}


def test_messages_that_say_several_things_are_told_by_what_they_have_in_common() -> None:
    assert reasons.alike("Cancelled by Ana", "Cancelled by Bo") == ""
    assert reasons.sentence("cancelled", "") == "It was cancelled before it left."


async def test_a_batch_that_is_planned_is_called_scheduled_in_the_list_too(manager: Client) -> None:
    url = await started(manager)
    later = clock.now() + timedelta(days=1)
    await Batch.update({Batch.scheduled_at: later}).where(Batch.id == (await batch_of(url)).id)
    shown = text(await manager.get("/batches"))
    assert "Scheduled" in shown
    assert "On its way" not in shown


async def test_while_nothing_is_sent_a_batch_does_not_say_that_it_goes_on(manager: Client) -> None:
    url = await started(manager)
    assert "it goes on" in text(await manager.get(url))
    await freezing.freeze("A backup was put back.")
    for page in (url, "/batches"):
        shown = text(await manager.get(page))
        assert "On its way" not in shown
        assert "it goes on." not in shown.replace("Then it goes on.", "")
    assert "Nothing is sent at present" in text(await manager.get(url)).partition("Batch to 2")[2]


async def test_what_waits_says_for_what_and_until_when(manager: Client) -> None:
    url = await started(manager)
    await marked(url, state=State.PENDING, scheduled_at=None)
    shown = text(await manager.get(url))
    assert "Waits for the first ones" in shown
    assert "Scheduled" not in shown.partition("Everybody")[2]
    await marked(
        url,
        state=State.QUEUED,
        code="quiet_hours",
        reason="It is outside the hours in which this seller may be texted.",
        not_before=clock.now().replace(year=2026, month=11, day=25, hour=16, minute=0),
    )
    assert "may be texted. It leaves 25 Nov 2026, 11:00 AM by your clock." in text(await manager.get(url))


async def test_a_draft_is_discarded_after_a_question_and_one_on_its_way_is_not(manager: Client) -> None:
    url = await looked(manager)
    assert f"{url}/discards/new" in (await manager.get("/batches")).text
    assert f"{url}/discards/new" in (await manager.get(f"{url}/edit")).text
    assert "Nothing of it has been sent" in text(await manager.get(f"{url}/discards/new"))
    assert await Batch.count() == 1
    answer = await manager.submit(f"{url}/discards")
    assert answer.headers["location"] == "/batches"
    assert await Batch.count() == await BatchListing.count() == 0
    gone = await started(manager)
    await manager.submit(f"{gone}/discards")
    assert (await batch_of(gone)).state == "running"


async def test_drafts_are_their_authors_until_a_manager_looks(manager: Client, client: Client) -> None:
    agent = await make.user(role="agent", may_batch=True)
    theirs = await client.signed_in(agent)
    url, mine = await chosen(manager), await chosen(theirs)
    shown = (await theirs.get("/batches")).text
    assert mine in shown
    assert url not in shown
    assert url in (await manager.get("/batches")).text
    assert mine in (await manager.get("/batches")).text
    assert (await theirs.submit(f"{url}/discards")).status_code == 403
    assert (await manager.submit(f"{mine}/discards")).status_code == 303
    assert (await drafts.files_of(await batch_of(url))) == ()


@pytest.mark.parametrize("q", ["%", "_", "!!", "–"])
async def test_a_search_for_nothing_that_can_be_found_takes_nobody(manager: Client, q: str) -> None:
    await make.listing()
    await manager.submit("/batches", {"which": "matching", "view": "all", "q": q})
    assert await Batch.count() == 0
    await manager.submit("/batches", {"which": "matching", "view": "all", "q": " "})
    assert await Batch.count() == 1


async def planned_for(manager: Client, time: str, *sellers: dict[str, str], zone: str = "seller") -> str:
    ids = [str((await make.listing(seller=each)).id) for each in sellers]
    url = (await manager.submit("/batches", {"listing_ids": ids})).headers["location"].removesuffix("/edit")
    await written(manager, url, date="2026-12-01", time=time, zone=zone)
    return url


PHOENIX = {"mobile": "+16025550134", "postal_code": "85001"}  # two hours behind the dealership
SEATTLE = {"mobile": "+12065550134", "postal_code": "98101"}  # three
NEW_YORK = {"mobile": "+12125550134", "postal_code": "10001"}


async def test_a_time_outside_the_hours_is_told_as_what_is_meant_by_it(manager: Client) -> None:
    url = await planned_for(manager, "03:00", PHOENIX, SEATTLE)
    look = text(await manager.get(f"{url}/look"))
    assert "Tue 1 Dec, from 9:00 AM on by each seller’s own clock: 3:00 AM is outside the hours" in look
    assert "By your clock from Tue 1 Dec, 11:00 AM to Tue 1 Dec, 12:00 PM" in look
    await manager.submit(f"{url}/starts", {"revision": await revision(manager, url)})
    await expanding.expand((await batch_of(url)).id)
    stored = await Message.select(Message.not_before).order_by(Message.not_before)
    assert [f"{row['not_before']:%H:%M}" for row in stored] == ["16:00", "17:00"]
    shown = text(await manager.get(url))
    assert "It leaves Tue 1 Dec, from 9:00 AM on by each seller’s own clock" in shown
    assert "Leaves 1 Dec 2026, by each seller’s own clock" in text(await manager.get("/batches"))


async def test_a_time_that_is_over_where_somebody_is_is_told_as_the_day_after_there(
    manager: Client, clock: Any
) -> None:
    clock.set(datetime(2026, 12, 1, 14, 30, tzinfo=UTC))  # 9:30 where the dealership is, 10:30 in Halifax
    url = await planned_for(manager, "10:00", NEW_YORK, {"mobile": "+19025550134"})
    look = text(await manager.get(f"{url}/look"))
    assert "Tue 1 Dec, 10:00 AM by each seller’s own clock, the day after where that is over. By your clock" in look
    assert "from Tue 1 Dec, 10:00 AM to Wed 2 Dec, 9:00 AM" in look


async def test_a_time_inside_the_hours_is_told_as_it_was_asked_for(manager: Client) -> None:
    url = await planned_for(manager, "10:00", NEW_YORK, SEATTLE)
    look = text(await manager.get(f"{url}/look"))
    assert "Tue 1 Dec, 10:00 AM by each seller’s own clock. By your clock from Tue 1 Dec, 10:00 AM to" in look
    assert "outside the hours" not in look


async def test_the_look_says_what_it_costs_where_the_connection_names_a_price_and_nothing_else(manager: Client) -> None:
    url = await looked(manager, 3)
    look = text(await manager.get(f"{url}/look"))
    assert "Paid text segments 3 " in look
    assert "$" not in look.partition("Paid text segments")[2].partition("All have left")[0]
    await Connection.update({Connection.options: '{"price_per_segment": "0.0085"}'}).where(
        Connection.account == manager.user.account
    )
    assert "Paid text segments 3, about $0.03" in text(await manager.get(f"{url}/look"))


async def test_where_twilio_carries_the_texts_the_page_before_a_batch_speaks_of_it(manager: Client) -> None:
    options = json.dumps({"account_sid": f"AC{'1' * 32}", "from_number": "+16195550142"})
    columns = {Connection.kind: "twilio", Connection.options: options, Connection.state: "broken"}
    await Connection.update(columns).where(Connection.kind == "simulator")
    url = await chosen(manager)
    await written(manager, url)
    page = text(await manager.get(f"{url}/look"))
    assert "Twilio is not connected." in page
    assert "DialPad" not in page


def test_what_messages_of_a_batch_say_of_their_provider_is_said() -> None:
    assert batch_pages.told("no_connection", "Twilio is not connected.") == "Twilio is not connected."
    assert batch_pages.told("no_connection", gate.NO_DIALPAD_CONNECTION).startswith("You need an active DialPad")
    assert batch_pages.told("sender_not_linked", gate.NO_DIALPAD_ACCOUNT) == gate.NO_DIALPAD_ACCOUNT
