"""Contacts made elsewhere, from the page of a listing, without scripts."""

import html
import re
from datetime import timedelta
from uuid import UUID

import pytest

from domain import clock, plans
from domain.listings import Listing
from domain.messages import Message
from domain.users import Role
from tests import make
from tests.client import Client
from web import external_pages

TYPED = {
    "way": "call",
    "direction": "out",
    "type": "follow_up",
    "date": "2026-11-20",
    "time": "10:15",
    "lasted": "4:30",
    "note": "Wants <b>twelve</b>.",
    "place": "",
    "nonce": "abc",
}


@pytest.fixture(autouse=True)
async def _plans(house: None) -> None:
    await plans.seed()


async def page_of(client: Client, listing: Listing) -> str:
    return html.unescape((await client.get(f"/listings/{listing.id}")).text)


async def log(client: Client, listing: Listing, **typed: str) -> UUID:
    answer = await client.submit(f"/listings/{listing.id}/external-contacts", {**TYPED, **typed})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/listings/{listing.id}")
    newest = await Message.select(Message.id).order_by(Message.created_at, ascending=False).first()
    return newest["id"]


async def test_a_call_is_logged_and_stands_in_the_history_as_a_call(agent_client: Client) -> None:
    listing = await make.listing()
    page = await page_of(agent_client, listing)
    assert f"/listings/{listing.id}/external-contacts/new" in page
    form = (await agent_client.get(f"/listings/{listing.id}/external-contacts/new?way=call")).text
    assert '<option value="call" selected>' in form
    await log(agent_client, listing)
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    assert "Phone call, Follow-up" in re.sub(r"<[^>]+>", "", page)
    assert "4 min 30 s" in page
    assert "Wants &lt;b&gt;twelve&lt;/b&gt;." in page
    assert "Stage: Contacted" in page
    assert 'class="msg out ext' in page


async def test_what_the_seller_wrote_elsewhere_says_who_logged_it_and_waits(agent_client: Client) -> None:
    listing = await make.listing()
    await log(agent_client, listing, way="facebook", direction="in", type="reply", note="Still there?")
    page = await page_of(agent_client, listing)
    assert f"Logged by {agent_client.user.name}" in page
    assert "Facebook, Reply" in re.sub(r"<[^>]+>", "", page)
    assert 'class="msg in ext new"' in page


async def test_the_same_form_sent_twice_logs_one_call(agent_client: Client) -> None:
    listing = await make.listing()
    await log(agent_client, listing)
    await log(agent_client, listing)
    assert await Message.count() == 1


async def test_a_form_that_was_changed_after_it_was_logged_asks_before_it_logs_again(agent_client: Client) -> None:
    listing = await make.listing()
    await log(agent_client, listing)
    changed = {**TYPED, "note": "She wants thirteen."}
    answer = await agent_client.submit(f"/listings/{listing.id}/external-contacts", changed)
    assert answer.status_code == 422
    assert "This form logged something else already." in answer.text
    assert "She wants thirteen." in answer.text
    found = re.search(r'name="nonce" value="([^"]+)"', answer.text)
    assert found
    await log(agent_client, listing, note="She wants thirteen.", nonce=found[1])
    assert await Message.count() == 2


async def test_what_was_typed_stays_beside_what_is_wrong(agent_client: Client) -> None:
    listing = await make.listing()
    for wrong, field in (({"date": "2999-01-01"}, "time"), ({"lasted": "soon"}, "lasted"), ({"time": "25:00"}, "time")):
        answer = await agent_client.submit(f"/listings/{listing.id}/external-contacts", {**TYPED, **wrong})
        assert answer.status_code == 422
        assert f'id="f-{field}-err"' in answer.text
        assert "Wants &lt;b&gt;twelve&lt;/b&gt;." in answer.text
    assert not await Message.exists()


async def test_its_author_puts_it_right_and_takes_it_away(agent_client: Client) -> None:
    listing = await make.listing()
    key = await log(agent_client, listing)
    assert f"/messages/{key}/external-contact/edit" in await page_of(agent_client, listing)
    form = html.unescape((await agent_client.get(f"/messages/{key}/external-contact/edit")).text)
    assert 'value="2026-11-20"' in form
    assert 'value="10:15"' in form
    assert 'value="4:30"' in form
    answer = await agent_client.submit(f"/messages/{key}/external-contact", {**TYPED, "note": "No. Eleven."})
    assert answer.status_code == 303
    page = await page_of(agent_client, listing)
    assert "No. Eleven." in page
    assert "twelve" not in page
    await agent_client.submit(f"/messages/{key}/external-contact/deletion")
    assert "No. Eleven." not in await page_of(agent_client, listing)


async def test_others_do_not_change_it_nor_its_author_later(agent_client: Client, admin_client: Client) -> None:
    listing = await make.listing()
    key = await log(agent_client, listing)
    there = f"/messages/{key}/external-contact"
    assert there not in await page_of(admin_client, listing)
    assert (await admin_client.get(f"{there}/edit")).status_code == 404
    assert (await admin_client.submit(f"{there}/deletion")).status_code == 404
    await Message.update({Message.created_at: clock.now() - timedelta(hours=25)}).where(Message.id == key)
    assert there not in await page_of(agent_client, listing)
    assert (await agent_client.submit(f"{there}/deletion")).status_code == 422
    assert await Message.exists()


async def test_support_reads_it_and_logs_nothing(agent_client: Client, client: Client) -> None:
    listing = await make.listing()
    await log(agent_client, listing)
    async with await client.signed_in(await make.user(role=Role.SUPPORT)) as support:
        page = await page_of(support, listing)
        assert "4 min 30 s" in page
        assert "external-contact" not in page
        assert (await support.get(f"/listings/{listing.id}/external-contacts/new")).status_code == 403
        assert (await support.submit(f"/listings/{listing.id}/external-contacts", TYPED)).status_code == 403


@pytest.mark.parametrize(
    ("typed", "seconds"), [("", 0), ("4", 240), ("4:30", 270), ("90 min", 5400), ("1:05:00", 3900), ("0:20", 20)]
)
def test_the_length_of_a_call_is_read_as_people_write_it(typed: str, seconds: int) -> None:
    assert external_pages._seconds(typed) == seconds


async def test_who_logs_a_stop_is_led_to_decide_about_it(agent_client: Client) -> None:
    listing = await make.listing()
    typed = {**TYPED, "way": "text", "direction": "in", "type": "reply", "note": "STOP", "lasted": ""}
    answer = await agent_client.submit(f"/listings/{listing.id}/external-contacts", typed)
    page = (await agent_client.get(answer.headers["location"])).text
    assert "It is logged. It may mean that they want no more messages: say so under Reviews." in page
    reviewed = (await agent_client.get("/reviews")).text
    assert "STOP" in reviewed


async def test_two_windows_do_not_write_over_each_other(agent_client: Client) -> None:
    listing = await make.listing()
    key = await log(agent_client, listing)
    there = f"/messages/{key}/external-contact"
    form = (await agent_client.get(f"{there}/edit")).text
    assert 'name="revision" value="0"' in form
    first = {**TYPED, "note": "Wants thirteen.", "revision": "0"}
    assert (await agent_client.submit(there, first)).status_code == 303
    answer = await agent_client.submit(there, {**first, "note": "Wants fourteen."})
    assert answer.status_code == 422
    said = html.unescape(answer.text)
    assert "You changed this in another window. It says now: “Wants thirteen.” Save again to write over that." in said
    assert "Wants fourteen." in said
    assert 'name="revision" value="1"' in said
    assert (await agent_client.submit(there, {**first, "note": "Wants fourteen.", "revision": "1"})).status_code == 303
    assert "Wants fourteen." in await page_of(agent_client, listing)
