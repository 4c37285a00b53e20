"""What was confirmed is what leaves: by whom, to how many, with the line that says how to stop; or nothing leaves."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import clock as the_clock
from domain import schedules, suppressions
from domain.batches import drafts, expanding, looking, reading, requesting, starting
from domain.batches.drafts import Words
from domain.batches.looking import Summary
from domain.batches.tables import Batch
from domain.departures import Plan
from domain.errors import Refused
from domain.listings import Listing
from domain.messages import Message, State
from domain.sellers import Seller
from domain.users import User
from tests import make
from tests.domain.test_batches import draft, fresh, listings, look, sender, started
from tests.sending import Shop


async def reach(listing: Listing, **numbers: str) -> None:
    """The seller gets these numbers."""
    await Seller.update(numbers or {"mobile": make.phone()}).where(Seller.listing == listing.id)


async def press(dealer: Shop, batch: Batch, user: User | None = None) -> bool:
    """Starts it as the page shows it that was opened last."""
    summary = await reading.summary_of(batch)
    assert summary is not None
    return await starting.start(await fresh(batch), dealer.account, user or dealer.user, batch.revision, summary)


async def texts(batch: Batch) -> list[str]:
    rows = await Message.select(Message.wording).where((Message.batch == batch.id) & (Message.channel == "text"))
    return [row["wording"] for row in rows]


async def test_where_more_would_get_it_than_was_confirmed_nothing_leaves_until_it_is_confirmed(house: None) -> None:
    dealer = await sender()
    chosen = [*await listings(dealer, 1), *await listings(dealer, 56, seller={"mobile": ""})]
    batch = await draft(dealer, chosen)
    assert (await look(dealer, batch)).sendable == 1
    for listing in chosen[1:]:
        await reach(listing)
    with pytest.raises(Refused, match=r"^This changed since you looked: 57 instead of 1\. Look again and send\.$"):
        await press(dealer, batch)
    there = await fresh(batch)
    assert (there.state, there.canary, there.revision) == ("draft", 0, batch.revision + 1)
    kept = await reading.summary_of(there)
    assert kept is not None
    assert kept.channels == {"text": 57}
    assert await press(dealer, there)
    assert (await fresh(batch)).canary == 5


async def test_as_many_others_are_not_what_was_confirmed_either(house: None) -> None:
    dealer = await sender()
    [one] = await listings(dealer, 1)
    [two] = await listings(dealer, 1, seller={"mobile": ""})
    batch = await draft(dealer, [one, two])
    await look(dealer, batch)
    await reach(two)
    await suppressions.dnc(dealer.account.id, [(await make.seller_of(one)).mobile], "")
    with pytest.raises(Refused, match="others get it now"):
        await press(dealer, batch)
    assert (await fresh(batch)).state == "draft"


async def test_a_page_from_before_a_look_that_found_others_starts_nothing(house: None) -> None:
    dealer = await sender()
    [one] = await listings(dealer, 1)
    [two] = await listings(dealer, 1, seller={"mobile": ""})
    batch = await draft(dealer, [one, two])
    await look(dealer, batch)
    page = await fresh(batch)  # stays open
    await reach(two)
    summary = await look(dealer, batch)  # another window looks
    with pytest.raises(Refused, match="its wording, or who gets it"):
        await starting.start(await fresh(batch), dealer.account, dealer.user, page.revision, summary)
    assert (await fresh(batch)).state == "draft"


async def test_a_look_that_is_old_or_wanted_anew_is_made_anew_and_nobody_becomes_its_sender(
    house: None, clock: Any
) -> None:
    dealer = await sender()
    [one] = await listings(dealer, 1, seller={"mobile": ""})
    batch = await draft(dealer, [one])
    await look(dealer, batch)
    await reach(one)
    colleague = await make.user(dealer.account, role="manager", name="Colleen")
    who, summary = await reading.looked(batch, dealer.account, colleague)
    assert (who.id, summary.sendable) == (dealer.user.id, 0)
    who, summary = await reading.looked(batch, dealer.account, colleague, anew=True)
    assert (who.id, summary.sendable, (await fresh(batch)).user) == (dealer.user.id, 1, dealer.user.id)
    await reach(one, mobile="")
    clock.advance(seconds=10)
    assert (await reading.looked(batch, dealer.account, colleague, paging=True))[1].sendable == 1
    assert (await reading.looked(batch, dealer.account, colleague))[1].sendable == 0


async def test_a_colleague_sends_it_once_it_is_in_their_name(house: None) -> None:
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 1))
    await look(dealer, batch)
    colleague = await make.user(dealer.account, role="manager", name="Colleen")
    await make.sender_link(dealer.connection, colleague)
    with pytest.raises(Refused, match="Send in my name"):
        await press(dealer, batch, colleague)
    await reading.look_again(batch, dealer.account, colleague)
    assert await press(dealer, batch, colleague)
    there = await fresh(batch)
    assert (there.user, there.state) == (colleague.id, "expanding")


# The opt-out line


async def test_a_batch_that_goes_past_the_days_texts_has_the_line_in_all_of_them(house: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(drafts, "LOCKED_FROM", 3)
    dealer = await sender()
    few = await draft(dealer, await listings(dealer, 3), "Hi", opt_out_line=False)
    await look(dealer, few)
    assert (await fresh(few)).opt_out_line is False
    many = await started(dealer, await listings(dealer, 4), wording="Hi", opt_out_line=False)
    assert many.opt_out_line is True
    assert await texts(many) == ["Hi\nReply STOP to opt out"] * 4


async def test_one_after_another_they_count_although_nothing_left_yet(house: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(drafts, "LOCKED_FROM", 3)
    dealer = await sender()
    first = await draft(dealer, await listings(dealer, 2), "Hi", opt_out_line=False)
    second = await draft(dealer, await listings(dealer, 2), "Ho", opt_out_line=False)
    await look(dealer, first)
    await look(dealer, second)
    assert await press(dealer, first)  # no message of it is made yet
    with pytest.raises(Refused, match="too many texts in a day"):
        await press(dealer, second)
    assert await press(dealer, await fresh(second))
    await expanding.expand(first.id)
    await expanding.expand(second.id)
    assert {*await texts(first), *await texts(second)} == {"Hi", "Ho\nReply STOP to opt out"}


async def test_of_two_started_at_the_same_moment_the_second_needs_it(house: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(drafts, "LOCKED_FROM", 3)
    dealer = await sender()
    pair = [await draft(dealer, await listings(dealer, 2), words, opt_out_line=False) for words in ("Hi", "Ho")]
    for each in pair:
        await look(dealer, each)
    both, look_at = asyncio.Barrier(2), looking.look

    async def together(*given: Any) -> Summary:
        summary = await look_at(*given)
        await both.wait()  # each fitted when it was looked at
        return summary

    monkeypatch.setattr(looking, "look", together)
    outcomes = await asyncio.gather(*(press(dealer, each) for each in pair), return_exceptions=True)
    assert sorted(str(each) for each in outcomes) == [starting.LINE, "True"]


async def test_of_two_programs_at_the_same_moment_the_second_needs_it_and_one_key_stays_one_batch(
    house: None, monkeypatch: Any
) -> None:
    monkeypatch.setattr(drafts, "LOCKED_FROM", 3)
    dealer = await sender()
    chosen = [each.id for each in await listings(dealer, 2)]
    words = Words("Hi", channel="text", opt_out_line=False)
    all_three, look_at = asyncio.Barrier(3), requesting.look

    async def together(*given: Any) -> Any:
        found = await look_at(*given)
        await all_three.wait()
        return found

    monkeypatch.setattr(requesting, "look", together)
    same, other = ({"key": "a"}, {"key": "b"})
    asked = [("a", same), ("a", same), ("b", other)]
    outcomes = await asyncio.gather(
        *(requesting.start(dealer.account, dealer.user, chosen, words, *each) for each in asked), return_exceptions=True
    )
    refused = [each for each in outcomes if isinstance(each, Refused)]
    assert {each.message for each in refused} == {starting.LINE}
    assert len({each for each in outcomes if isinstance(each, UUID)}) == 1
    assert len(refused) == (1 if isinstance(outcomes[0], UUID) else 2)


async def test_the_line_stays_on_for_whoever_sends_and_not_for_who_wrote(house: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(drafts, "LOCKED_FROM", 1)
    dealer = await sender()
    busy = await make.user(dealer.account, role="manager")
    await make.sender_link(dealer.connection, busy)
    chosen = await listings(dealer, 1)
    batch = await draft(dealer, chosen, "Hi", opt_out_line=False)
    await look(dealer, batch)
    await make.message((await listings(dealer, 1))[0], user=busy)
    await reading.look_again(batch, dealer.account, busy)
    sample = await reading.sample(batch, dealer.account, busy, Summary(Counter(text=1)), 1)
    assert sample is not None
    assert sample.letter.body == "Hi\nReply STOP to opt out"
    assert await press(dealer, batch, busy)


async def test_a_program_that_sends_past_the_days_texts_has_the_line_too(house: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(drafts, "LOCKED_FROM", 3)
    dealer = await sender()
    chosen = [each.id for each in await listings(dealer, 4)]
    words = Words("Hi", channel="text", opt_out_line=False)
    said, _, _, found = await requesting.look(dealer.account, dealer.user, chosen, words)
    assert said.opt_out_line is True
    assert {each.letter.body for each in found if each.letter} == {"Hi\nReply STOP to opt out"}
    batch = await requesting.start(dealer.account, dealer.user, chosen, words, "key", {})
    assert (await starting.of(dealer.account.id, batch)).opt_out_line is True


async def test_no_single_message_of_a_batch_loses_the_line_by_an_edit(house: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(drafts, "LOCKED_FROM", 2)
    dealer = await sender()
    dealer.account.scheduled_messages = True
    at = the_clock.now() + timedelta(days=1)
    plan = Plan.at(at, dealer.account.timezone)
    batch = await started(dealer, await listings(dealer, 3), wording="Hi", opt_out_line=False, plan=plan)
    message = await Message.objects().get((Message.batch == batch.id) & (Message.state == State.PENDING))
    assert message is not None
    with pytest.raises(Refused, match="the opt-out line stays on") as refusal:
        await schedules.change(dealer.account, message, dealer.user, schedules.Words("Ho"), plan, message.revision)
    assert refusal.value.field == "body"
    words = schedules.Words("Ho\nreply stop to opt out")
    await schedules.change(dealer.account, message, dealer.user, words, plan, message.revision)


# The other number


@pytest.mark.parametrize(
    ("to_field", "numbers", "sentence"),
    [
        ("mobile", {"mobile": "", "phone": "+15205550150"}, "No mobile number. This seller has a phone number"),
        ("phone", {"mobile": "+15205550150", "phone": ""}, "No phone number. This seller has a mobile number"),
        ("mobile", {"mobile": "", "phone": ""}, "This seller has no phone number"),
    ],
)
async def test_who_has_only_the_other_number_is_told_apart_from_who_has_none(
    house: None, to_field: str, numbers: dict[str, str], sentence: str
) -> None:
    dealer = await sender()
    batch = await started_or_skipped(dealer, await listings(dealer, 1, seller=numbers), to_field)
    [skipped] = await Message.objects().where((Message.batch == batch.id) & (Message.state == State.SKIPPED))
    assert skipped.reason.startswith(sentence)
    assert skipped.code == ("no_contact" if not any(numbers.values()) else f"no_contact:{to_field}")


async def started_or_skipped(dealer: Shop, chosen: list[Listing], to_field: str) -> Batch:
    """A batch that reaches one more seller, so that it starts."""
    both = {"mobile": make.phone(), "phone": make.phone()}
    return await started(dealer, [*chosen, *await listings(dealer, 1, seller=both)], to_field=to_field, channel="text")
