"""What comes from a colleague's address into a conversation: shown as theirs, and nothing follows from it."""

from datetime import timedelta
from typing import Any

import pytest

from domain import clock, history, inbox, mails, messages, suppressions, threads, unmatched
from domain.address_marks import AddressMark
from domain.channels.base import Bounce, IncomingFile
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.listings import Listing
from domain.messages import Message, State
from domain.reviews import Review
from domain.users import User
from tests import make
from tests.domain.test_inbox_beside import MAIL, OURS, Post, Relay, house_of, mail, sent_to, tell
from tests.sending import Shop, again

MAYA = "maya@lots.example"


@pytest.fixture(autouse=True)
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (Post, Relay):
        monkeypatch.setitem(CHANNELS, each.kind, each)


async def conversation(**user: Any) -> tuple[Shop, Connection, Listing, str]:
    """And the code of its address; Maya works there."""
    dealer, connection, listing = await house_of("email")
    await make.user(dealer.account, **{"email": MAYA, "name": "Maya Brooks", **user})
    return dealer, connection, listing, await mails.token_of(dealer.account.id, listing.id, MAIL)


async def entry() -> Message:
    [message] = await Message.objects().where(Message.origin == "app")
    return message


async def waits(listing: Listing) -> bool:
    fresh = await Listing.objects().get(Listing.id == listing.id)
    assert fresh is not None
    return fresh.waiting_since is not None


async def test_it_is_shown_as_written_by_them(house: None, monkeypatch: Any) -> None:
    _, connection, listing, token = await conversation()
    said = mail(from_address="Maya@Lots.example", from_name="M. B.", token=token, body="We meet at noon.")
    assert await tell(connection, monkeypatch, said) == listing.id
    kept = await entry()
    assert (kept.direction, kept.author_kind, kept.author_name) == ("out", "agent", "Maya Brooks")
    assert (kept.listing, kept.body, kept.state, kept.to_address) == (listing.id, "We meet at noon.", State.LOGGED, "")
    user = await User.objects().get(User.email == MAYA)
    assert user is not None
    assert kept.user == user.id
    assert not await waits(listing)


@pytest.mark.parametrize("body", ["STOP", "Please stop emailing me", "take me off your list"])
async def test_it_never_opts_anybody_out(house: None, monkeypatch: Any, body: str) -> None:
    dealer, connection, _, token = await conversation()
    await tell(connection, monkeypatch, mail(from_address=MAYA, token=token, body=body))
    assert (await entry()).body == body
    for address in (MAYA, MAIL):
        assert not await suppressions.opted_out(dealer.account.id, address, "email")
    assert await Review.count() == 0


async def test_it_starts_nothing_again(house: None, monkeypatch: Any) -> None:
    dealer, connection, _, token = await conversation()
    await tell(connection, monkeypatch, mail(token=token, body="STOP"))
    await tell(connection, monkeypatch, mail(from_address=MAYA, provider_id="2", token=token, body="START"))
    assert await suppressions.opted_out(dealer.account.id, MAIL, "email")


async def test_it_cancels_no_plan_and_answers_nobody(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing, token = await conversation()
    await tell(connection, monkeypatch, mail(token=token, body="Are you there?"))
    plan = await make.message(
        listing, channel="email", to_address=MAIL, state=State.PENDING, user=dealer.user, kind="scheduled"
    )
    await Message.update({Message.scheduled_at: clock.now() + timedelta(days=1)}).where(Message.id == plan.id)
    await tell(connection, monkeypatch, mail(from_address=MAYA, provider_id="2", token=token, body="Yes, I am."))
    assert (await again(plan)).state == State.PENDING
    assert await waits(listing)
    [theirs] = await Message.objects().where(Message.direction == "in")
    await messages.answered_since(listing.id, [theirs.id], clock.now())  # nor where it is looked at late
    assert (await again(theirs)).responded_at is None


async def test_it_is_no_contact_of_ours(house: None, monkeypatch: Any) -> None:
    _, connection, listing, token = await conversation()
    before = await Listing.objects().get(Listing.id == listing.id)
    await tell(connection, monkeypatch, mail(from_address=MAYA, token=token, body="Hello"))
    after = await Listing.objects().get(Listing.id == listing.id)
    assert before is not None
    assert after is not None
    assert (after.stage, after.last_contact_at) == (before.stage, before.last_contact_at)


async def test_it_clears_no_mark_and_no_bounce_of_it_counts(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing, token = await conversation()
    ours = await sent_to(dealer, connection, listing, MAIL)
    rfc_id = "<made-up@mail.example>"
    said = mail(from_address=MAYA, token=token, body="Hello", rfc_id=rfc_id)
    await tell(connection, monkeypatch, said)
    await tell(connection, monkeypatch, Bounce(MAIL, "550 No such user", clock.now(), rfc_id))
    await tell(connection, monkeypatch, Bounce("", "550 No such user", clock.now(), rfc_id))
    assert not await AddressMark.exists()
    assert (await entry()).state == State.LOGGED
    assert (await again(ours)).state == State.SENT


async def test_a_seller_who_answers_it_is_heard_as_if_they_answered_us(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing, token = await conversation()
    ours = await sent_to(dealer, connection, listing, MAIL)
    header = await mails.EmailHeader.objects().get(mails.EmailHeader.message == ours.id)
    assert header is not None
    await tell(connection, monkeypatch, mail(from_address=MAYA, token=token, body="Hello", rfc_id="<maya@x.example>"))
    references = (header.rfc_id, "<maya@x.example>")
    assert await mails.written_to(dealer.account.id, "", references) == MAIL
    said = mail(provider_id="2", from_address="dana@work.example", references=references[1:], body="Fine")
    assert await tell(connection, monkeypatch, said) == listing.id


async def test_its_files_come_into_the_history(house: None, monkeypatch: Any) -> None:
    _, connection, listing, token = await conversation()
    files = (IncomingFile("part:2", "contract.pdf", "application/pdf"),)
    await tell(connection, monkeypatch, mail(from_address=MAYA, token=token, media=files))
    assert await inbox.IncomingFile.count() == 1
    [shown] = [row for row in (await history.page(listing.id)).rows if row["what"] == "message"]
    assert [each["name"] for each in shown["files"]] == ["contract.pdf"]


async def test_a_seller_who_works_there_is_a_seller(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing, _ = await conversation()
    await make.listing(dealer.account, seller={"email": MAYA})
    token = await mails.token_of(dealer.account.id, listing.id, MAIL)
    await tell(connection, monkeypatch, mail(from_address=MAYA, token=token, body="STOP"))
    assert await suppressions.opted_out(dealer.account.id, MAYA, "email")


async def test_whom_we_wrote_to_is_a_seller(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing, _ = await conversation()
    token = await mails.token_of(dealer.account.id, listing.id, MAYA)
    await tell(connection, monkeypatch, mail(from_address=MAYA, token=token, body="STOP"))
    assert await suppressions.opted_out(dealer.account.id, MAYA, "email")


async def test_who_works_there_no_more_or_elsewhere_is_no_colleague(house: None, monkeypatch: Any) -> None:
    _, connection, listing, token = await conversation(active=False)
    await make.user(await make.account(), email="ben@other.example")
    for n, address in enumerate((MAYA, "ben@other.example")):
        said = mail(provider_id=str(n), from_address=address, token=token, body="Hello")
        assert await tell(connection, monkeypatch, said) == listing.id
    assert await Message.count().where((Message.direction == "in") & (Message.listing == listing.id)) == 2


async def test_what_belongs_to_no_conversation_waits_and_stops_nobody(house: None, monkeypatch: Any) -> None:
    dealer, connection, _, _ = await conversation()
    assert await tell(connection, monkeypatch, mail(from_address=MAYA, body="STOP")) is None
    [message] = await Message.objects().where(Message.direction == "in")
    assert (message.listing, message.responded_at, message.to_address) == (None, None, OURS)
    assert not await suppressions.opted_out(dealer.account.id, MAYA, "email")


async def linked(dealer: Shop, listing: Listing, **more: Any) -> None:
    """Somebody says of Maya's mails that matched nothing that they are about this listing."""
    [message, *_] = await Message.objects().where(Message.listing.is_null()).order_by(Message.at)
    await unmatched.link(dealer.account, message.id, listing, dealer.user, **more)


async def test_linked_by_hand_it_is_theirs_and_does_nothing(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing, token = await conversation()
    await tell(connection, monkeypatch, mail(token=token, body="Are you there?"))
    before = await Listing.objects().get(Listing.id == listing.id)
    plan = await make.message(
        listing, channel="email", to_address=MAIL, state=State.PENDING, user=dealer.user, kind="scheduled"
    )
    await Message.update({Message.scheduled_at: clock.now() + timedelta(days=1)}).where(Message.id == plan.id)
    for n, body in enumerate(("STOP", "Call them today.")):
        said = mail(provider_id=f"m{n}", from_address=MAYA, from_name="M. B.", body=body)
        assert await tell(connection, monkeypatch, said) is None
    await linked(dealer, listing, keep=True)
    kept = await Message.objects().where(Message.origin == "app").order_by(Message.body)
    assert [(each.body, each.listing, each.state) for each in kept] == [
        ("Call them today.", listing.id, State.LOGGED),
        ("STOP", listing.id, State.LOGGED),
    ]
    user = await User.objects().get(User.email == MAYA)
    assert user is not None
    for each in kept:
        assert (each.direction, each.author_kind, each.author_name, each.user) == (
            "out",
            "agent",
            "Maya Brooks",
            user.id,
        )
        assert each.to_address == ""
    after = await Listing.objects().get(Listing.id == listing.id)
    assert before is not None
    assert after is not None
    for each in ("stage", "last_contact_at", "waiting_since"):
        assert getattr(after, each) == getattr(before, each), each
    assert await waits(listing)
    assert (await again(plan)).state == State.PENDING
    assert (await make.seller_of(listing)).email != MAYA
    for address in (MAYA, MAIL):
        assert not await suppressions.opted_out(dealer.account.id, address, "email")


async def test_linked_by_hand_what_was_heard_as_a_sellers_stays_a_sellers(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing, _ = await conversation(active=False)
    await tell(connection, monkeypatch, mail(from_address=MAYA, body="STOP"))
    await User.update({User.active: True}).where(User.email == MAYA)
    await linked(dealer, listing)
    [message] = await Message.objects().where(Message.direction == "in")
    assert (message.listing, message.author_kind) == (listing.id, "seller")
    assert await suppressions.opted_out(dealer.account.id, MAYA, "email")


async def test_linked_by_hand_a_seller_who_works_there_is_a_seller(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing, _ = await conversation()
    await tell(connection, monkeypatch, mail(from_address=MAYA, body="It is still for sale."))
    await make.listing(dealer.account, seller={"email": MAYA})
    await linked(dealer, listing)
    assert await waits(listing)


async def test_a_relay_knows_no_colleagues(house: None, monkeypatch: Any) -> None:
    _, connection, _, _ = await conversation()
    kijiji = await make.connection(connection.account, kind="kijiji")
    await threads.heard(connection.account, kijiji.id, "kijiji", MAYA, clock.now())
    await tell(kijiji, monkeypatch, mail(from_address=MAYA, body="STOP"))
    assert await suppressions.opted_out(connection.account, MAYA, "kijiji")
