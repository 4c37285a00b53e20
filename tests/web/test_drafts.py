"""Drafts over HTTP: saved while typing, there again, told of changes elsewhere, gone when sent."""

import asyncio
import re
from typing import Any

import pytest

from domain import drafts, message_templates, plans
from domain.drafts import Draft
from domain.listings import Listing
from domain.users import User
from tests import make
from tests.client import Client
from tests.web.test_sends import text_of, typed, window, words_of


@pytest.fixture
async def listing(house: None, agent_client: Client) -> Listing:
    await plans.seed()
    await message_templates.seed()
    account = agent_client.user.account
    await make.sender_link(await make.connection(account), agent_client.user)
    return await make.listing(account, seller={"first_name": "Dana", "mobile": "+15205550117"})


def draft(listing: Listing) -> str:
    return f"/listings/{listing.id}/draft"


def revision(html: str) -> str:
    [found] = set(re.findall(r'name="draft_revision" value="(\d+)"', html))
    return str(found)


async def kept(client: Client, listing: Listing) -> str | None:
    saved = await drafts.of(client.user.id, listing.id)
    return saved.writing.body if saved else None


async def test_what_is_typed_is_kept_and_there_again_on_another_device(agent_client: Client, listing: Listing) -> None:
    saved = await agent_client.submit(draft(listing), typed("Hello Da", draft_revision="0"), htmx=True)
    assert re.search(r"Saved \d+:\d\d [AP]M", text_of(saved.text))
    phone = await agent_client.signed_in(agent_client.user)
    async with phone:
        page = await phone.get(window(listing, "/new"))
    assert words_of(page.text) == "Hello Da"
    assert revision(page.text) == revision(saved.text)
    assert "Draft" in text_of((await agent_client.get(f"/listings/{listing.id}")).text)


async def test_a_change_made_elsewhere_is_shown_and_the_person_says_which_counts(
    agent_client: Client, listing: Listing
) -> None:
    first = await agent_client.submit(draft(listing), typed("Desk", draft_revision="0"), htmx=True)
    await agent_client.submit(draft(listing), typed("Phone", draft_revision=revision(first.text)), htmx=True)
    stale = typed("Desk, longer", draft_revision=revision(first.text))
    told = await agent_client.submit(draft(listing), stale, htmx=True)
    assert "Phone" in text_of(told.text)
    assert await kept(agent_client, listing) == "Phone"
    theirs = await agent_client.submit(window(listing, "/new"), {**stale, "do": "theirs"})
    assert words_of(theirs.text) == "Phone"
    mine = await agent_client.submit(draft(listing), {**stale, "do": "mine"}, htmx=True)
    assert "Saved" in text_of(mine.text)
    assert await kept(agent_client, listing) == "Desk, longer"


async def test_sending_ends_the_draft_and_a_save_that_comes_late_does_not_bring_it_back(
    agent_client: Client, listing: Listing
) -> None:
    saved = await agent_client.submit(draft(listing), typed("Hello", draft_revision="0"), htmx=True)
    await agent_client.submit(window(listing), typed("Hello"), htmx=True)
    assert await kept(agent_client, listing) is None
    await agent_client.submit(draft(listing), typed("Hello", draft_revision=revision(saved.text)), htmx=True)
    assert await kept(agent_client, listing) is None
    assert words_of((await agent_client.get(window(listing, "/new"))).text) == ""


async def test_a_refused_send_leaves_the_draft(agent_client: Client, listing: Listing) -> None:
    await agent_client.submit(draft(listing), typed("Hello", draft_revision="0"), htmx=True)
    await make.opt_out("+15205550117", agent_client.user.account)
    assert (await agent_client.submit(window(listing), typed("Hello"), htmx=True)).status_code == 422
    assert await kept(agent_client, listing) == "Hello"


async def test_a_draft_can_be_thrown_away(agent_client: Client, listing: Listing) -> None:
    await agent_client.submit(draft(listing), typed("Hello", draft_revision="0"), htmx=True)
    gone = await agent_client.submit(f"{draft(listing)}/deletion")
    assert gone.status_code == 303
    assert await kept(agent_client, listing) is None


async def test_nobody_else_sees_or_changes_it(agent_client: Client, listing: Listing) -> None:
    await agent_client.submit(draft(listing), typed("Secret", draft_revision="0"), htmx=True)
    people = [await make.user(agent_client.user.account), await make.user(await make.account())]
    for person in people:
        async with await agent_client.signed_in(person) as theirs:
            page = await theirs.get(window(listing, "/new"))
            assert "Secret" not in page.text
            await theirs.submit(draft(listing), typed("", draft_revision="1"), htmx=True)
    assert await kept(agent_client, listing) == "Secret"


async def test_support_keeps_no_drafts(agent_client: Client, listing: Listing) -> None:
    support = await make.user(agent_client.user.account, role="support")
    async with await agent_client.signed_in(support) as theirs:
        assert (await theirs.submit(draft(listing), typed("Hello"), htmx=True)).status_code == 403
    assert not await Draft.exists()


@pytest.mark.parametrize(
    ("length", "status", "sentence"),
    [(200_000, 422, "100,000 characters at most"), (2_000_000, 413, "This is too big")],
)
async def test_what_no_message_could_hold_is_refused_with_a_sentence_and_the_draft_stays(
    agent_client: Client, listing: Listing, length: int, status: int, sentence: str
) -> None:
    saved = await agent_client.submit(draft(listing), typed("Hello", draft_revision="0"), htmx=True)
    huge = typed("x" * length, draft_revision=revision(saved.text))
    answer = await agent_client.submit(draft(listing), huge, htmx=True)
    assert answer.status_code == status
    assert sentence in text_of(answer.text)
    assert await kept(agent_client, listing) == "Hello"


async def test_a_colleague_who_is_at_it_is_named(agent_client: Client, listing: Listing) -> None:
    ben = await make.user(agent_client.user.account, name="Ben Ortiz")
    await make.draft(listing, ben, body="Hi")
    shown = await agent_client.submit(window(listing, "/preview"), typed("Hello"), htmx=True)
    assert "Ben Ortiz is writing to this seller now." in text_of(shown.text)


async def test_the_words_of_an_email_come_back_without_their_signature(agent_client: Client, listing: Listing) -> None:
    user = agent_client.user
    await User.update({User.signature: "Robin\nHarbor"}).where(User.id == user.id)
    message = await make.message(
        listing,
        user=user,
        channel="email",
        subject="Your car",
        body="Hello Dana\n\n-- \nRobin\nHarbor",
        state="cancelled",
    )
    page = await agent_client.get(f"{window(listing, '/new')}?again={message.id}")
    assert words_of(page.text) == "Hello Dana"


async def test_many_saves_at_once_keep_one_draft_and_answer_all(agent_client: Client, listing: Listing) -> None:
    token = await agent_client.csrf_token()
    saves: list[Any] = [
        agent_client.submit(draft(listing), typed(f"Hello {n}", draft_revision="0"), htmx=True, token=token)
        for n in range(20)
    ]
    assert {answer.status_code for answer in await asyncio.gather(*saves)} == {200}
    assert await Draft.count() == 1
