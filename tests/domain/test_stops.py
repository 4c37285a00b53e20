"""Who said stop is left alone until they write to us themselves; said in a thread it counts wherever they are known."""

import importlib
from typing import Any

import pytest

from domain import clock, composing, db, external, judging, reviews, suppressions, threads, unmatched, unsubscribes
from domain.channels.base import Incoming
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.external import Contact
from domain.listings import Listing
from domain.messages import Message, State
from domain.reviews import Review
from domain.suppressions import OptOut
from tests import make
from tests.domain.test_inbox_beside import Page, Post, tell
from tests.sending import OUR_NUMBER, Shop, again, shop

MOBILE, PHONE, MAIL, ELSEWHERE = "+15205550181", "+15205550182", "dana@mail.example", "+15205550199"
PSID, OTHER_PSID = "7020304050607081", "7020304050607082"


class House:
    """A dealership that texts, emails and has a Page, and a seller who writes to it."""

    def __init__(self, dealer: Shop, page: Connection, listing: Listing, patch: pytest.MonkeyPatch, time: Any) -> None:
        self.dealer, self.page, self.listing, self._patch, self._time = dealer, page, listing, patch, time

    async def hears(self, body: str, from_address: str = MOBILE, **values: Any) -> None:
        """A minute later the seller writes: a text, or from where there are no digits in their thread."""
        self._time.advance(minutes=1)
        connection = self.page if from_address in (PSID, OTHER_PSID) else self.dealer.connection
        said = Incoming(f"m-{clock.now().timestamp()}", from_address, OUR_NUMBER, body, clock.now(), **values)
        await tell(connection, self._patch, said)

    async def may_write(self, channel: str = "email", kind: str = "one_to_one", listing: Listing | None = None) -> bool:
        """What the window and the look at many say, which is the same."""
        listing = listing or self.listing
        self._time.advance(minutes=1)
        decision = await composing.judge(await self.dealer.scene(listing), channel, kind=kind)
        judge = await judging.judge(self.dealer.account, self.dealer.user, kind)
        [row] = [row async for some in judging.rows(self.dealer.account, [listing.id]) for row in some]
        codes = {each.code for each in decision.refusals}
        many = judge.decide(row, channel, to=row["email" if channel == "email" else "mobile"])
        assert ("opted_out" in codes) == ("opted_out" in {each.code for each in many.refusals})
        return "opted_out" not in codes

    async def other_listing(self, **seller: str) -> Listing:
        return await make.listing(self.dealer.account, seller={"mobile": "", "phone": "", "email": "", **seller})


@pytest.fixture
async def seller(house: None, monkeypatch: pytest.MonkeyPatch, clock: Any) -> House:
    for each in (Page, Post):
        monkeypatch.setitem(CHANNELS, each.kind, each)
    dealer = await shop(account=await make.account(country="CA", facebook=True))
    dealer.user = await make.user(dealer.account, role="manager")
    await make.connection(dealer.account, kind="email", options={"from_email": "sales@lots.example"})
    page = await make.connection(dealer.account, kind="facebook")
    listing = await make.listing(dealer.account, seller={"mobile": MOBILE, "phone": PHONE, "email": MAIL})
    return House(dealer, page, listing, monkeypatch, clock)


# Who wrote since


async def test_a_word_to_us_lets_a_person_answer_until_the_next_stop(seller: House) -> None:
    await seller.hears("STOP")
    assert not await seller.may_write()
    await seller.hears("What would you pay for it?")
    assert await seller.may_write()
    assert not await seller.may_write(kind="automated")
    assert not await seller.may_write("text")
    await seller.hears("STOP")
    assert not await seller.may_write()
    await seller.hears("So, what about my car?", PHONE)
    assert await seller.may_write()


@pytest.mark.parametrize("sender", [MOBILE, PHONE, ELSEWHERE])
async def test_a_second_stop_is_no_word_to_us(seller: House, sender: str) -> None:
    if sender == ELSEWHERE:  # not known as theirs, but it wrote about this vehicle
        await make.message(seller.listing, direction="in", from_address=ELSEWHERE, at=clock.now())
    await seller.hears("STOP")
    await seller.hears("Stop", sender)
    [_, second] = await Message.objects().where(Message.body.like("S%")).order_by(Message.at)
    assert (second.listing, second.means) == (seller.listing.id, "stop")
    assert not await seller.may_write()


async def test_what_a_machine_of_theirs_wrote_is_no_word_to_us(seller: House) -> None:
    await seller.hears("STOP")
    await seller.hears("I am driving and will answer later", automatic=True)
    assert not await seller.may_write()
    await seller.hears("I am at home now")
    assert await seller.may_write()


async def test_what_an_agent_wrote_down_is_no_word_to_us(seller: House) -> None:
    await seller.hears("STOP")
    contact = Contact("call", "in", clock.now(), note="They want to hear more")
    await external.log(seller.dealer.account, seller.listing, seller.dealer.user, contact)
    assert not await seller.may_write()


async def test_a_stop_heard_again_by_an_agent_or_by_a_click_counts_from_then(seller: House) -> None:
    account = seller.dealer.account.id
    email = await make.message(seller.listing, channel="email", to_address=MAIL, state=State.DELIVERED)
    assert await unsubscribes.unsubscribe(email)
    for again_ in ("click", "agent"):
        await seller.hears("And my car?")
        assert await seller.may_write("text")
        if again_ == "click":
            assert not await unsubscribes.unsubscribe(email)
        else:
            heard = "Said so on the phone"
            assert not await suppressions.agent_opt_out(account, seller.dealer.user, MAIL, "email", heard)
        assert not await seller.may_write("text")


async def test_what_has_to_be_looked_at_is_a_word_to_us_once_somebody_says_so(seller: House) -> None:
    for decision, may in (("carry_on", True), ("opt_out", False)):
        await seller.hears("STOP")
        await seller.hears("Why do you keep bothering me, I will report you", PHONE)
        assert not await seller.may_write()
        review = await Review.objects().get(Review.settled_at.is_null())
        assert review is not None
        await reviews.settle(review, seller.dealer.user, decision)
        assert await seller.may_write() == may, decision


async def test_what_a_machine_of_theirs_wrote_does_not_end_the_row_of_unanswered_ones(seller: House) -> None:
    for _ in range(3):
        sent = await make.message(seller.listing, to_address=MOBILE, kind="automated", state=State.SENT, at=clock.now())
    seller._time.advance(days=3)
    assert await codes(seller) == {"frequency_cap"}
    await seller.hears("I am driving and will answer later", automatic=True)
    assert await codes(seller) == {"frequency_cap"}
    await seller.hears("Yes, it is there")
    assert await codes(seller) == set()
    assert sent


async def codes(seller: House) -> set[str]:
    decision = await composing.judge(await seller.dealer.scene(seller.listing), "email", kind="automated")
    return {each.code for each in decision.refusals} - {"quiet_hours", "no_postal_address"}


# A stop in a thread


async def thread(seller: House, psid: str, listing: Listing) -> None:
    await threads.heard(seller.dealer.account.id, seller.page.id, "facebook", psid, clock.now(), listing=listing.id)


@pytest.mark.parametrize("same", [{"mobile": PHONE}, {"phone": MOBILE}, {"email": MAIL}])
async def test_a_stop_in_a_thread_holds_for_the_sellers_other_vehicles(seller: House, same: dict[str, str]) -> None:
    other = await seller.other_listing(**{"mobile": "+15205550177", "email": "da@mail.example", **same})
    waits = await make.message(other, state=State.QUEUED, to_address=next(iter(same.values())))
    nobody = await seller.other_listing(mobile="+15205550178", email="bo@mail.example")
    await thread(seller, PSID, seller.listing)
    assert await seller.may_write("text", "batch", other)
    await seller.hears("STOP", PSID)
    for channel in ("text", "email"):
        for kind in ("one_to_one", "batch", "automated"):
            assert not await seller.may_write(channel, kind, other), (channel, kind)
            assert await seller.may_write(channel, kind, nobody)
    assert (await again(waits)).state == State.CANCELLED
    await seller.hears("Text me about the truck", next(iter(same.values())))
    assert await seller.may_write("text", listing=other)  # at the very number, where they said no stop
    assert not await seller.may_write("text", "batch", other)


async def test_only_the_end_of_the_threads_stop_ends_it_elsewhere(seller: House) -> None:
    other = await seller.other_listing(mobile=PHONE)
    await thread(seller, PSID, seller.listing)
    await seller.hears("STOP", PSID)
    await seller.hears("START", PHONE)
    assert not await seller.may_write("text", "batch", other)
    await seller.hears("START", PSID)
    assert await seller.may_write("text", "batch", other)
    assert await OptOut.count().where(OptOut.lifted_at.is_null()) == 0


async def test_a_stop_of_a_number_of_its_own_outlives_that_of_the_thread(seller: House) -> None:
    other = await seller.other_listing(mobile=PHONE, email=MAIL)
    await seller.hears("STOP", PHONE)
    await thread(seller, PSID, seller.listing)
    await seller.hears("STOP", PSID)
    await seller.hears("START", PSID)
    assert not await seller.may_write("email", "batch", other)


async def test_a_stop_in_two_threads_of_a_seller_ends_with_the_second(seller: House) -> None:
    other = await seller.other_listing(mobile=MOBILE)
    third = await seller.other_listing(mobile=MOBILE)
    for psid, listing in ((PSID, seller.listing), (OTHER_PSID, other)):
        await thread(seller, psid, listing)
        await seller.hears("STOP", psid)
    await seller.hears("START", PSID)
    assert not await seller.may_write("text", "batch", third)
    await seller.hears("START", OTHER_PSID)
    assert await seller.may_write("text", "batch", third)


async def test_a_phrase_in_a_thread_that_was_no_stop_is_taken_back_everywhere(seller: House) -> None:
    other = await seller.other_listing(mobile=MOBILE)
    await thread(seller, PSID, seller.listing)
    await seller.hears("take me off your list", PSID)
    assert not await seller.may_write("text", "batch", other)
    [review] = await Review.objects()
    await reviews.settle(review, seller.dealer.user, "carry_on", "It was about the tow truck")
    assert await seller.may_write("text", "batch", other)


async def test_what_a_person_reads_as_a_stop_or_lifts_in_a_thread_counts_elsewhere_too(seller: House) -> None:
    account, user = seller.dealer.account.id, seller.dealer.user
    other = await seller.other_listing(mobile=MOBILE)
    await thread(seller, PSID, seller.listing)
    assert await suppressions.agent_opt_out(account, user, PSID, "facebook", "They wrote it in a picture")
    assert not await seller.may_write("text", "batch", other)
    assert await suppressions.lift_opt_out(account, user, PSID, "facebook", "Letter of 1 December")
    assert await seller.may_write("text", "batch", other)


async def test_a_stop_in_a_thread_nobody_knew_counts_once_it_is_linked(seller: House) -> None:
    other = await seller.other_listing(mobile=MOBILE)
    await seller.hears("STOP", PSID)
    assert await seller.may_write("text", "batch", other)
    [message] = await Message.objects().where(Message.direction == "in")
    await unmatched.link(seller.dealer.account, message.id, seller.listing, seller.dealer.user)
    assert not await seller.may_write("text", "batch", other)


async def test_what_stood_before_messages_were_marked_is_marked_by_the_migration(seller: House) -> None:
    await seller.hears("STOP")
    await seller.hears("And my car?")
    await seller.hears("STOP")
    await seller.hears("take me off your list", PHONE)
    await seller.hears("Why do you keep bothering me, I will report you")
    marked = await marks()
    assert [row["means"] for row in marked] == ["stop", "", "stop", "stop", "look"]
    await Message.update({Message.means: ""}, force=True)
    await OptOut.update({OptOut.said_again_at: None}, force=True)
    *statements, _index = importlib.import_module("migrations.domain_2026_11_29t14_56_00_000000").STATEMENTS
    for statement in statements:
        await db.DB.run_ddl(statement)
    [first, *others] = await marks()
    assert first["means"] == ""  # of a stop that was said again only the second one is known
    assert others == marked[1:]
    [again_] = await OptOut.objects().where(OptOut.address == MOBILE)
    assert again_.said_again_at == others[1]["at"]


async def test_a_stop_in_a_thread_of_before_counts_for_the_person_since_its_migration(seller: House) -> None:
    other = await seller.other_listing(email=MAIL)
    await thread(seller, PSID, seller.listing)
    await seller.hears("STOP", PSID)
    [stop] = await OptOut.objects().where(OptOut.address == PSID)
    await seller.hears("STOP", OTHER_PSID)  # of whom nobody knows which listing
    foreign = await make.listing(await make.account(), seller={"email": MAIL, "mobile": MOBILE})
    await OptOut.delete().where(OptOut.address.not_in([PSID, OTHER_PSID]))
    assert await seller.may_write("email", "batch", other)
    migration = importlib.import_module("migrations.domain_2026_11_29t17_25_00_000000")
    await migration.spread()
    await migration.spread()
    put = await OptOut.objects().where(OptOut.address.not_in([PSID, OTHER_PSID])).order_by(OptOut.address)
    assert [each.address for each in put] == [MOBILE, PHONE, MAIL]
    assert {(each.account, each.channel, each.at, each.word) for each in put} == {
        (seller.dealer.account.id, "facebook", stop.at, "STOP")
    }
    assert not await seller.may_write("email", "batch", other)
    await seller.hears("START", PSID)
    assert await seller.may_write("email", "batch", other)
    assert not await OptOut.exists().where(OptOut.account == foreign.account)


async def marks() -> list[dict[str, Any]]:
    return await Message.select(Message.means, Message.at).where(Message.direction == "in").order_by(Message.at)
