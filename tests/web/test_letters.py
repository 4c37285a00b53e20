"""How an email reads: its new words in the history, the whole of it a click away and harmless."""

import threading
from typing import Any

import pytest

from domain import email_html, mails, plans, reviews
from domain.messages import Message, State
from domain.opt_out_words import Outcome, Reading
from tests import make
from tests.client import Client

HOSTILE = (
    "<p>Yes, come by.</p><script>alert(1)</script><img src=https://spy.example/1.gif>"
    "<a href=javascript:x()>one</a><blockquote>Reply STOP to opt out</blockquote>"
)


async def email(client: Client, html: str = HOSTILE, **values: Any) -> Message:
    await plans.seed()
    listing = await make.listing(client.user.account if client.user else None)
    defaults = {"channel": "email", "direction": "in", "state": State.RECEIVED, "subject": "Re: Your Civic"}
    message = await make.message(listing, body="Yes, come by.", **{**defaults, **values})
    await mails.keep(message.id, message.account, "<a@b>", (), html, "Dana")
    return message


async def test_the_history_shows_the_new_words_and_leads_to_the_rest(agent_client: Client) -> None:
    message = await email(agent_client)
    page = (await agent_client.get(f"/listings/{message.listing}")).text
    assert "Yes, come by." in page
    assert "Reply STOP to opt out" not in page.partition('id="history')[2]
    assert f"/messages/{message.id}/letter" in page


async def test_an_email_that_is_shown_whole_leads_nowhere(agent_client: Client) -> None:
    message = await email(agent_client, html="")
    assert f"/messages/{message.id}/letter" not in (await agent_client.get(f"/listings/{message.listing}")).text


async def test_the_whole_email_runs_and_loads_nothing(agent_client: Client, count_queries: Any) -> None:
    message = await email(agent_client)
    with count_queries() as queries:
        answer = await agent_client.get(f"/messages/{message.id}/letter")
    assert (answer.status_code, queries.count <= 8) == (200, True)
    shown = answer.text.partition('id="whole">')[2].partition("</div>")[0]
    assert "<blockquote>Reply STOP to opt out</blockquote>" in shown
    assert not [
        bad for bad in ("<script", "<img", "javascript", "spy.example", "alert") if bad in shown.partition("</div>")[0]
    ]


async def test_the_pages_of_others_do_not_wait_until_it_is_cleaned(
    agent_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    loops = threading.get_ident()
    seen: list[int] = []

    def cleaned(html: str) -> str:
        seen.append(threading.get_ident())
        return "<p>Yes</p>"

    message = await email(agent_client)
    monkeypatch.setattr(email_html, "cleaned", cleaned)
    assert "<p>Yes</p>" in (await agent_client.get(f"/messages/{message.id}/letter")).text
    assert seen
    assert loops not in seen


async def test_what_was_written_here_is_no_letter(agent_client: Client) -> None:
    message = await email(agent_client, direction="out")
    assert (await agent_client.get(f"/messages/{message.id}/letter")).status_code == 404


async def test_a_colleagues_email_stands_there_as_theirs_and_is_a_click_away(agent_client: Client) -> None:
    colleague = await make.user(agent_client.user.account, name="Maya Brooks")
    theirs = {"direction": "out", "origin": "app", "author_kind": "agent", "user": colleague, "state": State.LOGGED}
    message = await email(agent_client, **theirs)
    page = (await agent_client.get(f"/listings/{message.listing}")).text.partition('id="history')[2]
    for words in ("Maya Brooks", "in a mail program", f"/messages/{message.id}/letter"):
        assert words in page
    for words in ("Not answered yet", "Logged by hand", "Dialpad"):
        assert words not in page
    assert (await agent_client.get(f"/messages/{message.id}/letter")).status_code == 200


async def test_a_letter_of_another_dealership_is_not_found(agent_client: Client) -> None:
    await plans.seed()
    message = await make.message(await make.listing(await make.account()), channel="email", direction="in")
    assert (await agent_client.get(f"/messages/{message.id}/letter")).status_code == 404


@pytest.mark.parametrize("channel", ["text", "facebook", "email"])
async def test_a_message_that_never_ends_is_folded_and_can_be_read_whole(agent_client: Client, channel: str) -> None:
    await plans.seed()
    listing = await make.listing(agent_client.user.account)
    body = "Yes. " + "word " * 40_000 + "The last word."
    message = await make.message(listing, direction="in", channel=channel, body=body)
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    assert "Yes. word word" in page
    assert "The last word." not in page
    assert len(page) < 120_000
    assert f'href="/messages/{message.id}/letter"' in page
    whole = (await agent_client.get(f"/messages/{message.id}/letter")).text
    assert "The last word." in whole.partition('id="whole"')[2]


async def test_our_own_words_stand_whole_in_the_history(agent_client: Client) -> None:
    await plans.seed()
    message = await make.message(user=agent_client.user, channel="email", body="word " * 1_000 + "The last word.")
    page = (await agent_client.get(f"/listings/{message.listing}")).text
    assert "The last word." in page
    assert (await agent_client.get(f"/messages/{message.id}/letter")).status_code == 404


async def test_what_is_to_be_reviewed_is_folded_too(agent_client: Client) -> None:
    await plans.seed()
    message = await make.message(direction="in", body="Stop it? " + "word " * 40_000)
    reading = Reading(Outcome.REVIEW, "resembles_stop", "stop it")
    await reviews.open_(message.account, message.listing, message.id, message.from_address, reading)
    page = (await agent_client.get("/reviews")).text
    assert len(page) < 60_000
    assert f'href="/messages/{message.id}/letter"' in page


async def test_a_subject_that_never_ends_is_folded_and_can_be_read_whole(agent_client: Client) -> None:
    message = await email(agent_client, html="", subject="x" * 490 + "the end")
    page = (await agent_client.get(f"/listings/{message.listing}")).text
    assert "x" * 200 + "…" in page
    assert "the end" not in page
    assert f'href="/messages/{message.id}/letter"' in page
    assert "the end</h1>" in (await agent_client.get(f"/messages/{message.id}/letter")).text


async def test_a_long_note_of_a_logged_contact_can_be_read_whole_by_whoever_decides(agent_client: Client) -> None:
    await plans.seed()
    message = await make.message(direction="in", kind="external", origin="log", body="word " * 900 + "the end")
    assert "the end" in (await agent_client.get(f"/messages/{message.id}/letter")).text
