"""Messages that matched no listing."""

import re

import pytest

from domain import plans, unmatched
from domain.messages import Message
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
    answer = await agent_client.submit(f"/unmatched/{message.id}/deletion")
    assert answer.status_code == 303
    page = (await agent_client.get("/unmatched")).text
    assert "Wrong number?" not in page
    assert "The message is discarded." in page
    assert (await Message.select().where(Message.id == message.id).first())["body"] == "Wrong number?"


async def test_matched_and_foreign_messages_are_not_there(agent_client: Client) -> None:
    await make.message(direction="in", body="matched")
    await make.unmatched(await make.account(), body="foreign")
    page = (await agent_client.get("/unmatched")).text
    assert "matched" not in re.sub(r"(?i)unmatched|nothing unmatched", "", page)
    assert "foreign" not in page


async def test_a_message_of_a_listing_cannot_be_discarded_this_way(agent_client: Client) -> None:
    message = await make.message(direction="in")
    await agent_client.submit(f"/unmatched/{message.id}/deletion")
    assert (await Message.select().where(Message.id == message.id).first())["responded_at"] is None


async def test_support_reads_and_discards_nothing(client: Client) -> None:
    message = await make.unmatched(body="Hello there")
    async with await client.signed_in(await make.user(role="support")) as support:
        page = (await support.get("/unmatched")).text
        assert "Hello there" in page
        assert "Discard" not in page
        assert (await support.submit(f"/unmatched/{message.id}/deletion")).status_code == 403


async def test_older_ones_are_a_page_further_and_none_is_lost(
    agent_client: Client, monkeypatch: pytest.MonkeyPatch, count_queries
) -> None:
    monkeypatch.setattr(unmatched, "PAGE", 3)
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
