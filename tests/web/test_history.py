"""The Communication History over HTTP: what an open page fetches to stay fresh."""

import re
from datetime import timedelta
from html import unescape

import pytest

from domain import clock, history, plans
from tests import make
from tests.client import Client


@pytest.fixture(autouse=True)
async def _plans(house: None) -> None:
    await plans.seed()


def refresh_url(html: str) -> str:
    """Where the log of this page asks for what is new."""
    found = re.search(r'<ol class="log"[^>]*hx-get="([^"]+)"', html)
    assert found, html
    return unescape(found[1])


async def test_what_a_provider_tells_late_appears_on_an_open_page(agent_client: Client) -> None:
    listing = await make.listing(agent_client.user.account)
    await make.message(listing, body="Is it still there?", user=agent_client.user)
    page = await agent_client.get(f"/listings/{listing.id}")
    await make.message(listing, direction="in", body="Yes it is", at=clock.now() - timedelta(hours=1))
    answer = await agent_client.get_fragment(refresh_url(page.text))
    assert "Yes it is" in answer.text
    assert answer.text.index("Yes it is") < answer.text.index("Is it still there?")


async def test_an_open_page_with_earlier_entries_left_out_refreshes_only_what_it_shows(agent_client: Client) -> None:
    listing = await make.listing(agent_client.user.account)
    for n in range(history.PAGE + 1):
        at = clock.now() - timedelta(minutes=history.PAGE - n)
        await make.message(listing, body=f"Number {n}.", at=at, user=agent_client.user)
    page = await agent_client.get(f"/listings/{listing.id}")
    await make.message(listing, direction="in", body="Newest", at=clock.now())
    answer = await agent_client.get_fragment(refresh_url(page.text))
    assert "Newest" in answer.text
    assert "Number 1." in answer.text
    assert "Number 0." not in answer.text


async def test_a_plan_without_messaging_is_refused_the_history_at_every_address(agent_client: Client) -> None:
    account = await make.account(tier="standard")
    listing = await make.listing(account)
    await make.message(listing, direction="in", body="Yes it is")
    async with await agent_client.signed_in(await make.user(account)) as standard:
        for place in ("history", "history/latest", "stream"):
            answer = await standard.get(f"/listings/{listing.id}/{place}")
            assert answer.status_code == 422, place
            assert "Compare plans" in answer.text
            assert "Yes it is" not in answer.text
        assert (await standard.submit(f"/listings/{listing.id}/responses", {})).status_code == 422
        assert (await standard.get("/unmatched")).status_code == 422
