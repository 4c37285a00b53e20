"""What the look before a batch keeps: numbers, rows by reason, the worst messages first, and what it will take."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain import clock, composing
from domain.batches import drafts, estimating, expanding, looking, reading, starting
from domain.batches.drafts import Words
from domain.batches.tables import Batch, BatchListing
from domain.departures import Plan
from domain.messages import Message
from domain.suppressions.tables import FirstContact
from tests import make
from tests.domain.test_batches import WORDING, draft, listings, look, sender


async def test_the_numbers_of_a_look_are_read_back_as_they_were_counted(house: None) -> None:
    dealer = await sender()
    chosen = [*await listings(dealer, 3), *await listings(dealer, 2, stage="pass")]
    batch = await draft(dealer, chosen)
    assert await reading.summary_of(batch) is None
    counted = await look(dealer, batch)
    assert counted.channels == {"text": 3}
    assert counted.codes == {"stage_pass": 2}
    assert await reading.summary_of(batch) == counted
    assert counted.segments == 3


async def test_other_words_are_looked_at_anew_and_an_old_look_writes_nothing_over_them(house: None) -> None:
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 1))
    await look(dealer, batch)
    newer = await drafts.change(batch, dealer.account, dealer.user, Words("Another wording"))
    assert await reading.summary_of(newer) is None
    await looking.look(batch, dealer.account, dealer.user)  # began before the words were changed
    assert await reading.summary_of(newer) is None
    revision = newer.revision
    _, summary = await reading.looked(newer, dealer.account, dealer.user)
    assert (newer.revision, summary.sendable) == (revision, 1)


async def test_another_person_looks_as_the_one_who_would_send(house: None) -> None:
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 1), "{{agent.name}} here")
    await look(dealer, batch)
    colleague = await make.user(dealer.account, role="manager", name="Colleen")
    revision = batch.revision
    summary = await reading.look_again(batch, dealer.account, colleague)
    assert (batch.user, batch.revision) == (colleague.id, revision + 1)
    sample = await reading.sample(batch, dealer.account, colleague, summary, 1)
    assert sample is not None
    assert sample.letter.body == "Colleen here\nReply STOP to opt out"


async def test_the_rows_of_a_reason_come_page_by_page(house: None) -> None:
    dealer = await sender()
    chosen = [*await listings(dealer, 2, stage="pass"), *await listings(dealer, 1)]
    batch = await draft(dealer, chosen)
    await look(dealer, batch)
    first = await reading.page(batch, code="stage_pass", limit=1)
    assert [row["listing"] for row in first] == [chosen[0].id, chosen[1].id]  # one more says that there is more
    assert [row["listing"] for row in await reading.page(batch, code="stage_pass", after=0)] == [chosen[1].id]
    [going] = await reading.page(batch, channel="text")
    assert (going["listing"], going["source"], going["first_name"]) == (chosen[2].id, "Craigslist", "Dana")


async def test_the_longest_message_comes_first_then_the_one_with_more_made_up(house: None) -> None:
    dealer = await sender()
    short = await make.listing(dealer.account, model="Up", seller={"first_name": "Al"})
    long = await make.listing(dealer.account, model="Grand Wagoneer", seller={"first_name": "Bo"})
    nameless = await make.listing(dealer.account, model="Up", seller={"first_name": ""})
    passed = await make.listing(dealer.account, stage="pass")
    batch = await draft(dealer, [short, nameless, long, passed], "Hi {{seller.first_name|Al}}: {{vehicle.title}}")
    summary = await look(dealer, batch)
    samples = [await reading.sample(batch, dealer.account, dealer.user, summary, place) for place in (1, 2, 3, 4, 0)]
    assert [each.listing for each in samples if each] == [long.id, nameless.id, short.id, short.id, long.id]
    assert samples[0] is not None
    assert samples[0].letter.body == "Hi Bo: 2019 Subaru Grand Wagoneer\nReply STOP to opt out"
    assert (samples[3].place, samples[3].of) == (3, 3)  # type: ignore[union-attr]


async def test_a_batch_that_reaches_nobody_has_no_message_to_show(house: None) -> None:
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 1, stage="pass"))
    assert await reading.sample(batch, dealer.account, dealer.user, await look(dealer, batch), 1) is None


async def test_it_takes_as_long_as_the_connection_and_first_contacts_an_hour_let_it(house: None) -> None:
    dealer = await sender(options='{"per_minute": 2}')
    batch = await draft(dealer, await listings(dealer, 4))
    summary = await look(dealer, batch)
    seen = await estimating.estimate(dealer.account, dealer.user, summary)
    assert round((seen.leaves_at - clock.now()).total_seconds()) == 120
    assert (seen.canaries, seen.answers) == (0, None)
    dealer.account.first_contacts_an_hour = 2
    seen = await estimating.estimate(dealer.account, dealer.user, summary)
    assert round((seen.leaves_at - clock.now()).total_seconds()) == 3 * 1800


async def test_beyond_the_senders_day_the_rest_goes_in_the_mornings_after(house: None, clock: Any) -> None:
    now = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)  # 14:00 in New York
    clock.set(now)
    dealer = await sender(options='{"segments_a_day": 3}')
    dealer.account.postal_code, dealer.account.phone = "10001", ""  # where Thanksgiving is a day like others
    batch = await draft(dealer, await listings(dealer, 7))
    summary = await look(dealer, batch)
    assert (summary.segments, summary.waits) == (7, {})
    seen = await estimating.estimate(dealer.account, dealer.user, summary)
    assert seen.a_day == 3
    morning = seen.leaves_at.astimezone(ZoneInfo("America/New_York"))
    assert (morning.day, 8 <= morning.hour <= 12) == (26, True)
    for _ in range(3):
        await make.message(user=dealer.user, connection=dealer.connection, state="sent")
    assert (await look(dealer, batch)).waits == {"over_quota": 7}
    few = await draft(dealer, await listings(dealer, 3))
    tomorrow = now + timedelta(days=1)
    seen = await estimating.estimate(dealer.account, dealer.user, await look(dealer, few), tomorrow)
    assert (seen.a_day, seen.leaves_at - tomorrow < timedelta(hours=1)) == (0, True)


async def test_how_many_may_answer_goes_by_the_own_first_messages(house: None) -> None:
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 4))
    summary = await look(dealer, batch)
    for place, listing in enumerate(await listings(dealer, 20)):
        sent = await make.message(listing, at=clock.now() - timedelta(days=5))
        at = clock.now() - timedelta(days=5)
        row = FirstContact(
            account=dealer.account.id,
            address=sent.to_address,
            listing=listing.id,
            user=dealer.user.id,
            message=sent.id,
            at=at,
        )
        await FirstContact.insert(row)
        if place < 5:
            await make.message(listing, direction="in")
    assert (await estimating.estimate(dealer.account, dealer.user, summary)).answers == 1


async def test_a_batch_under_way_is_not_looked_at_again(house: None) -> None:
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 1))
    await Batch.update({Batch.state: "running"}).where(Batch.id == batch.id)
    batch.state = "running"
    _, summary = await reading.looked(batch, dealer.account, dealer.user)
    assert summary.size == 0
    assert await BatchListing.count().where((BatchListing.batch == batch.id) & (BatchListing.channel == "")) == 1


# What counts by the time it leaves


async def test_todays_share_of_automatic_messages_passes_nobody_over_who_gets_it_on_another_day(house: None) -> None:
    dealer = await sender()
    dealer.account.scheduled_messages = True
    answered, silent = await listings(dealer, 2)
    for listing in (answered, silent):
        for _ in range(3):
            await make.message(listing, kind="automated", at=clock.now() - timedelta(hours=3))
    await make.message(answered, direction="in", at=clock.now() - timedelta(hours=1))
    batch = await draft(dealer, [answered, silent])
    assert (await look(dealer, batch)).codes == {"frequency_cap": 2}
    batch = await drafts.change(batch, dealer.account, dealer.user, Words(WORDING, plan=later(days=10)))
    summary = await look(dealer, batch)
    assert (summary.channels, summary.codes) == ({"text": 1}, {"frequency_cap": 1})  # three in a row are unanswered
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)
    await expanding.expand(batch.id)
    rows = await Message.select(Message.listing, Message.state).where(Message.batch == batch.id)
    assert {row["listing"]: row["state"] for row in rows} == {answered.id: "pending", silent.id: "skipped"}


async def test_fourteen_days_after_somebody_elses_first_contact_are_over_by_the_time_a_plan_leaves(house: None) -> None:
    dealer = await sender()
    dealer.account.scheduled_messages = True
    seller = {"mobile": make.phone()}
    one, other = await listings(dealer, 2, seller=seller)
    await dealer.accepted(one, kind="batch", to_address=seller["mobile"])
    batch = await draft(dealer, [other], plan=later(days=13))
    assert (await look(dealer, batch)).codes == {"recent_contact": 1}
    batch = await drafts.change(batch, dealer.account, dealer.user, Words(WORDING, plan=later(days=15)))
    assert (await look(dealer, batch)).codes == {}
    scene = await dealer.scene(other)
    for days, said in ((13, ["recent_contact"]), (15, [])):
        decision = await composing.judge(scene, "text", kind="scheduled", at=clock.now() + timedelta(days=days))
        assert [each.code for each in decision.refusals if each.code == "recent_contact"] == said


def later(days: int) -> Plan:
    """At noon where the dealership is."""
    return Plan("zone", (clock.now() + timedelta(days=days)).replace(hour=12, tzinfo=None), "America/New_York")
