"""The first text to a number: its line in the window, which comes and goes by itself and leaves the words alone."""

import re
from html import unescape
from typing import Any

import pytest

from domain import drafts, message_templates, plans
from domain.accounts import Account
from domain.listings import Listing
from domain.messages import Message, State
from domain.users import User
from tests import make
from tests.client import Client
from tests.web.test_sends import FIRST, sent, text_of, typed, window, words_of

MOBILE, PHONE = "+15205550117", "+15205550118"
LINE = "This is Robin with Harbor Motors. Reply STOP to opt out."
STOP = "Reply STOP to opt out."
UNSAID = "This is the first text to this number. Say who writes and how to stop."


@pytest.fixture
async def listing(house: None, agent_client: Client) -> Listing:
    """A car of Dana's, whom nobody has written to yet, at either of two numbers."""
    await plans.seed()
    await message_templates.seed()
    account = agent_client.user.account
    await Account.update({Account.name: "Harbor Motors"}).where(Account.id == account)
    await User.update({User.name: "Robin Reyes"}).where(User.id == agent_client.user.id)
    await make.sender_link(await make.connection(account), agent_client.user)
    seller = {"first_name": "Dana", "mobile": MOBILE, "phone": PHONE, "email": "dana@example.com"}
    return await make.listing(account, year=2019, make="Honda", model="CR-V", seller=seller)


async def opened(client: Client, listing: Listing, query: str = "") -> str:
    return words_of((await client.get(window(listing, f"/new{query}"))).text)


async def posted(client: Client, listing: Listing, part: str, body: str, **values: str) -> str:
    """What stands in the text field afterwards."""
    answer = await client.submit(window(listing, part), typed(body, **values), htmx=part != "/new")
    assert answer.status_code == 200
    if put := re.search(r'<hx-partial hx-target="#body" hx-swap="whole">(.*?)</hx-partial>', answer.text, re.DOTALL):
        return unescape(put[1])
    return words_of(answer.text) if '<textarea id="body"' in answer.text else body


# When it is there


async def test_a_first_text_begins_with_a_line_that_is_counted(agent_client: Client, listing: Listing) -> None:
    page = (await agent_client.get(window(listing, "/new"))).text
    assert words_of(page) == f"\n{LINE}"
    assert f"{len(LINE)} characters · 1 segment · GSM-7" in text_of(page)
    assert f'<p class="bub">{LINE}</p>' in page
    assert UNSAID not in page


@pytest.mark.parametrize("query", ["?to=mobile", "?to=phone", "?channel=text"])
async def test_it_is_there_whichever_way_the_window_opens(agent_client: Client, listing: Listing, query: str) -> None:
    assert await opened(agent_client, listing, query) == f"\n{LINE}"


@pytest.mark.parametrize("state", ["sending", "accepted", "sent", "delivered", "undelivered", "unknown", "queued"])
async def test_a_number_that_was_texted_about_another_car_is_no_first_text(
    agent_client: Client, listing: Listing, state: str
) -> None:
    other = await make.listing(listing.account, seller={"mobile": PHONE})
    await make.message(other, to_address=MOBILE, state=state)
    assert await opened(agent_client, listing) == ""
    assert await opened(agent_client, listing, "?to=phone") == f"\n{LINE}"


@pytest.mark.parametrize(
    "never",
    [
        {"state": State.FAILED},
        {"state": State.CANCELLED},
        {"state": State.SKIPPED},
        {"state": State.PENDING, "kind": "scheduled"},
        {"state": State.QUEUED, "kind": "batch"},
        {"channel": "email", "to_address": "dana@example.com"},
    ],
    ids=lambda values: "-".join(map(str, values.values())),
)
async def test_what_never_left_or_was_no_text_does_not_count(
    agent_client: Client, listing: Listing, never: dict[str, Any]
) -> None:
    await make.message(listing, **never)
    assert await opened(agent_client, listing, "?channel=text") == f"\n{LINE}"


async def test_whoever_wrote_to_us_knows_us(agent_client: Client, listing: Listing) -> None:
    await make.unmatched(listing.account, from_address=MOBILE)
    assert await opened(agent_client, listing) == ""


async def test_another_dealerships_texts_do_not_count(agent_client: Client, listing: Listing) -> None:
    theirs = await make.listing(await make.account(), seller={"mobile": MOBILE})
    await make.message(theirs)
    assert await opened(agent_client, listing) == f"\n{LINE}"


async def test_a_dealership_that_switched_it_off_begins_empty(agent_client: Client, listing: Listing) -> None:
    await Account.update({Account.introduces_itself: False}).where(Account.id == listing.account)
    assert await opened(agent_client, listing) == ""
    shown = await agent_client.submit(window(listing, "/preview"), typed("Is it sold?"), htmx=True)
    assert UNSAID not in shown.text


async def test_a_seller_without_a_number_gets_no_line(agent_client: Client) -> None:
    await plans.seed()
    listing = await make.listing(agent_client.user.account, seller={"mobile": "", "phone": "", "email": "d@x.example"})
    assert await opened(agent_client, listing, "?channel=text") == ""


# What is sent


async def test_what_stands_in_the_window_is_what_leaves(agent_client: Client, listing: Listing) -> None:
    await agent_client.submit(window(listing), typed(f"Is it sold?\n{LINE}"), htmx=True)
    [message] = await sent(listing)
    assert message.body == f"Is it sold?\n{LINE}"
    assert await opened(agent_client, listing) == ""


async def test_nothing_is_added_to_what_the_agent_sends_or_previews(agent_client: Client, listing: Listing) -> None:
    shown = await agent_client.submit(window(listing, "/preview"), typed("Is it sold?"), htmx=True)
    assert '<p class="bub">Is it sold?</p>' in shown.text
    assert UNSAID in shown.text
    await agent_client.submit(window(listing), typed("Is it sold?"), htmx=True)
    assert [message.body for message in await sent(listing)] == ["Is it sold?"]


@pytest.mark.parametrize("body", [f"\n{LINE}", LINE, STOP])
async def test_the_line_alone_is_no_message(agent_client: Client, listing: Listing, body: str) -> None:
    shown = await agent_client.submit(window(listing, "/preview"), typed(body), htmx=True)
    assert "Write a message first." in text_of(shown.text)
    assert re.search(r'id="send-go"[^>]* disabled', shown.text)
    answer = await agent_client.submit(window(listing), typed(body), htmx=True)
    assert answer.status_code == 422
    assert "Write a message first." in text_of(answer.text)
    assert not await sent(listing)


async def test_without_scripts_the_button_is_not_dead_while_the_line_stands_alone(
    agent_client: Client, listing: Listing
) -> None:
    page = (await agent_client.get(window(listing, "/new"))).text
    assert 'class="btn primary nojs" type="submit" name="do" value="send"' in page


# Templates


async def test_a_template_goes_above_it_unasked_and_says_nothing_twice(agent_client: Client, listing: Listing) -> None:
    words = await posted(agent_client, listing, "/filling", f"\n{LINE}", template_id=str(FIRST.id))
    assert words.startswith("Hi Dana, I'm Robin and I buy cars for Harbor Motors")
    assert words.endswith(f"still for sale?\n{STOP}")
    assert words.count("Harbor Motors") == words.count("STOP") == 1
    own = await make.template(listing.account, body="Is your {{vehicle.make}} sold?")
    assert await posted(agent_client, listing, "/filling", f"\n{LINE}", template_id=str(own.id)) == (
        f"Is your Honda sold?\n{LINE}"
    )
    loaded = await posted(agent_client, listing, "/new", f"\n{LINE}", template_id=str(own.id), do="load")
    assert loaded == f"Is your Honda sold?\n{LINE}"
    assert await opened(agent_client, listing, f"?template_id={own.id}") == f"Is your Honda sold?\n{LINE}"


async def test_a_template_below_typed_words_leaves_the_line_at_the_end(agent_client: Client, listing: Listing) -> None:
    own = await make.template(listing.account, body="Is your {{vehicle.make}} sold?")
    form = typed(f"Hi Dana.\n{LINE}", template_id=str(own.id))
    asked = await agent_client.submit(window(listing, "/filling"), form, htmx=True)
    assert "Replace it" in asked.text
    assert 'hx-target="#body"' not in asked.text
    form = {"template_id": str(own.id)}
    assert await posted(agent_client, listing, "/filling", f"Hi Dana.\n{LINE}", **form, do="append") == (
        f"Hi Dana.\n\nIs your Honda sold?\n{LINE}"
    )
    assert await posted(agent_client, listing, "/filling", f"Hi Dana.\n{LINE}", **form, do="replace") == (
        f"Is your Honda sold?\n{LINE}"
    )
    assert await posted(agent_client, listing, "/filling", "Hi Dana.", **form, do="append") == (
        "Hi Dana.\n\nIs your Honda sold?"  # it was taken out by hand
    )


async def test_an_email_template_brings_no_line(agent_client: Client, listing: Listing) -> None:
    own = await make.template(listing.account, type="email", subject="Your car", body="Dear Dana")
    assert await opened(agent_client, listing, f"?template_id={own.id}") == "Dear Dana"


# Another channel, another number


async def test_the_line_does_not_travel_into_an_email_and_comes_back(agent_client: Client, listing: Listing) -> None:
    assert await opened(agent_client, listing, "?channel=email") == ""
    for part, field in (("/channel", "channel"), ("/new", "pick")):
        assert await posted(agent_client, listing, part, f"\n{LINE}", **{field: "email"}) == ""
        assert await posted(agent_client, listing, part, f"Hi Dana\n{LINE}", **{field: "email"}) == "Hi Dana"
        assert await posted(agent_client, listing, part, "", **{field: "text"}) == f"\n{LINE}"
        assert await posted(agent_client, listing, part, "Hi Dana", **{field: "text"}) == f"Hi Dana\n{LINE}"


async def test_a_line_that_was_edited_stays_where_it_is(agent_client: Client, listing: Listing) -> None:
    body = "Hi Dana\nRobin, Harbor Motors. Text STOP and I stop."
    assert await posted(agent_client, listing, "/channel", body, channel="email") == body
    assert await posted(agent_client, listing, "/channel", body, channel="text") == body


async def test_another_number_is_looked_at_anew(agent_client: Client, listing: Listing) -> None:
    await make.message(listing, to_address=PHONE)
    form = {"do": "number"}
    assert await posted(agent_client, listing, "/filling", f"Hi\n{LINE}", **form, to="phone") == "Hi"
    assert await posted(agent_client, listing, "/filling", "Hi", **form, to="mobile") == f"Hi\n{LINE}"
    previewed = {"do": "preview", "was": "text mobile"}  # without scripts
    assert await posted(agent_client, listing, "/new", f"Hi\n{LINE}", **previewed, to="phone") == "Hi"
    assert await posted(agent_client, listing, "/new", "Hi", **previewed, to="mobile") == "Hi"


async def test_where_no_line_is_due_nothing_is_taken_away(agent_client: Client, listing: Listing) -> None:
    await make.message(listing, to_address=PHONE)
    await make.message(listing, to_address=MOBILE)
    body = f"Hi Dana.\n{STOP}"
    assert await posted(agent_client, listing, "/filling", body, do="number", to="phone") == body
    assert await posted(agent_client, listing, "/channel", body, channel="email") == body
    own = await make.template(listing.account, body="Sold?")
    form = {"template_id": str(own.id), "do": "append"}
    assert await posted(agent_client, listing, "/filling", body, **form) == f"Hi Dana.\n\nSold?\n{STOP}"


async def test_without_scripts_what_is_put_in_goes_above_it(agent_client: Client, listing: Listing) -> None:
    assert await posted(agent_client, listing, "/new", f"For \n{LINE}", insert="vehicle.make") == f"For Honda\n{LINE}"
    assert await posted(agent_client, listing, "/new", f"\n{LINE}", insert_emoji="👍") == f"👍\n{LINE}"


# Drafts


async def keep(client: Client, listing: Listing, body: str, **values: str) -> str:
    answer = await client.submit(f"/listings/{listing.id}/draft", typed(body, draft_revision="0", **values), htmx=True)
    found = re.search(r'name="draft_revision" value="(\d+)"', answer.text)
    assert found
    return found[1]


async def test_the_line_alone_is_no_draft(agent_client: Client, listing: Listing) -> None:
    await keep(agent_client, listing, f"\n{LINE}")
    assert await drafts.of(agent_client.user.id, listing.id) is None
    file = await make.attachment(listing.account)
    await keep(agent_client, listing, f"\n{LINE}", attachment=str(file.id))
    assert await drafts.of(agent_client.user.id, listing.id) is not None
    assert await opened(agent_client, listing) == f"\n{LINE}"


@pytest.mark.parametrize("body", [f"Hi Dana\n{LINE}", "Hi Dana"])
async def test_a_draft_is_there_again_as_it_was_left(agent_client: Client, listing: Listing, body: str) -> None:
    await keep(agent_client, listing, body)
    assert await opened(agent_client, listing) == body
    assert await opened(agent_client, listing, "?to=mobile") == body
    assert await opened(agent_client, listing, "?channel=email") == "Hi Dana"


async def test_an_earlier_moment_of_the_draft_goes_with_what_was_sent(agent_client: Client, listing: Listing) -> None:
    await keep(agent_client, listing, f"Hi Da\n{LINE}")  # its answer has not come back yet
    await agent_client.submit(window(listing), typed(f"Hi Dana, sold?\n{LINE}", draft_revision="0"), htmx=True)
    assert await Message.count() == 1
    assert await drafts.of(agent_client.user.id, listing.id) is None


async def test_a_draft_of_other_words_stays(agent_client: Client, listing: Listing) -> None:
    await keep(agent_client, listing, f"Quite different\n{LINE}")
    await agent_client.submit(window(listing), typed(f"Hi Dana\n{LINE}", draft_revision="0"), htmx=True)
    assert await drafts.of(agent_client.user.id, listing.id) is not None


async def test_a_text_that_is_opened_again_is_as_it_was(agent_client: Client, listing: Listing) -> None:
    failed = await make.message(listing, state="failed", body="Hi Dana")
    assert await opened(agent_client, listing, f"?again={failed.id}") == "Hi Dana"


async def test_the_first_look_costs_no_more_questions(
    agent_client: Client, listing: Listing, count_queries: Any
) -> None:
    for url in ("/new", "/channel"):
        with count_queries() as queries:
            if url == "/new":
                answer = await agent_client.get(window(listing, url))
            else:
                answer = await agent_client.submit(window(listing, url), typed(f"\n{LINE}", channel="text"), htmx=True)
        assert answer.status_code == 200
        assert queries.count <= 8, "\n".join(queries.statements)
