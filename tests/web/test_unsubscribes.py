"""One click ends our emails, a look does not, and nobody can end those of somebody else."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import clock, delivery, ids, imprints, plans, suppressions, unsubscribes
from domain.channels.base import Accepted
from domain.messages import Message, State
from tests import make
from tests.client import Client
from tests.sending import OWNER, end, shop

DANA = "dana@mail.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def email(client: Client | None = None) -> Message:
    listing = await make.listing(client.user.account if client and client.user else None, seller={"email": DANA})
    return await make.message(listing, channel="email", to_address=DANA, state=State.SENT)


def path(message: Message, listing: UUID | None = None, to: str = DANA) -> str:
    assert message.listing
    return f"/unsubscribe/{listing or message.listing}/{imprints.signature(message.listing, to)}"


async def test_one_click_of_a_mail_program_ends_our_emails_and_a_second_changes_nothing(client: Client) -> None:
    message = await email()
    waiting = await make.message(
        await make.listing(seller={"email": DANA}), channel="email", to_address=DANA, state=State.QUEUED
    )
    for _ in range(2):
        answer = await client.post(path(message), data=ONE_CLICK)  # no cookie, no token, no redirect
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert await suppressions.opted_out(message.account, DANA, "email")
    assert not await suppressions.opted_out(message.account, DANA, "text")
    ended = await Message.objects().get(Message.id == waiting.id)
    assert ended is not None
    assert (ended.state, ended.code) == (State.CANCELLED, "opted_out")


async def test_a_link_of_an_email_that_left_before_links_named_their_listing_still_works(client: Client) -> None:
    message = await email()
    old = f"/unsubscribe/{message.id}/{imprints.signature(message.id, '')}"
    assert (await client.get(old)).status_code == 200
    assert (await client.post(old, data=ONE_CLICK)).status_code == 200
    assert await suppressions.opted_out(message.account, DANA, "email")


async def test_looking_ends_nothing_and_shows_a_button(client: Client) -> None:
    message = await email()
    answer = await client.get(path(message))
    assert (answer.status_code, DANA in answer.text) == (200, True)
    assert f'action="{path(message)}"' in answer.text.replace("http://lotwire.test", "")
    assert not await suppressions.opted_out(message.account, DANA, "email")


async def test_only_the_address_that_stands_in_the_email_works(client: Client) -> None:
    message, other = await email(), await email()
    text = await make.message(await make.listing())
    unsent = await make.listing(seller={"email": DANA})
    wrong = [
        path(message)[:-1] + ("A" if path(message)[-1] != "A" else "B"),
        path(message, other.listing),
        path(message, to="ben@mail.example"),
        path(text, to=text.to_address),
        f"/unsubscribe/none/{imprints.signature(other.listing, DANA)}",
        f"/unsubscribe/{unsent.id}/{imprints.signature(unsent.id, DANA)}",  # as in a preview: nothing went there yet
    ]
    for each in wrong:
        assert (await client.post(each, data=ONE_CLICK)).status_code == 404
        assert (await client.get(each)).status_code == 404
    assert not await suppressions.opted_out(message.account, DANA, "email")


async def test_an_email_ends_emails_to_where_it_went_also_when_the_seller_moved(client: Client) -> None:
    message = await email()
    await Message.raw("UPDATE seller SET email = 'new@mail.example' WHERE listing = {}", message.listing)
    await make.message(await lot(message), channel="email", to_address="new@mail.example", state=State.SENT)
    assert (await client.post(path(message), data=ONE_CLICK)).status_code == 200
    assert await suppressions.opted_out(message.account, DANA, "email")
    assert not await suppressions.opted_out(message.account, "new@mail.example", "email")


async def lot(message: Message) -> Any:
    return await make.Listing.objects().get(make.Listing.id == message.listing)


async def test_the_history_tells_that_they_want_no_more_emails(agent_client: Client) -> None:
    await plans.seed()
    message = await email(agent_client)
    await unsubscribes.unsubscribe(message)
    page = await agent_client.get(f"/listings/{message.listing}")
    assert f"{DANA} asked not to get emails" in page.text


@pytest.mark.parametrize("kind", ["one_to_one", "batch", "automated"])
async def test_emails_that_many_get_carry_the_address_and_others_do_not(house: None, configure: Any, kind: str) -> None:
    configure(LOTWIRE_PUBLIC_URL="https://lots.example")
    dealer = await shop()
    connection = await make.connection(dealer.account, kind="email", options={"from_email": "sales@lots.example"})
    listing = await make.listing(dealer.account, seller={"email": DANA})
    written = await make.message(
        listing,
        channel="email",
        kind=kind,
        wording="Hi, is it for sale?",
        to_address=DANA,
        connection=connection.id,
        user=dealer.user,
        state=State.QUEUED,
        not_before=clock.now() - timedelta(seconds=1),
    )
    started, _ = await delivery.start(OWNER, await delivery.claim(OWNER, connection.id, 10))
    [call] = started
    assert call.outgoing.mail is not None
    offered = f"https://lots.example{path(written)}"
    many = kind != "one_to_one"
    assert call.outgoing.mail.unsubscribe == (offered if many else "")
    assert call.outgoing.body.endswith(f"\n{imprints.BY_LINK}{offered}") == many
    assert (f'href="{offered}"' in call.outgoing.mail.html) == many
    for said in (call.outgoing.body, call.outgoing.mail.html):
        assert ("4820 E Speedway Blvd, Tucson AZ 85712" in said) == many
    await end(started, Accepted(call.outgoing.mail.message_id, state="sent"))


def test_without_an_https_address_of_ours_no_click_is_offered(configure: Any) -> None:
    configure(LOTWIRE_PUBLIC_URL="http://lots.example")
    assert imprints.link(ids.new(), DANA) == ""
