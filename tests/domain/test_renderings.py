"""What leaves by itself is made final at the moment it leaves, and goes to where the seller is by then."""

import json
from typing import Any

from domain import clock, renderings
from domain.batches.tables import Batch
from domain.listings import Listing
from domain.messages import Message, State
from tests import make
from tests.sending import Shop, again, shop

WORDING = "Hi {{seller.first_name}}, is the {{vehicle.title}} still {{listing.price}}? {{agent.first_name}}"


async def planned(dealer: Shop, wording: str = WORDING, **values: Any) -> Message:
    """A message that leaves by itself and is due, its words not made yet."""
    listing = values.pop("listing", None) or await make.listing(dealer.account, price=1_890_000)
    defaults = {"kind": "scheduled", "body": "", "wording": wording, "encoding": "", "segments": 0}
    return await dealer.text(listing, **{**defaults, **values})


async def test_it_is_made_of_what_stands_in_the_database_when_it_leaves(house):
    dealer = await shop()
    message = await planned(dealer)
    await Listing.update({Listing.price: 1_750_000}).where(Listing.id == message.listing)
    [started] = await dealer.start()
    said = f"Hi Dana, is the 2019 Subaru Outback still $17,500? {dealer.user.name.split()[0]}"
    left = await again(message)
    assert started.outgoing.body == left.body == said
    assert (left.encoding, left.segments, left.wording) == ("GSM-7", 1, WORDING)


async def test_a_blank_that_nothing_fills_ends_it_and_nothing_leaves(house):
    dealer = await shop()
    message = await planned(dealer, "Is it the {{vehicle.engine}}?", kind="batch")
    assert await dealer.start() == []
    ended = await again(message)
    assert (ended.state, ended.code) == (State.SKIPPED, "missing_wildcard:vehicle.engine")


async def test_words_that_become_too_long_do_not_leave(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, make="M" * 70)
    message = await planned(dealer, "{{vehicle.make}} " * 30, listing=listing)
    assert await dealer.start() == []
    assert ((await again(message)).state, (await again(message)).code) == (State.FAILED, "too_long")


async def test_an_email_gets_its_subject_and_the_senders_signature(house):
    dealer = await shop()
    dealer.user.signature = "Robin, Harbor Motors"
    await dealer.user.save()
    values = {"channel": "email", "wording_subject": "Your {{vehicle.make}}", "to_address": "dana@example.com"}
    message = await planned(dealer, "Hello {{seller.first_name}}", **values)
    letter = (await renderings.of_messages([message.id], clock.now()))[message.id]
    assert letter.subject == "Your Subaru"
    assert letter.body.startswith("Hello Dana")
    assert "Robin, Harbor Motors" in letter.body


async def test_it_follows_a_number_that_was_changed_meanwhile(house):
    dealer = await shop()
    message, new = await planned(dealer), make.phone()
    await Listing.raw("UPDATE seller SET mobile = {} WHERE listing = {}", new, message.listing)
    assert await dealer.start() == []
    moved = await again(message)
    assert (moved.to_address, moved.state) == (new, State.QUEUED)
    [started] = await dealer.start()
    assert started.outgoing.to == new


async def test_a_number_that_said_stop_is_not_written_to_because_a_message_followed_it(house):
    dealer = await shop()
    message, new = await planned(dealer), make.phone()
    await make.opt_out(new, dealer.account)
    await Listing.raw("UPDATE seller SET mobile = {} WHERE listing = {}", new, message.listing)
    await dealer.start()
    assert await dealer.start() == []
    assert (await again(message)).code == "opted_out"


async def test_of_a_batch_two_that_come_to_one_number_are_one_message(house):
    dealer = await shop()
    batch = Batch(account=dealer.account.id, user=dealer.user.id)
    await Batch.insert(batch)
    first, second = [await planned(dealer, kind="batch", batch=batch.id) for _ in range(2)]
    await Listing.raw("UPDATE seller SET mobile = {} WHERE listing = {}", first.to_address, second.listing)
    started = await dealer.start()
    assert [each.outgoing.message_id for each in started] == [first.id]
    ended = await again(second)
    assert (ended.state, ended.code) == (State.SKIPPED, "duplicate_recipient")
    assert json.loads(ended.decision)["codes"][0] == "duplicate_recipient"


async def test_a_number_that_is_gone_ends_it(house):
    dealer = await shop()
    message = await planned(dealer)
    await Listing.raw("UPDATE seller SET mobile = '' WHERE listing = {}", message.listing)
    await dealer.start()
    assert await dealer.start() == []
    assert ((await again(message)).state, (await again(message)).code) == (State.FAILED, "no_contact")
