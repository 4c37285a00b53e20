"""Messages that matched no listing."""

import re
from typing import Any
from uuid import uuid4

import pytest

from domain import plans, unmatched
from domain.accounts import Account
from domain.errors import Refused
from domain.inbox import MatchSuggestion
from domain.listings import Listing
from domain.messages import Message
from domain.unmatched import looking, settling
from tests import make
from tests.client import Client


@pytest.fixture(autouse=True)
async def _plans(house: None) -> None:
    await plans.seed()


async def test_an_unmatched_message_is_shown_until_it_is_discarded_and_kept_after(agent_client: Client) -> None:
    message = await make.unmatched(body="Wrong number?", from_address="+15205550142")
    page = (await agent_client.get("/unmatched")).text
    assert "Wrong number?" in page
    assert "+1 520 555 0142" in page
    assert "Yes, discard it" in (await agent_client.get(f"/unmatched/{message.id}")).text
    answer = await agent_client.submit(f"/unmatched/{message.id}/deletion")
    assert answer.status_code == 303
    page = (await agent_client.get("/unmatched")).text
    assert "Wrong number?" not in page
    assert "The message is discarded." in page
    assert "Wrong number?" in (await agent_client.get("/unmatched/discarded")).text
    assert "Put it back" in (await agent_client.get(f"/unmatched/{message.id}")).text
    await agent_client.submit(f"/unmatched/{message.id}/restoration")
    assert "Wrong number?" in (await agent_client.get("/unmatched")).text
    await agent_client.submit(f"/unmatched/{message.id}/deletion")
    assert (await Message.select().where(Message.id == message.id).first())["body"] == "Wrong number?"


async def test_matched_and_foreign_messages_are_not_there(agent_client: Client) -> None:
    await make.message(direction="in", body="matched")
    await make.unmatched(await make.account(), body="foreign")
    page = (await agent_client.get("/unmatched")).text
    assert "matched" not in re.sub(r"(?i)unmatched|nothing unmatched", "", page)
    assert "foreign" not in page


async def test_of_a_colleagues_mail_the_page_says_so_and_their_address_is_no_sellers(agent_client: Client) -> None:
    maya = await make.user(name="Maya Brooks", email="maya@lots.example")
    message = await make.unmatched(channel="email", from_address=maya.email, body="Call them today.")
    page = (await agent_client.get(f"/unmatched/{message.id}")).text
    assert "Maya Brooks works here. Linked, it stands in the history under their name" in page
    assert maya.email not in (await agent_client.get(f"/listings/new?unmatched={message.id}")).text
    listing = await make.listing()
    await agent_client.submit(f"/unmatched/{message.id}/links", {"listing_id": str(listing.id), "keep": "1"})
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    assert "in a mail program" in page
    assert (await make.seller_of(listing)).email == ""


async def test_a_message_of_a_listing_cannot_be_discarded_this_way(agent_client: Client) -> None:
    message = await make.message(direction="in")
    await agent_client.submit(f"/unmatched/{message.id}/deletion")
    assert (await Message.select().where(Message.id == message.id).first())["responded_at"] is None


async def test_support_reads_and_discards_nothing(client: Client) -> None:
    message = await make.unmatched(body="Hello there")
    async with await client.signed_in(await make.user(role="support")) as support:
        page = (await support.get("/unmatched")).text
        assert "Hello there" in page
        assert "Settle<span" not in page
        assert "Open<span" in page
        page = (await support.get(f"/unmatched/{message.id}")).text
        assert "Hello there" in page
        assert "/deletion" not in page
        assert "/links" not in page
        assert (await support.submit(f"/unmatched/{message.id}/links", {"listing_id": "x"})).status_code == 403
        assert (await support.submit(f"/unmatched/{message.id}/deletion")).status_code == 403


async def test_older_ones_are_a_page_further_and_none_is_lost(
    agent_client: Client, monkeypatch: pytest.MonkeyPatch, count_queries
) -> None:
    monkeypatch.setattr(looking, "PAGE", 3)
    for n in range(7):
        await make.unmatched(body=f"number {n}.")
    seen, url = [], "/unmatched"
    while url:
        with count_queries() as queries:
            page = (await agent_client.get(url)).text
        assert queries.count <= 3
        seen += re.findall(r"number (\d)\.", page)
        found = re.search(r'rel="next" href="([^"]*)"', page)
        url = found[1] if found else ""
    assert seen == list("6543210")


async def test_a_place_that_cannot_be_read_is_the_first_page(agent_client: Client) -> None:
    await make.unmatched(body="still here")
    assert "still here" in (await agent_client.get("/unmatched?before=zzz-1")).text


async def test_it_is_found_by_a_word_and_linked(agent_client: Client, count_queries) -> None:
    listing = await make.listing(seller={"first_name": "Quentin", "last_name": "Vole"}, search="quentin vole subaru")
    await make.listing(make="Honda")
    message = await make.unmatched(body="About the <b>car</b>", from_address="+15205550142")
    with count_queries() as queries:
        page = (await agent_client.get(f"/unmatched/{message.id}?q=quentin")).text
    assert queries.count <= 8
    assert "About the &lt;b&gt;car&lt;/b&gt;" in page
    assert "Quentin Vole" in page
    assert "Honda" not in page
    answer = await agent_client.submit(f"/unmatched/{message.id}/links", {"listing_id": str(listing.id), "keep": "1"})
    assert answer.headers["location"] == f"/listings/{listing.id}"
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    assert "The message is in the history." in page
    assert "About the &lt;b&gt;car&lt;/b&gt;" in page
    assert "+1 520 555 0142" in page
    assert (await agent_client.get(f"/unmatched/{message.id}")).headers["location"] == f"/listings/{listing.id}"


@pytest.mark.parametrize("in_that_moment", [False, True])
async def test_who_comes_too_late_is_led_to_the_vehicle_it_was_linked_to(
    agent_client: Client, monkeypatch: pytest.MonkeyPatch, in_that_moment: bool
) -> None:
    message, first, second = await make.unmatched(), await make.listing(), await make.listing()
    account = await Account.objects().get(Account.id == message.account)
    assert account
    if in_that_moment:

        async def looked(*which: Any) -> dict[str, Any]:
            monkeypatch.setattr(settling, "of", looking.of)
            row = await looking.of(*which)
            await unmatched.link(account, message.id, first, agent_client.user)
            return row

        monkeypatch.setattr(settling, "of", looked)
    else:
        await unmatched.link(account, message.id, first, agent_client.user)
    for way, typed in (("links", {"listing_id": str(second.id)}), ("blocks", {"reason": "Spam."})):
        answer = await agent_client.submit(f"/unmatched/{message.id}/{way}", typed)
        assert answer.headers["location"] == f"/listings/{first.id}", way
        page = (await agent_client.get(answer.headers["location"])).text
        assert "Somebody linked this message before you." in page
    assert (await agent_client.get(f"/unmatched/{uuid4()}")).status_code == 404


async def test_a_guess_stands_beside_it_and_one_press_confirms_it(agent_client: Client) -> None:
    listing = await make.listing()
    message = await make.unmatched(channel="email", from_address="dana@mail.example", author_name="Dana Q")
    await MatchSuggestion.insert(MatchSuggestion(message=message.id, listing=listing.id, why="By its address."))
    page = (await agent_client.get("/unmatched")).text
    assert "Maybe" in page
    assert "2019 Subaru Outback" in page
    assert "Dana Q" in page
    assert f'name="listing_id" value="{listing.id}"' in page
    assert "By its address." in (await agent_client.get(f"/unmatched/{message.id}")).text


async def test_a_listing_made_from_it_begins_with_it(agent_client: Client) -> None:
    message = await make.unmatched(body="Selling my truck", from_address="+15205550142")
    form = (await agent_client.get(f"/listings/new?unmatched={message.id}")).text
    assert 'value="+1 520 555 0142"' in form
    assert f'name="unmatched" value="{message.id}"' in form
    typed = {"year": "2018", "make": "Ford", "model": "F-150", "mobile": "+1 520 555 0142"}
    answer = await agent_client.submit("/listings", {**typed, "unmatched": str(message.id)})
    assert answer.status_code == 303
    made = await Listing.select().first()
    assert (await Message.select().first())["listing"] == made["id"]
    page = (await agent_client.get(answer.headers["location"])).text
    assert "Selling my truck" in page
    assert "The message is in its history." in page


async def test_a_message_that_a_colleague_settled_meanwhile_makes_no_second_vehicle(agent_client: Client) -> None:
    message = await make.unmatched()
    typed = {"year": "2018", "make": "Ford", "model": "F-150", "unmatched": str(message.id)}
    assert (await agent_client.submit("/listings", typed)).status_code == 303
    late = await agent_client.submit("/listings", typed)
    assert late.status_code == 422
    assert "Somebody settled the message before you. Save once more to add the vehicle without it." in late.text
    assert 'value="F-150"' in late.text
    assert 'name="unmatched"' not in late.text
    assert await Listing.count() == 1
    assert (await agent_client.submit("/listings", {**typed, "unmatched": ""})).status_code == 303
    assert await Listing.count() == 2


async def test_a_message_that_is_settled_in_the_same_moment_loses_nothing_that_was_typed(
    agent_client: Client, monkeypatch: Any
) -> None:
    message = await make.unmatched()

    async def faster(*_: Any) -> int:
        raise Refused("Somebody settled this message before you.", code="settled")

    monkeypatch.setattr(unmatched, "link", faster)
    typed = {"year": "2018", "make": "Ford", "model": "F-150", "unmatched": str(message.id)}
    answer = await agent_client.submit("/listings", typed)
    assert answer.status_code == 303
    assert "settled it in the same moment" in (await agent_client.get(answer.headers["location"])).text


async def test_what_was_typed_for_a_new_listing_stays_with_its_message(agent_client: Client) -> None:
    message = await make.unmatched()
    answer = await agent_client.submit("/listings", {"year": "no", "unmatched": str(message.id)})
    assert answer.status_code == 422
    assert f'name="unmatched" value="{message.id}"' in answer.text


async def test_a_foreign_message_is_not_found_and_makes_no_form(agent_client: Client) -> None:
    foreign = await make.unmatched(await make.account(), from_address="+15205550142")
    assert (await agent_client.get(f"/unmatched/{foreign.id}")).status_code == 404
    assert (await agent_client.get("/unmatched/nonsense")).status_code == 404
    assert "555 0142" not in (await agent_client.get(f"/listings/new?unmatched={foreign.id}")).text
    listing = await make.listing()
    answer = await agent_client.submit(f"/unmatched/{foreign.id}/links", {"listing_id": str(listing.id)})
    assert answer.status_code == 404


async def test_a_blocked_sender_disturbs_nobody(agent_client: Client) -> None:
    message = await make.unmatched(body="Buy my warranty")
    await agent_client.submit(f"/unmatched/{message.id}/blocks", {"reason": "Spam"})
    page = (await agent_client.get("/unmatched")).text
    assert "Buy my warranty" not in page
    assert "The sender is blocked." in page


async def test_the_menu_says_how_many_wait(agent_client: Client) -> None:
    await make.unmatched()
    await make.unmatched()
    assert 'hx-get="/waiting/unmatched"' in (await agent_client.get("/listings")).text
    badge = (await agent_client.get("/waiting/unmatched")).text
    assert re.search(r'class="badge">2<', badge)
    await Account.update({Account.tier: "standard"}, force=True)
    assert "badge" not in (await agent_client.get("/waiting/unmatched")).text
