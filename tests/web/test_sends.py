"""The Send Message window over HTTP: what it shows, fills, counts and refuses; sending, undoing, trying again."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from domain import attachments, clock, composing, connections, drafts, message_templates, plans, threads
from domain.accounts import Account
from domain.channels.registry import CHANNELS
from domain.listings import Listing
from domain.messages import Message, State
from domain.sellers import Seller
from domain.shipped_templates import SHIPPED
from domain.users import User
from domain.wildcards import WILDCARDS
from tests import make
from tests.client import Client
from tests.sending import without

FIRST = SHIPPED[0]


@pytest.fixture
async def listing(house: None, agent_client: Client) -> Listing:
    """A car of Dana's that the signed-in agent can text about, through a provider that was asked a moment ago."""
    await plans.seed()
    await message_templates.seed()
    account = agent_client.user.account
    connection = await make.connection(account)
    await make.sender_link(connection, agent_client.user)
    return await make.listing(
        account,
        year=2019,
        make="Honda",
        model="CR-V",
        price=2_190_000,
        seller={"first_name": "Dana", "last_name": "Whitfield", "mobile": "+15205550117", "phone": "+15205550118"},
    )


def window(listing: Listing, part: str = "") -> str:
    return f"/listings/{listing.id}/sends{part}"


def typed(body: str = "Is it still for sale?", **values: str) -> dict[str, Any]:
    return {"nonce": "n-1", "channel": "text", "to": "mobile", "template_id": "", "body": body, **values}


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def hidden(html: str) -> dict[str, str]:
    """What the window carries along of how things stood."""
    names = ("nonce", "seen", "told")
    return {name: re.findall(rf'name="{name}" value="([^"]*)"', html)[0] for name in names}


def words_of(html: str) -> str:
    """What stands in the text field, or is to be put there."""
    [words] = re.findall(r'<(?:textarea id|hx-partial hx-target)="#?body"[^>]*>(.*?)</', html, re.DOTALL)
    return unescape(words).removeprefix("\n")  # as browsers read it


async def sent(listing: Listing) -> list[Message]:
    return await Message.objects().where(Message.listing == listing.id).order_by(Message.at)


async def test_the_window_names_whom_from_whom_and_to_which_number(agent_client: Client, listing: Listing) -> None:
    page = await agent_client.get(window(listing, "/new"))
    assert page.status_code == 200
    assert "Send text to Dana, +1 520 555 0117" in text_of(page.text)
    assert f'value="{agent_client.user.email}"' in page.text
    assert FIRST.name in page.text


async def test_the_number_that_was_clicked_is_the_one_it_goes_to(agent_client: Client, listing: Listing) -> None:
    page = await agent_client.get(window(listing, "/new?to=phone"))
    assert "Send text to Dana, +1 520 555 0118" in text_of(page.text)


async def test_the_window_asks_the_database_at_most_eight_times(
    agent_client: Client, listing: Listing, count_queries: Any
) -> None:
    for url in ("/new", "/preview", "/filling"):
        with count_queries() as queries:
            if url == "/new":
                answer = await agent_client.get(window(listing, url))
            else:
                answer = await agent_client.submit(window(listing, url), typed(template_id=str(FIRST.id)), htmx=True)
        assert answer.status_code == 200
        assert queries.count <= 8, "\n".join(queries.statements)


async def test_a_template_comes_filled_in_and_typed_text_is_never_written_over_unasked(
    agent_client: Client, listing: Listing
) -> None:
    await make.message(listing)  # the first text is past, and its line with it
    filled = await agent_client.submit(window(listing, "/filling"), typed("", template_id=str(FIRST.id)), htmx=True)
    assert "Dana" in words_of(filled.text)
    assert "2019 Honda CR-V" in words_of(filled.text)
    assert "{{" not in words_of(filled.text)
    form = typed("My own words", template_id=str(FIRST.id))
    asked = await agent_client.submit(window(listing, "/filling"), form, htmx=True)
    assert "Replace it" in asked.text
    assert 'hx-target="#body"' not in asked.text
    added = await agent_client.submit(window(listing, "/filling"), {**form, "do": "append"}, htmx=True)
    assert words_of(added.text) == f"My own words\n\n{words_of(filled.text)}"
    replaced = await agent_client.submit(window(listing, "/filling"), {**form, "do": "replace"}, htmx=True)
    assert words_of(replaced.text) == words_of(filled.text)


async def test_a_wildcard_button_inserts_the_value_and_a_missing_one_its_token(
    agent_client: Client, listing: Listing
) -> None:
    price = await agent_client.submit(window(listing, "/insertion"), typed(insert="listing.price"), htmx=True)
    assert price.text == "$21,900"
    vin = await agent_client.submit(window(listing, "/insertion"), typed(insert="listing.previous_price"), htmx=True)
    assert vin.text == "{{listing.previous_price}}"
    unknown = await agent_client.submit(window(listing, "/insertion"), typed(insert="__class__"), htmx=True)
    assert unknown.status_code == 404


async def test_without_scripts_a_button_puts_its_value_at_the_end(agent_client: Client, listing: Listing) -> None:
    form = typed("It costs ", insert="listing.price")
    page = await agent_client.submit(window(listing, "/new"), form)
    assert "It costs $21,900</textarea>" in page.text
    loaded = await agent_client.submit(window(listing, "/new"), typed("", template_id=str(FIRST.id), do="load"))
    assert "2019 Honda CR-V" in loaded.text


async def test_the_preview_counts_what_will_be_sent_and_a_hole_turns_send_off(
    agent_client: Client, listing: Listing
) -> None:
    shown = await agent_client.submit(window(listing, "/preview"), typed("a" * 161), htmx=True)
    assert "161 characters · 2 segments · GSM-7" in text_of(shown.text)
    assert "Remove 1 character to save a segment." in text_of(shown.text)
    curly = await agent_client.submit(window(listing, "/preview"), typed("It\u2019s nice"), htmx=True)
    assert "UCS-2" in curly.text
    assert "Use plain characters instead" in curly.text
    hole = await agent_client.submit(window(listing, "/preview"), typed("Was {{listing.previous_price}}?"), htmx=True)
    assert '<a class="hole" href="#body">{{listing.previous_price}}</a>' in hole.text
    assert re.search(r'id="send-go"[^>]* disabled', hole.text)
    assert not await sent(listing)


async def test_nothing_leaves_while_a_file_is_uploading(agent_client: Client, listing: Listing) -> None:
    form = typed("Here is our offer.", uploading="1")
    shown = await agent_client.submit(window(listing, "/preview"), form, htmx=True)
    assert re.search(r'id="send-go"[^>]* disabled', shown.text)
    assert "Wait for the upload." in text_of(shown.text)
    refused = await agent_client.submit(window(listing), form, htmx=True)
    assert refused.status_code == 422
    assert "A file is still uploading." in text_of(refused.text)
    assert not await sent(listing)


async def test_a_hole_in_an_email_is_marked_and_leads_to_the_text(agent_client: Client, listing: Listing) -> None:
    form = typed(
        "Was {{listing.previous_price}}? <b> https://a.example/{{today}}{{x}}", channel="email", subject="{{x}}!"
    )
    shown = await agent_client.submit(window(listing, "/preview"), form, htmx=True)
    [card] = re.findall(r'<article class="mail">(.*?)</article>', shown.text, re.DOTALL)
    assert 'Was <a class="hole" href="#body">{{listing.previous_price}}</a>? &lt;b&gt;' in card
    assert '<b><a class="hole" href="#body">{{x}}</a>!</b>' in card
    assert not re.search(r"<a\b[^>]*>[^<]*<a\b", card)


async def test_the_window_offers_every_value_it_knows_and_names_those_it_does_not(
    agent_client: Client, listing: Listing
) -> None:
    page = await agent_client.get(window(listing, "/new"))
    offered = re.findall(r'name="insert" value="([\w.]+)" data-insert data-value="([^"]*)"', page.text)
    assert {token for token, _ in offered} == {each for each in WILDCARDS if not each.startswith("appointment.")}
    later = [bool(value) for _, value in offered[10:]]
    assert later == sorted(later, reverse=True)
    assert "listing.previous_price" in [token for token, value in offered if not value]
    assert [token for token, _ in offered[:3]] == ["seller.first_name", "vehicle.title", "vehicle.year"]


async def test_sending_writes_one_message_with_the_previewed_words_and_offers_to_undo(
    agent_client: Client, listing: Listing
) -> None:
    answer = await agent_client.submit(window(listing), typed("  Is the {{vehicle.title}} for sale?\r\n"), htmx=True)
    assert answer.headers["hx-trigger"] == "message-sent, history-changed"
    [message] = await sent(listing)
    assert message.body == "Is the 2019 Honda CR-V for sale?"
    assert (message.state, message.to_address) == (State.QUEUED, "+15205550117")
    assert f"/messages/{message.id}/undos" in answer.text
    page = await agent_client.get(f"/listings/{listing.id}")
    assert "Is the 2019 Honda CR-V for sale?" in page.text


async def test_two_hundred_submits_of_one_form_at_once_are_one_message(agent_client: Client, listing: Listing) -> None:
    token = await agent_client.csrf_token()
    answers = await asyncio.gather(
        *[agent_client.submit(window(listing), typed(), htmx=True, token=token) for _ in range(200)]
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(await sent(listing)) == 1


async def test_a_refused_send_keeps_what_was_typed_and_says_why(agent_client: Client, listing: Listing) -> None:
    await make.opt_out("+15205550117", agent_client.user.account)
    answer = await agent_client.submit(window(listing), typed("Hello again"))
    assert answer.status_code == 422
    assert "Hello again</textarea>" in answer.text
    assert "This number asked not to get texts." in answer.text
    assert not await sent(listing)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [("", "Write a message first."), ("x" * 1501, "A text holds 1,500 characters"), ("{{nonsense}}", "nonsense")],
)
async def test_what_cannot_be_sent_is_refused_at_the_message(
    agent_client: Client, listing: Listing, body: str, sentence: str
) -> None:
    answer = await agent_client.submit(window(listing), typed(body), htmx=True)
    assert answer.status_code == 422
    assert sentence in text_of(answer.text)
    assert 'aria-invalid="true"' in answer.text


async def test_without_a_connection_the_sentence_leads_to_the_dialpad_page(agent_client: Client) -> None:
    await plans.seed()
    listing = await make.listing(agent_client.user.account, seller={"mobile": "+15205550117"})
    page = await agent_client.get(window(listing, "/new"))
    assert "You need an active DialPad connection to use this feature. Click here to connect." in text_of(page.text)
    assert '<a href="/apps/dialpad">Click here to connect.</a>' in page.text


async def test_a_person_without_an_account_at_dialpad_is_told_so(agent_client: Client, listing: Listing) -> None:
    colleague = await make.user(agent_client.user.account)
    connection = await connections.current(agent_client.user.account, "dialpad")
    await make.sender_link(connection, colleague, provider_id="", numbers="")
    async with await agent_client.signed_in(colleague) as theirs:
        page = await theirs.get(window(listing, "/new"))
    assert "No Dialpad account found" in page.text


async def test_undo_takes_it_back_in_time_and_says_so_when_it_is_too_late(
    agent_client: Client, listing: Listing
) -> None:
    await agent_client.submit(window(listing), typed("Oops"))
    [message] = await sent(listing)
    answer = await agent_client.submit(f"/messages/{message.id}/undos", htmx=True)
    assert "Not sent." in answer.text
    again = re.search(r'href="([^"]+again=[^"]+)"', answer.text)
    assert again
    assert "Oops</textarea>" in (await agent_client.get(unescape(again[1]))).text
    [message] = await sent(listing)
    assert (message.state, message.code) == (State.CANCELLED, "undone")
    assert "Too late" in (await agent_client.submit(f"/messages/{message.id}/undos", htmx=True)).text


async def test_trying_again_twice_asks_for_one_attempt(agent_client: Client, listing: Listing) -> None:
    failed = await make.message(listing, state=State.FAILED, reason="No route.", attempts=1, user=agent_client.user)
    page = await agent_client.get(f"/listings/{listing.id}")
    assert "Try again" in page.text
    first = await agent_client.submit(f"/messages/{failed.id}/attempts", {"attempts": "1"}, htmx=True)
    assert "on its way again" in first.text
    await Message.update({Message.state: State.FAILED, Message.attempts: 2}).where(Message.id == failed.id)
    second = await agent_client.submit(f"/messages/{failed.id}/attempts", {"attempts": "1"}, htmx=True)
    assert "on its way already" in second.text
    [message] = await sent(listing)
    assert message.state == State.FAILED


@pytest.mark.parametrize("state", [State.FAILED, State.UNKNOWN])
async def test_by_night_whoever_tries_again_is_asked_first_as_whoever_sends(
    agent_client: Client, listing: Listing, clock: Any, state: State
) -> None:
    lost = await make.message(listing, state=state, reason="No route.", attempts=1, user=agent_client.user)
    clock.set(datetime(2026, 11, 25, 7, 0, tzinfo=UTC))  # midnight in Tucson
    url = f"/messages/{lost.id}/attempts"
    for htmx in (False, True):
        answer = await agent_client.submit(url, {"attempts": "1"}, htmx=htmx)
        assert answer.headers["hx-redirect" if htmx else "location"] == f"{url}/new"
    assert (await sent(listing))[0].state == state
    page = await agent_client.get(f"{url}/new")
    assert "It is Wednesday, 12:00 AM where they are, outside the hours for texts. Send it all the same?" in unescape(
        page.text
    )
    assert lost.body in unescape(page.text)
    await agent_client.submit(url, {"attempts": "1", "knowing": "1"})
    assert (await sent(listing))[0].state == State.QUEUED
    vehicle = f"/listings/{listing.id}"
    assert (await agent_client.get(f"{url}/new")).headers["location"] == vehicle
    again = await agent_client.submit(url, {"attempts": "1"})
    assert again.headers["location"] == vehicle  # a second click of the same page has nothing to ask


async def test_what_waits_for_the_morning_by_itself_asks_nobody(
    agent_client: Client, listing: Listing, clock: Any
) -> None:
    failed = await make.message(listing, state=State.FAILED, attempts=1, user=agent_client.user, kind="batch")
    clock.set(datetime(2026, 11, 25, 7, 0, tzinfo=UTC))
    answer = await agent_client.submit(f"/messages/{failed.id}/attempts", {"attempts": "1"})
    assert answer.headers["location"] == f"/listings/{listing.id}"
    assert (await sent(listing))[0].state == State.QUEUED


async def test_a_message_that_may_have_been_sent_is_settled_by_a_person(agent_client: Client, listing: Listing) -> None:
    lost = await make.message(listing, state=State.UNKNOWN, rank=2, attempts=1, user=agent_client.user)
    page = await agent_client.get(f"/listings/{listing.id}")
    assert "It may have been sent" in page.text
    answer = await agent_client.submit(f"/messages/{lost.id}/confirmations", htmx=True)
    assert "Marked as sent." in answer.text
    [message] = await sent(listing)
    assert message.state == State.ACCEPTED


async def test_support_reads_the_window_and_sends_nothing(agent_client: Client, listing: Listing) -> None:
    support = await make.user(agent_client.user.account, role="support")
    async with await agent_client.signed_in(support) as theirs:
        assert (await theirs.submit(window(listing), typed())).status_code == 403
    assert not await sent(listing)


async def test_another_dealership_finds_neither_the_window_nor_the_message(
    agent_client: Client, listing: Listing
) -> None:
    message = await make.message(listing, user=agent_client.user, not_before=clock.now() + timedelta(seconds=9))
    stranger = await make.user(await make.account())
    async with await agent_client.signed_in(stranger) as theirs:
        assert (await theirs.get(window(listing, "/new"))).status_code == 404
        assert (await theirs.submit(window(listing), typed())).status_code == 404
        assert (await theirs.submit(f"/messages/{message.id}/undos")).status_code == 404
        assert (await theirs.submit(f"/messages/{message.id}/attempts", {"attempts": "0"})).status_code == 404


async def test_a_colleagues_message_meanwhile_is_told_before_sending(agent_client: Client, listing: Listing) -> None:
    colleague = await make.user(agent_client.user.account, name="Ben Carter")
    page = await agent_client.get(window(listing, "/new"))
    seen = re.search(r'name="seen" value="([^"]*)"', page.text)
    assert seen
    await make.message(listing, user=colleague, state=State.DELIVERED)
    shown = await agent_client.submit(window(listing, "/preview"), typed(seen=seen[1]), htmx=True)
    assert "Ben Carter wrote to this seller" in text_of(shown.text)


async def test_what_somebody_wrote_meanwhile_stops_the_first_send_and_not_the_second(
    agent_client: Client, listing: Listing
) -> None:
    page = await agent_client.get(window(listing, "/new"))
    [seen] = set(re.findall(r'name="seen" value="([^"]*)"', page.text))
    await make.message(listing, direction="in", body="Already sold, sorry", from_address="+15205550117")
    stopped = await agent_client.submit(window(listing), typed(seen=seen), htmx=True)
    assert stopped.status_code == 422
    assert "Dana wrote at" in text_of(stopped.text)
    assert "Nothing has left yet" in text_of(stopped.text)
    assert words_of(stopped.text) == "Is it still for sale?"
    [told] = set(re.findall(r'name="told" value="([^"]*)"', stopped.text))
    again = await agent_client.submit(window(listing), typed(seen=seen, told=told), htmx=True)
    assert again.status_code == 200
    assert len([message for message in await sent(listing) if message.direction == "out"]) == 1


async def test_a_colleague_who_sends_in_the_same_moment_is_told_before_the_second_leaves(
    agent_client: Client, listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    colleague = await make.user(agent_client.user.account, name="Ben Carter")
    await make.message(listing, direction="in", body="Yes, it is", from_address="+15205550117")
    page = await agent_client.get(window(listing, "/new"))
    send = composing.send

    async def beaten(*given: Any, **more: Any) -> Message:
        monkeypatch.setattr(composing, "send", send)
        await make.message(listing, user=colleague)  # after everything was looked at
        return await send(*given, **more)

    monkeypatch.setattr(composing, "send", beaten)
    stopped = await agent_client.submit(window(listing), typed(**hidden(page.text)), htmx=True)
    assert stopped.status_code == 422
    assert "Ben Carter wrote to this seller at" in text_of(stopped.text)
    assert words_of(stopped.text) == "Is it still for sale?"
    assert [message.user for message in await sent(listing) if message.direction == "out"] == [colleague.id]
    meant = await agent_client.submit(window(listing), typed(**hidden(stopped.text)), htmx=True)
    assert meant.status_code == 200


async def test_a_second_tab_does_not_send_the_same_again_unasked(agent_client: Client, listing: Listing) -> None:
    pages = [await agent_client.get(window(listing, "/new")) for _ in range(2)]
    forms = [typed(**hidden(page.text)) for page in pages]
    assert (await agent_client.submit(window(listing), forms[0], htmx=True)).status_code == 200
    second = await agent_client.submit(window(listing), forms[1], htmx=True)
    assert second.status_code == 422
    assert "You wrote to this seller at" in text_of(second.text)
    meant = await agent_client.submit(window(listing), typed(**hidden(second.text)), htmx=True)
    assert meant.status_code == 200


async def test_the_sellers_reply_is_told_also_when_one_wrote_after_it(agent_client: Client, listing: Listing) -> None:
    page = await agent_client.get(window(listing, "/new"))
    await make.message(listing, direction="in", body="Sold!", from_address="+15205550117")
    await make.message(listing, user=agent_client.user, state=State.DELIVERED)
    stopped = await agent_client.submit(window(listing), typed(**hidden(page.text)), htmx=True)
    assert "Dana wrote at" in text_of(stopped.text)


async def test_a_stop_is_said_before_the_news_that_brought_it(agent_client: Client, listing: Listing) -> None:
    page = await agent_client.get(window(listing, "/new"))
    await make.message(listing, direction="in", body="STOP", from_address="+15205550117")
    await make.opt_out("+15205550117", agent_client.user.account)
    stopped = await agent_client.submit(window(listing), typed(**hidden(page.text)), htmx=True)
    assert "This number asked not to get texts." in text_of(stopped.text)
    assert "send again" not in text_of(stopped.text)


@pytest.mark.parametrize(
    ("body", "changed", "sentence"),
    [
        ("Hello", {"mobile": "+15205550999"}, "number or address was changed meanwhile"),
        ("Is {{listing.price}} right?", {"price": 100}, "What the blanks are filled with was changed meanwhile"),
    ],
)
async def test_what_changed_after_the_last_look_stops_the_first_send(
    agent_client: Client, listing: Listing, body: str, changed: dict[str, Any], sentence: str
) -> None:
    page = await agent_client.get(window(listing, "/new"))
    form = typed(body, **hidden(page.text))
    for name, value in changed.items():
        table: Any = Seller if hasattr(Seller, name) else Listing
        where = table.listing == listing.id if table is Seller else table.id == listing.id
        await table.update({getattr(table, name): value}).where(where)
    stopped = await agent_client.submit(window(listing), form, htmx=True)
    assert stopped.status_code == 422
    assert sentence in text_of(stopped.text)
    again = await agent_client.submit(window(listing), typed(body, **hidden(stopped.text)), htmx=True)
    assert again.status_code == 200


async def test_a_form_that_was_sent_before_does_not_swallow_other_words(agent_client: Client, listing: Listing) -> None:
    page = await agent_client.get(window(listing, "/new"))
    fields = hidden(page.text)
    assert (await agent_client.submit(window(listing), typed("AAA", **fields))).status_code == 303
    other = await agent_client.submit(window(listing), typed("BBB", **fields))
    assert other.status_code == 422
    assert "sent other words already" in text_of(other.text)
    assert words_of(other.text) == "BBB"
    assert (await agent_client.submit(window(listing), typed("BBB", **hidden(other.text)))).status_code == 303
    assert [message.body for message in await sent(listing)] == ["AAA", "BBB"]


async def test_a_form_whose_message_was_taken_back_may_be_sent_again(agent_client: Client, listing: Listing) -> None:
    fields = hidden((await agent_client.get(window(listing, "/new"))).text)
    await agent_client.submit(window(listing), typed("Oops", **fields))
    [message] = await sent(listing)
    await agent_client.submit(f"/messages/{message.id}/undos", htmx=True)
    again = await agent_client.submit(window(listing), typed("Oops", **fields))
    assert again.status_code == 422
    assert "You took this message back" in text_of(again.text)
    assert (await agent_client.submit(window(listing), typed("Oops", **hidden(again.text)))).status_code == 303
    assert sorted(each.state for each in await sent(listing)) == [State.CANCELLED, State.QUEUED]


@pytest.mark.parametrize("channel", ["form", "facebook", "kijiji", "bogus"])
async def test_a_channel_that_is_not_offered_never_becomes_a_text(
    agent_client: Client, listing: Listing, channel: str
) -> None:
    answer = await agent_client.submit(window(listing), typed(channel=channel), htmx=True)
    assert answer.status_code == 422
    assert "Choose another channel" in text_of(answer.text)
    assert not await sent(listing)


async def test_a_file_that_was_chosen_and_not_attached_is_not_left_behind_unsaid(
    agent_client: Client, listing: Listing
) -> None:
    answer = await agent_client.submit(window(listing), typed(files="front.jpg"))
    assert answer.status_code == 422
    assert "“front.jpg” is not attached yet" in text_of(answer.text)
    assert words_of(answer.text) == "Is it still for sale?"
    assert not await sent(listing)


async def test_a_file_that_is_gone_stays_in_the_form_and_stops_it(agent_client: Client, listing: Listing) -> None:
    file = await make.attachment(agent_client.user.account, removed_at=clock.now())
    shown = await agent_client.submit(window(listing, "/preview"), typed(attachment=str(file.id)), htmx=True)
    assert "A file was removed meanwhile" in text_of(shown.text)
    assert f'name="attachment" value="{file.id}"' in shown.text
    assert re.search(r'id="send-go"[^>]* disabled', shown.text)
    answer = await agent_client.submit(window(listing), typed(attachment=str(file.id)), htmx=True)
    assert answer.status_code == 422
    assert not await sent(listing)


async def test_a_link_that_was_revoked_is_not_sent(agent_client: Client, listing: Listing, configure: Any) -> None:
    configure(LOTWIRE_PUBLIC_URL="http://lotwire.example")
    user = agent_client.user
    file = await make.attachment(user.account)
    link = await attachments.share(file, listing.id, user)
    words = f"The report: {attachments.url(link, file)}"
    shown = await agent_client.submit(window(listing, "/preview"), typed(words), htmx=True)
    assert file.name in text_of(shown.text)
    await attachments.revoke(link, user)
    shown = await agent_client.submit(window(listing, "/preview"), typed(words), htmx=True)
    assert "A link in the text no longer works" in text_of(shown.text)
    assert (await agent_client.submit(window(listing), typed(words), htmx=True)).status_code == 422
    assert not await sent(listing)


async def test_support_neither_uploads_nor_shares_nor_keeps_from_the_window(
    agent_client: Client, listing: Listing
) -> None:
    support = await make.user(agent_client.user.account, role="support")
    file = await make.attachment(agent_client.user.account)
    async with await agent_client.signed_in(support) as theirs:
        page = await theirs.get(window(listing, "/new"))
        assert "Your role does not send messages." in text_of(page.text)
        for form in ({"do": "attach"}, {"share": str(file.id)}, {"do": "save"}, {"do": "save-template"}):
            assert (await theirs.submit(window(listing, "/new"), typed(**form))).status_code == 403
    assert not await drafts.Draft.exists()


async def test_two_megabytes_of_words_are_refused_before_anything_is_made_of_them(
    agent_client: Client, listing: Listing
) -> None:
    for words in ("x" * 150_000, "{{vehicle.make}} " * 12_000):
        shown = await agent_client.submit(window(listing, "/preview"), typed(words), htmx=True)
        assert shown.status_code == 200
        assert "this is far more. Shorten it." in text_of(shown.text)
        answer = await agent_client.submit(window(listing), typed(words), htmx=True)
        assert answer.status_code == 422
        assert words_of(answer.text) == words
    assert not await sent(listing)


async def test_replacing_takes_the_subject_of_the_new_template(agent_client: Client, listing: Listing) -> None:
    account = agent_client.user.account
    one = await make.template(account, type="email", subject="About your {{vehicle.make}}", body="One")
    two = await make.template(account, type="email", subject="Another subject", body="Two")
    form = typed("", channel="email", template_id=str(one.id), do="load")
    loaded = await agent_client.submit(window(listing, "/new"), form)
    assert 'value="About your Honda"' in loaded.text
    form = typed("One", channel="email", subject="About your Honda", template_id=str(two.id), do="replace")
    replaced = await agent_client.submit(window(listing, "/new"), form)
    assert 'value="Another subject"' in replaced.text


async def test_another_channel_moves_everything_that_depends_on_it_and_leaves_the_text(
    agent_client: Client, listing: Listing
) -> None:
    chosen = await agent_client.submit(window(listing, "/channel"), typed("My words", pick="email"), htmx=True)
    assert chosen.status_code == 200
    assert '<textarea id="body"' not in chosen.text
    assert "Inquiry about your 2019 Honda CR-V" in unescape(chosen.text)
    assert re.search(r'<input type="radio"[^>]* value="email" checked', chosen.text)
    emails = [str(each.id) for each in SHIPPED if each.type == "email"]
    assert all(each in chosen.text for each in emails)
    assert str(FIRST.id) not in chosen.text
    back = await agent_client.submit(window(listing, "/channel"), typed("My words", channel="text"), htmx=True)
    assert str(FIRST.id) in back.text
    assert not any(each in back.text for each in emails)


async def test_each_row_of_the_menu_says_why_not(agent_client: Client) -> None:
    await plans.seed()
    account = agent_client.user.account
    await make.sender_link(await make.connection(account), agent_client.user)
    listing = await make.listing(account, seller={"mobile": "", "phone": "", "email": ""})
    page = text_of((await agent_client.get(window(listing, "/new"))).text)
    assert "This seller has no phone number." in page
    assert "Email is not connected." in page


async def test_who_may_connect_an_app_is_told_to_and_where_the_plan_has_none_to_compare_plans(
    admin_client: Client,
) -> None:
    await plans.seed()
    account = admin_client.user.account
    await make.sender_link(await make.connection(account), admin_client.user)
    listing = await make.listing(account, seller={"email": "dana@mail.example"})
    there = typed("My words", pick="email")
    page = (await admin_client.submit(window(listing, "/new"), there)).text
    assert "Email is not connected. Connect it under Apps." in text_of(page)
    assert "Ask an administrator" not in text_of(page)
    assert '<a href="/apps">Connect it under Apps.</a>' in page
    assert "Why can't I write?" in page  # of an email, nobody asks to text

    options = json.dumps(
        {"imap_host": "m.example", "smtp_host": "m.example", "username": "u", "from_email": "a@m.example"}
    )
    await make.connection(account, kind="email", secret='{"password": "x"}', options=options)
    await without("email")
    page = (await admin_client.submit(window(listing, "/new"), there)).text
    assert "Email is not part of your plan. Compare plans." in text_of(page)
    assert '<a href="/plans">Compare plans.</a>' in page
    assert "not connected" not in text_of(page)


async def test_the_menu_works_while_send_is_off(agent_client: Client) -> None:
    await plans.seed()
    account = agent_client.user.account
    await make.sender_link(await make.connection(account), agent_client.user)
    listing = await make.listing(account, seller={"mobile": "", "phone": "", "email": "dana@mail.example"})
    page = (await agent_client.get(window(listing, "/new"))).text
    assert re.search(r'id="send-go"[^>]* disabled', page)
    assert not re.search(r'id="(send-more|by-text|by-email|channel-text|channel-email)"[^>]* disabled', page)
    email = await agent_client.submit(window(listing, "/new"), typed("My words", pick="email"))
    assert "Send email to" in text_of(email.text)
    assert "Email is not connected." in text_of(email.text)
    assert words_of(email.text) == "My words"


async def test_a_template_that_was_deleted_while_the_window_was_open_costs_no_words(
    agent_client: Client, listing: Listing
) -> None:
    template = await make.template(agent_client.user.account, body="Hi {{seller.first_name}}")
    await message_templates.MessageTemplate.update({message_templates.MessageTemplate.archived_at: clock.now()}).where(
        message_templates.MessageTemplate.id == template.id
    )
    form = typed("My words", template_id=str(template.id))
    page = await agent_client.submit(window(listing, "/new"), {**form, "do": "load"})
    assert message_templates.GONE in text_of(page.text)
    assert words_of(page.text) == "My words"
    filled = await agent_client.submit(window(listing, "/filling"), form, htmx=True)
    assert message_templates.GONE in text_of(filled.text)
    assert 'hx-target="#body"' not in filled.text
    assert (await agent_client.submit(window(listing), form, htmx=True)).status_code == 200
    [message] = await sent(listing)
    assert (message.body, message.template_version) == ("My words", None)


async def test_a_message_keeps_the_version_it_came_from(agent_client: Client, listing: Listing) -> None:
    account, user = agent_client.user.account, agent_client.user
    template = await make.template(account, body="Hello {{seller.first_name}}")
    versions = message_templates.TemplateVersion
    [first] = await versions.objects().where(versions.template == template.id)
    filled = await agent_client.submit(window(listing, "/filling"), typed("", template_id=str(template.id)), htmx=True)
    fields = {"template_id": str(template.id), "template_version": str(first.id)}
    assert f'name="template_version" value="{first.id}"' in filled.text
    await versions.update({versions.current: False}).where(versions.id == first.id)
    await versions.insert(versions(template=template.id, n=2, body="Goodbye", created_by=user.id))
    await agent_client.submit(window(listing), typed("Hello Dana", **fields), htmx=True)
    [message] = await sent(listing)
    assert message.template_version == first.id


async def test_a_template_that_was_only_looked_at_is_not_kept(agent_client: Client, listing: Listing) -> None:
    await agent_client.submit(window(listing), typed("My own words", template_id=str(FIRST.id)), htmx=True)
    [message] = await sent(listing)
    assert message.template_version is None


async def test_ten_thousand_wildcards_are_answered_with_sentences(agent_client: Client, listing: Listing) -> None:
    body = "{{color}} " * 10_000
    shown = await agent_client.submit(window(listing, "/preview"), typed(body), htmx=True)
    assert shown.status_code == 200
    assert "is not a wildcard" in text_of(shown.text)
    answer = await agent_client.submit(window(listing), typed(body), htmx=True)
    assert answer.status_code == 422
    assert not await sent(listing)


async def test_an_emoji_without_scripts_goes_to_the_end_and_is_recent(agent_client: Client, listing: Listing) -> None:
    page = await agent_client.submit(window(listing, "/new"), typed("Nice car ", insert_emoji="👍"))
    assert words_of(page.text) == "Nice car 👍"
    user = await User.objects().get(User.id == agent_client.user.id)
    assert user is not None
    assert user.recent_emoji == "👍"


async def test_a_shortcode_is_an_emoji_in_the_preview_and_in_what_is_sent(
    agent_client: Client, listing: Listing
) -> None:
    shown = await agent_client.submit(window(listing, "/preview"), typed("Great :thumbsup:"), htmx=True)
    assert "Great 👍" in shown.text
    assert "UCS-2" in shown.text
    await agent_client.submit(window(listing), typed("Great :thumbsup:"), htmx=True)
    [message] = await sent(listing)
    assert message.body == "Great 👍"


async def test_without_scripts_a_new_template_keeps_the_text_as_a_draft(agent_client: Client, listing: Listing) -> None:
    answer = await agent_client.submit(window(listing, "/new"), typed("My words", do="save-template"))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/templates/new?type=text")
    assert words_of((await agent_client.get(window(listing, "/new"))).text) == "My words"


@pytest.mark.parametrize(
    ("kind", "options", "field", "head"),
    [
        ("dialpad", {}, "", ""),
        ("twilio", {"from_number": "+15205550100", "account_sid": "AC" + "0" * 32}, "+1 520 555 0100", ""),
        (
            "email",
            {"from_email": "sales@lots.example", "from_name": "Harbor Auto", "smtp_host": "mail.lots.example"},
            "sales@lots.example",
            "Harbor Auto &lt;sales@lots.example&gt;",
        ),
        ("facebook", {"page_id": "102030405060708"}, "Facebook Messenger", ""),
    ],
)
async def test_the_window_names_the_sender_that_the_seller_sees(
    house: None, agent_client: Client, kind: str, options: dict[str, str], field: str, head: str
) -> None:
    await plans.seed()
    account = agent_client.user.account
    await Account.update({Account.facebook: True}).where(Account.id == account)
    secret = json.dumps({field.name: "a-secret" for field in CHANNELS[kind].fields if field.secret})
    connection = await make.connection(account, kind=kind, options=json.dumps(options), secret=secret)
    listing = await make.listing(account, seller={"email": "dana@mail.example"})
    channel = CHANNELS[kind].channel
    if channel == "facebook":
        await threads.heard(account, connection.id, channel, "7020", clock.now(), listing=listing.id)
    page = (await agent_client.get(f"/listings/{listing.id}/sends/new?channel={channel}")).text
    shown = re.search(r'id="from" value="([^"]*)"', page)
    assert shown
    assert shown[1] == (field or agent_client.user.email)
    assert head in page


async def test_a_connection_whose_credentials_are_not_whole_leaves_the_window_open(
    house: None, agent_client: Client
) -> None:
    await plans.seed()
    account = agent_client.user.account
    await make.connection(account, kind="email", secret="", options="{}")
    listing = await make.listing(account, seller={"email": "dana@mail.example"})
    assert (await agent_client.get(f"/listings/{listing.id}/sends/new?channel=email")).status_code == 200
