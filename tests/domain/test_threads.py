"""Who can be written to by channels other than texts: threads and their windows, mail that came back, one sender."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from domain import address_marks, clock, composing, delivery, judging, mails, suppressions, threads
from domain.channels.base import Accepted
from domain.channels.registry import CHANNELS
from domain.composing import Draft
from domain.connections import SenderLink
from domain.listings import Listing
from domain.messages import Message, State
from domain.sources import Source
from tests import make
from tests.sending import OWNER, Provider, Shop, again, end, shop

HUMAN = {"human_agent": "true"}


class Messenger(Provider):
    kind, channel, name = "facebook", "facebook", "Facebook"
    senders = "one"

    @classmethod
    def window(cls, options: Mapping[str, Any], by_person: bool) -> timedelta | None:
        return timedelta(days=7) if by_person and options.get("human_agent") == "true" else timedelta(hours=24)


class Post(Provider):
    kind, channel, name = "email", "email", "Email"
    senders = "one"


class Numbers(Provider):
    """Texts that all leave from one number."""

    senders = "one"


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (Messenger, Post):
        monkeypatch.setitem(CHANNELS, each.kind, each)


async def opened(dealer: Shop, listing: Listing, hours_ago: float, **values: Any) -> None:
    at = clock.now() - timedelta(hours=hours_ago)
    connection = await make.connection(dealer.account, kind="facebook", **values)
    await threads.heard(dealer.account.id, connection.id, "facebook", "psid-1", at, listing=listing.id)


async def said(dealer: Shop, listing: Listing, kind: str = "one_to_one") -> list[str]:
    decision = await composing.judge(await dealer.scene(listing), "facebook", kind=kind)
    return [each.code for each in decision.refusals if each.code != "quiet_hours"]


@pytest.mark.parametrize(
    ("hours", "options", "kind", "codes"),
    [
        (23, {}, "one_to_one", []),
        (25, {}, "one_to_one", ["outside_window"]),
        (25, HUMAN, "one_to_one", []),
        (25, HUMAN, "scheduled", ["outside_window"]),
        (24 * 7 + 1, HUMAN, "one_to_one", ["outside_window"]),
    ],
)
async def test_a_thread_may_be_answered_within_its_window_and_by_a_person_longer(
    house: None, others: None, clock: Any, hours: float, options: dict[str, str], kind: str, codes: list[str]
) -> None:
    clock.freeze()
    dealer = await shop(account=await make.account(facebook=True))
    listing = await make.listing(dealer.account, seller={"mobile": "", "email": ""})
    await opened(dealer, listing, hours, options=options)
    assert await said(dealer, listing, kind) == codes


async def test_the_worker_looks_at_the_window_once_more(house: None, others: None, clock: Any) -> None:
    dealer = await shop(account=await make.account(facebook=True))
    listing = await make.listing(dealer.account)
    await opened(dealer, listing, 23)
    written = await composing.send(await dealer.scene(listing), Draft("Yes, today.", "facebook", origin="api"))
    clock.set(clock.now() + timedelta(hours=2))
    claimed = await delivery.claim(OWNER, written.connection, 10)
    started, _ = await delivery.start(OWNER, claimed)
    assert not started
    kept = await again(written)
    assert (kept.state, kept.code, kept.reason) == (
        State.FAILED,
        "outside_window",
        "Outside Facebook's 24-hour window.",
    )


async def test_a_thread_that_ended_is_offered_again_once_they_write(house: None, others: None) -> None:
    dealer = await shop(account=await make.account(facebook=True))
    listing = await make.listing(dealer.account)
    await opened(dealer, listing, 1)
    assert (await dealer.scene(listing)).address("facebook") == "psid-1"
    assert await threads.end(dealer.account.id, "facebook", "psid-1", "They left.")
    assert (await dealer.scene(listing)).address("facebook") == ""
    now = clock.now()
    await threads.heard(dealer.account.id, dealer.connection.id, "facebook", "psid-1", now)
    assert (await dealer.scene(listing)).address("facebook") == "psid-1"


async def test_the_lists_keep_a_thread_as_they_keep_a_number(house: None, others: None) -> None:
    dealer = await shop(account=await make.account(facebook=True))
    listing = await make.listing(dealer.account)
    await opened(dealer, listing, 1)
    user = await make.user(dealer.account, role="manager")
    await make.opt_out("psid-1", dealer.account, channel="facebook")
    await suppressions.block(dealer.account.id, user, "psid-1", "Threats")
    assert set(await said(dealer, listing)) == {"opted_out", "phone_blocked"}


async def test_mail_that_came_back_is_told_by_window_batch_and_worker(house: None, others: None) -> None:
    dealer = await shop()
    await make.connection(dealer.account, kind="email")
    listing = await make.listing(dealer.account, seller={"email": "dana@mail.example"})
    written = await composing.send(await dealer.scene(listing), Draft("Hello", "email", origin="api"))
    await address_marks.bounced(dealer.account.id, "Dana@mail.example", "550 no such user")
    [refusal] = (await composing.judge(await dealer.scene(listing), "email")).refusals
    assert (refusal.code, refusal.message) == ("email_invalid", "Mail to this address came back.")
    judge = await judging.judge(dealer.account, dealer.user, "batch")
    [[row]] = [rows async for rows in judging.rows(dealer.account, [listing.id])]
    assert "email_invalid" in [each.code for each in judge.decide(row, "email").refusals]
    await delivery.start(OWNER, await delivery.claim(OWNER, written.connection, 10))
    assert (await again(written)).code == "email_invalid"
    assert await address_marks.clear(dealer.account.id, "dana@mail.example")
    assert (await composing.judge(await dealer.scene(listing), "email")).allowed


async def test_a_text_leaves_by_a_provider_with_one_sender_for_all(house: None, monkeypatch: Any) -> None:
    monkeypatch.setitem(CHANNELS, "numbers", Numbers)  # a kind of its own: what is kept of one counts for a process
    dealer = await shop(kind="numbers")
    colleague = await make.user(dealer.account)  # without any account there
    listing = await make.listing(dealer.account)
    written = await composing.send(await dealer.scene(listing, colleague), Draft("Hello", origin="api"))
    [started], _ = await delivery.start(OWNER, await delivery.claim(OWNER, written.connection, 10))
    assert (started.outgoing.sender, started.outgoing.to) == ("", written.to_address)
    known, _ = await delivery.look_up_senders(OWNER, [written.id])
    assert known == [written.id]
    assert not await SenderLink.exists().where(SenderLink.user == colleague.id)  # nobody was looked up
    assert (await Numbers().send(started.outgoing, started.permit)).provider_id


async def test_an_email_carries_what_makes_it_part_of_its_thread(house: None, others: None) -> None:
    dealer = await shop()
    connection = await make.connection(dealer.account, kind="email", options={"from_email": "sales@Lots.example"})
    listing = await make.listing(dealer.account, seller={"email": "dana@mail.example"})
    sent = []
    for body in ("First", "Second"):
        written = await composing.send(await dealer.scene(listing), Draft(body, "email", origin="api"))
        started, _ = await delivery.start(OWNER, await delivery.claim(OWNER, connection.id, 10))
        await end(started, Accepted(body, state="sent"))
        sent.append(started[0].outgoing.mail)
        assert await mails.listing_of_references(dealer.account.id, [sent[-1].message_id]) == listing.id
        assert sent[-1].message_id == f"<{written.id.hex}@lots.example>"
    first, second = sent
    assert (first.in_reply_to, first.references) == ("", ())
    assert (second.in_reply_to, second.references) == (first.message_id, (first.message_id,))
    assert first.token == second.token
    assert await mails.listing_of_token(dealer.account.id, first.token) == listing.id
    assert await mails.listing_of_token((await make.account()).id, first.token) is None


async def test_a_form_that_a_person_fills_in_is_offered_by_hand_alone(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account, url="https://ads.example/1")
    await Source.update({Source.form_transport: "assisted"}).where(Source.id == listing.source)
    offer = (await dealer.scene(listing)).offers()["form"]
    assert (offer.available, offer.assisted, offer.datum) == (False, True, "")
    assert offer.reason == "The form of this ad is filled in by hand: open the ad."
    assert not await Message.exists()
