"""One look at a whole handful tells who is spoken of at all: it must pass over nobody of whom anything is said."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from domain import clock, db, dealerships, suppressions
from domain.address_marks import AddressMark
from domain.channels.registry import CHANNELS
from domain.delivery import spoken_of
from domain.listings import Listing
from domain.messages import Message, State
from domain.number_facts import NumberFact
from domain.reviews import Review
from domain.standing import LEFT, THEIRS
from domain.threads import SellerThread
from tests import make
from tests.sending import Shop, shop

MOBILE, PHONE, MAIL = "+15205550181", "+15205550182", "dana@mail.example"
SELLER = {"mobile": MOBILE, "phone": PHONE, "email": MAIL}
Say = Callable[[Shop, Listing], Awaitable[Any]]


async def asked(messages: list[Message]) -> list[dict[str, Any]]:
    """The messages as the worker has them before it asks what is known of them."""
    rows: list[dict[str, Any]] = await Message.raw(
        f"""SELECT m.id, m.account, m.listing, m.to_address, p.mobile, p.phone, p.email
            FROM message m LEFT JOIN seller p ON p.listing = m.listing WHERE {db.among("m.id")} ORDER BY m.id""",
        db.listed([each.id for each in messages]),
    )
    return rows


async def told(*messages: Message) -> list[dict[str, Any]]:
    rows = await asked(list(messages))
    await spoken_of.add(rows, clock.now())
    return [{name: row[name] for name in spoken_of.NOTHING} for row in rows]


def listed(list_: str, address: str) -> Say:
    async def say(dealer: Shop, _: Listing) -> None:
        account = dealer.account.id
        if list_ == "dnc":
            await suppressions.dnc(account, [address], "From a file")
        elif list_ == "block":
            await suppressions.block(account, dealer.user, address, "Threats")
        elif list_ == "review":
            about = await make.message(await make.listing(dealer.account), direction="in", from_address=address)
            await Review.insert(Review(account=account, message=about.id, address=address, outcome="review"))
        else:
            await make.opt_out(address, dealer.account, channel=list_)

    return say


async def landline(dealer: Shop, _: Listing) -> None:
    await NumberFact.insert(NumberFact(account=dealer.account.id, address=MOBILE, landline=True))


async def bounced(dealer: Shop, _: Listing) -> None:
    await AddressMark.insert(AddressMark(account=dealer.account.id, address=MAIL, mark="bounced"))


async def stopped_in_a_thread(dealer: Shop, listing: Listing) -> None:
    thread = SellerThread(
        account=dealer.account.id, channel="kijiji", address="relay@kijiji.example", listing=listing.id
    )
    await SellerThread.insert(thread)
    await make.opt_out(thread.address, dealer.account, channel="kijiji")


async def reported(dealer: Shop, listing: Listing) -> None:
    await dealerships.report(dealer.account.id, listing, dealer.user, False)


async def wrote(dealer: Shop, listing: Listing) -> None:
    await make.message(listing, direction="in", from_address=PHONE)


def left(state: str, address: str, kind: str = "batch") -> Say:
    """To the same person about another ad of theirs."""

    async def say(dealer: Shop, _: Listing) -> None:
        other = await make.listing(dealer.account)
        at = clock.now() - timedelta(hours=1)
        await dealer.text(other, kind=kind, state=state, to_address=address, at=at)

    return say


def left_here(state: str) -> Say:
    async def say(dealer: Shop, listing: Listing) -> None:
        await dealer.text(listing, state=state, to_address="+15205550199")

    return say


SAID: dict[str, Say] = {
    **{
        f"{name} {address}": listed(name, address) for name in ("dnc", "block", "review") for address in SELLER.values()
    },
    f"stop {MOBILE}": listed("text", MOBILE),
    f"stop {PHONE}": listed("text", PHONE),
    f"stop {MAIL}": listed("email", MAIL),
    "a landline": landline,
    "reported": reported,
    "bounced": bounced,
    "stopped in a thread": stopped_in_a_thread,
    "wrote": wrote,
    **{f"{kind} left": left("sent", MOBILE, kind) for kind in ("batch", "scheduled", "automated")},
    **{f"{state}": left(state, MOBILE) for state in sorted(LEFT.strip("()").replace("'", "").split(", "))},
    **{f"left to {address}": left("delivered", address) for address in SELLER.values()},
    **{f"{state} here": left_here(state) for state in ("sending", "delivered", "unknown")},
}


@pytest.mark.parametrize("said", sorted(SAID))
async def test_whatever_is_said_of_a_seller_is_known_of_their_message_and_of_no_other(house, said):
    dealer = await shop()
    theirs, other = await make.listing(dealer.account, seller=SELLER), await make.listing(dealer.account)
    first, second = await dealer.text(theirs, to_address=MOBILE), await dealer.text(other)
    if said == "bounced":
        await Message.update({Message.channel: "email", Message.to_address: MAIL}).where(Message.id == first.id)
    await SAID[said](dealer, theirs)
    in_full = await spoken_of._said([first.id, second.id], clock.now())
    assert in_full[first.id] != spoken_of.NOTHING
    assert in_full[second.id] == spoken_of.NOTHING
    assert await told(first, second) == [in_full[first.id], spoken_of.NOTHING]


async def test_where_nothing_is_said_of_anybody_one_statement_tells(house, count_queries):
    dealer = await shop()
    messages = await dealer.texts(30)
    rows = await asked(messages)
    with count_queries() as queries:
        await spoken_of.add(rows, clock.now())
    assert queries.count == 1
    assert await told(*messages) == [spoken_of.NOTHING] * 30


async def test_what_stands_at_another_dealership_is_not_asked_for(house):
    dealer, other = await shop(), await shop(account=await make.account())
    for each in ("dnc", "block", "text"):
        await listed(each, MOBILE)(other, await make.listing(other.account))
    message = await dealer.text(await make.listing(dealer.account, seller=SELLER), to_address=MOBILE)
    assert await told(message) == [spoken_of.NOTHING]


async def test_a_seller_without_any_address_is_known_by_the_ad_alone(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, seller=dict.fromkeys(THEIRS, ""))
    message = await dealer.text(listing, channel="form", to_address="")
    assert await told(message) == [spoken_of.NOTHING]
    await make.message(listing, direction="in", from_address="+15205550188")
    assert [each["nothing_yet"] for each in await told(message)] == [False]


def test_an_opt_out_is_looked_for_on_every_channel_there_is():
    assert all(f"'{each.channel}'" in spoken_of.ON_LISTS[0] for each in CHANNELS.values())


async def test_a_number_that_is_mobile_and_phone_counts_what_left_to_it_once(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"mobile": MOBILE, "phone": MOBILE})
    message = await dealer.text(listing, to_address=MOBILE)
    await left(State.DELIVERED, MOBILE)(dealer, listing)
    [row] = await told(message)
    assert (row["seller"].automatic_today, row["seller"].unanswered) == (1, 1)
