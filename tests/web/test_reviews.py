"""The page of messages to look at, without scripts."""

import re
from typing import Any

import pytest

from domain import plans, reviews
from domain.opt_out_words import Outcome, Reading
from domain.reviews import Review
from tests import make
from tests.client import Client
from tests.domain.test_reviews import PHRASE, waits


@pytest.fixture(autouse=True)
async def _plans(house: None) -> None:
    await plans.seed()


async def test_a_message_waits_with_its_words_until_somebody_carries_on(agent_client: Client) -> None:
    listing = await make.listing(make="Toyota", model="Tacoma", seller={"first_name": "Dana", "last_name": "Cruz"})
    review = await waits(listing, body="Not <b>interested</b> & done")
    page = (await agent_client.get("/reviews")).text
    assert "Dana Cruz" in page
    assert "Toyota Tacoma" in page
    assert "Not &lt;b&gt;interested&lt;/b&gt; &amp; done" in page
    assert "not interested" in page
    answer = await agent_client.submit(f"/reviews/{review.id}/decisions", {"decision": "carry_on"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/reviews")
    page = (await agent_client.get("/reviews")).text
    assert "You carry on with this seller." in page
    assert "Nothing to look at" in page


async def test_the_badge_counts_where_people_work(agent_client: Client) -> None:
    listing = await make.listing()
    for url in ("/listings", f"/listings/{listing.id}", "/reviews"):
        assert "waiting</span>" not in (await agent_client.get(url)).text, url
    await waits(listing)
    await waits(await make.listing(await make.account()))  # another dealership's
    for url in ("/listings", f"/listings/{listing.id}", "/reviews"):
        page = (await agent_client.get(url)).text
        assert '<span class="badge">1<span class="vh"> waiting</span></span>' in page, url


async def test_the_menu_of_an_open_page_hears_of_another_review_within_a_minute(agent_client: Client) -> None:
    asks = re.compile(r'<span id="unmatched-count"[^>]* hx-get="(.+?)" hx-trigger="(.+?)"')
    page = (await agent_client.get("/reviews")).text
    assert '<span id="reviews-count"></span>' in page
    found = asks.search(page)
    assert found is not None
    url, when = found.groups()
    assert when == "load"
    await waits(await make.listing())
    fragment = (await agent_client.get(url)).text
    said = re.search(r'<hx-partial hx-target="#reviews-count" [^>]+>(.*?)</hx-partial>', fragment, re.DOTALL)
    assert said is not None
    assert '<span class="badge">1<span' in said[1]
    again = asks.search(fragment)
    assert again is not None
    assert again.groups() == (url, "every 60s")


async def test_a_second_decision_is_told(agent_client: Client) -> None:
    review = await waits(await make.listing())
    for _ in range(2):
        await agent_client.submit(f"/reviews/{review.id}/decisions", {"decision": "carry_on"})
    assert "Somebody settled this message already." in (await agent_client.get("/reviews")).text


async def test_an_agent_is_not_offered_to_take_an_opt_out_back(agent_client: Client) -> None:
    review = await waits(await make.listing(), PHRASE)
    page = (await agent_client.get("/reviews")).text
    assert "Take it back" not in page
    assert "A manager can take the opt-out back." in page
    answer = await agent_client.submit(f"/reviews/{review.id}/decisions", {"decision": "carry_on", "reason": "x"})
    assert answer.status_code == 403
    assert await reviews.count(review.account) == 1


async def test_a_manager_takes_it_back_and_is_asked_why(manager_client: Client) -> None:
    review = await waits(await make.listing(), PHRASE)
    assert "Take it back" in (await manager_client.get("/reviews")).text
    url = f"/reviews/{review.id}/decisions"
    answer = await manager_client.submit(url, {"decision": "carry_on", "reason": " "})
    assert answer.status_code == 422
    assert f'id="f-reason-{review.id}-err"' in answer.text
    answer = await manager_client.submit(url, {"decision": "carry_on", "reason": "The cover, not the car"})
    assert answer.status_code == 303
    assert "You carry on" in (await manager_client.get("/reviews")).text


async def test_that_an_opt_out_stands_is_said(manager_client: Client) -> None:
    listing = await make.listing()
    review = await waits(listing, PHRASE)
    await make.message(listing, direction="in", body="STOP")
    await manager_client.submit(f"/reviews/{review.id}/decisions", {"decision": "carry_on", "reason": "No"})
    assert "The opt-out stays" in (await manager_client.get("/reviews")).text


async def test_support_reads_and_decides_nothing(client: Client) -> None:
    review = await waits(await make.listing(), body="Leave it")
    async with await client.signed_in(await make.user(role="support")) as support:
        page = (await support.get("/reviews")).text
        assert "Leave it" in page
        assert "decision" not in page
        answer = await support.submit(f"/reviews/{review.id}/decisions", {"decision": "carry_on"})
        assert answer.status_code == 403


async def test_foreign_and_malformed_ones_are_not_found(manager_client: Client) -> None:
    foreign = await waits(await make.listing(await make.account()), body="foreign words")
    assert "foreign words" not in (await manager_client.get("/reviews")).text
    for key in (foreign.id, "x", "0", "%00"):
        answer = await manager_client.submit(f"/reviews/{key}/decisions", {"decision": "carry_on"})
        assert answer.status_code == 404, key
    assert (await Review.select().first())["settled_at"] is None


async def test_a_word_that_decides_nothing_comes_back(agent_client: Client) -> None:
    review = await waits(await make.listing())
    answer = await agent_client.submit(f"/reviews/{review.id}/decisions", {"decision": "delete"})
    assert answer.status_code == 422
    assert "Choose what to do" in answer.text


async def test_a_hidden_listing_is_not_named(agent_client: Client) -> None:
    listing = await make.listing(model="Secretmodel", hidden=True, seller={"first_name": "Hidden"})
    await waits(listing, body="still to be seen")
    page = (await agent_client.get("/reviews")).text
    assert "still to be seen" in page
    assert "Secretmodel" not in page


async def test_older_ones_are_a_page_further_in_few_queries(
    agent_client: Client, monkeypatch: pytest.MonkeyPatch, count_queries: Any
) -> None:
    monkeypatch.setattr(reviews, "PAGE", 3)
    listing = await make.listing()
    for n in range(7):
        await waits(listing, Reading(Outcome.REVIEW, "rule", ""), body=f"number {n}.")
    await agent_client.get("/reviews")
    seen, url = [], "/reviews"
    while url:
        with count_queries() as queries:
            page = (await agent_client.get(url)).text
        assert queries.count <= 4, queries.statements
        seen += re.findall(r"number (\d)\.", page)
        found = re.search(r'rel="next" href="([^"]*)"', page)
        url = found[1] if found else ""
    assert seen == list("6543210")
    assert (await agent_client.get("/reviews?before=zzz-1")).status_code == 200


async def test_a_plan_without_messaging_has_no_such_page(agent_client: Client) -> None:
    account = await make.account(tier="standard")
    async with await agent_client.signed_in(await make.user(account)) as standard:
        assert (await standard.get("/reviews")).status_code == 422
