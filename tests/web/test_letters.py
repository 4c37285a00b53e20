"""How an email reads: its new words in the history, the whole of it a click away and harmless."""

import threading
from typing import Any

import pytest

from domain import email_html, mails, plans
from domain.messages import Message, State
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


@pytest.mark.parametrize("values", [{"channel": "text"}, {"direction": "out"}], ids=["a text", "ours"])
async def test_nothing_else_is_a_letter(agent_client: Client, values: dict[str, str]) -> None:
    message = await email(agent_client, **values)
    assert (await agent_client.get(f"/messages/{message.id}/letter")).status_code == 404


async def test_a_letter_of_another_dealership_is_not_found(agent_client: Client) -> None:
    await plans.seed()
    message = await make.message(await make.listing(await make.account()), channel="email", direction="in")
    assert (await agent_client.get(f"/messages/{message.id}/letter")).status_code == 404
