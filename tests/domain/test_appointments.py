"""Appointments and appraisals: what was agreed, what came of it, and the stages that follow."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import accounts, appointments, appraisals, clock, scenes, wall_times, zones
from domain.accounts import Account
from domain.appointments import Agreed, Appointment, Next
from domain.appraisals import Appraisal
from domain.audit import AuditEntry
from domain.errors import NotFound, Refused
from domain.history import Event
from domain.listings import Listing
from tests import make

YEARS = (datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2035-12-31"))
AGREED = Agreed("2026-11-25", "14:30", place="  Front   desk ")


async def stage(listing: Listing) -> str:
    return (await Listing.select(Listing.stage).where(Listing.id == listing.id).first())["stage"]


async def plan(listing: Listing, agreed: Agreed = AGREED) -> Appointment:
    return await appointments.create(await make.dealership(), listing, await make.user(), agreed)


async def fresh(appointment: Appointment) -> Appointment:
    return await appointments.of(appointment.account, appointment.id)


# What was agreed


async def test_an_appointment_is_kept_told_and_moves_the_listing_on(house: None) -> None:
    account, user = await make.dealership(), await make.user(name="Ana Agent")
    listing = await make.listing(stage="contacted")
    planned = await appointments.create(
        account, listing, user, Agreed("2026-11-25", "2:30 PM", place=" Front   desk ", meets=str(user.id))
    )
    row = await Appointment.select().first()
    assert (row["id"], row["at"]) == (planned.id, datetime(2026, 11, 25, 19, 30, tzinfo=UTC))
    assert (row["zone"], row["place"], row["user"], row["state"]) == (
        "America/New_York",
        "Front desk",
        user.id,
        "planned",
    )
    assert await stage(listing) == "appointed"
    events = await Event.select().order_by(Event.at).output(load_json=True)
    assert [event["kind"] for event in events] == ["appointment", "stage"]
    assert (events[0]["detail"]["what"], events[0]["user"]) == ("created", user.id)
    assert events[1]["detail"] == {"old": "contacted", "new": "appointed"}
    assert await AuditEntry.count().where(AuditEntry.action == "appointment.created") == 1
    assert (await Listing.select().first())["main_user"] == user.id


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("not_contacted", "appointed"),
        ("contacted", "appointed"),
        ("no_show", "appointed"),
        ("shown", "shown"),
        ("appraised", "appraised"),
        ("acquired", "acquired"),
        ("pass", "pass"),
        ("dnc", "dnc"),
    ],
)
async def test_an_appointment_never_moves_a_listing_back(house: None, before: str, after: str) -> None:
    listing = await make.listing(stage=before)
    await plan(listing)
    assert await stage(listing) == after
    assert await Event.count().where(Event.kind == "stage") == (0 if before == after else 1)


@pytest.mark.parametrize(
    ("agreed", "field"),
    [
        (Agreed("", "14:30"), "date"),
        (Agreed("tomorrow", "14:30"), "date"),
        (Agreed("2026-02-30", "14:30"), "date"),
        (Agreed("2026-11-23", "14:30"), "date"),  # over
        (Agreed("2030-11-25", "14:30"), "date"),
        (Agreed("9999-12-31", "23:59", "America/Los_Angeles"), "date"),
        (Agreed("0001-01-01", "00:00", "Asia/Tokyo"), "zone"),
        (Agreed("2026-11-25", ""), "time"),
        (Agreed("2026-11-25", "3"), "time"),
        (Agreed("2026-11-25", "25:00"), "time"),
        (Agreed("2026-11-25", "13:00 PM"), "time"),
        (Agreed("2026-11-25", "١٤:٣٠"), "time"),
        (Agreed("2026-11-25", "14:30", "Mars/Olympus"), "zone"),
        (Agreed("2026-11-25", "14:30", "../../etc/passwd"), "zone"),
        (Agreed("2026-11-25", "14:30", place="x" * 201), "place"),
        (Agreed("2026-11-25", "14:30", meets="nobody"), "meets"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_field(house: None, agreed: Agreed, field: str) -> None:
    listing = await make.listing()
    with pytest.raises(Refused) as refused:
        await plan(listing, agreed)
    assert refused.value.field == field or (agreed.zone == "Asia/Tokyo" and refused.value.field in ("zone", "date"))
    assert not await Appointment.exists()
    assert await stage(listing) == "not_contacted"


async def test_foreign_inactive_and_reading_people_meet_nobody(house: None) -> None:
    listing = await make.listing()
    for somebody in (
        await make.user(await make.account()),
        await make.user(active=False),
        await make.user(role="support"),
    ):
        with pytest.raises(Refused) as refused:
            await plan(listing, Agreed("2026-11-25", "14:30", meets=str(somebody.id)))
        assert refused.value.field == "meets"


async def test_support_plans_changes_settles_and_appraises_nothing(house: None) -> None:
    account, support = await make.dealership(), await make.user(role="support")
    listing = await make.listing()
    planned = await plan(listing)
    for attempt in (
        appointments.create(account, listing, support, AGREED),
        appointments.change(account, planned, support, AGREED, 1),
        appointments.cancel(planned, support),
        appointments.result(planned, support, "shown"),
        appraisals.create(account, listing, support, "14500"),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code == "no_permission"


async def test_of_many_presses_one_makes_an_appointment(house: None) -> None:
    listing = await make.listing()
    people = [await make.user() for _ in range(6)]
    account = await make.dealership()
    done = await asyncio.gather(
        *(appointments.create(account, listing, who, AGREED) for who in people), return_exceptions=True
    )
    assert [each for each in done if isinstance(each, Exception) and not isinstance(each, Refused)] == []
    assert sum(isinstance(each, Appointment) for each in done) == 1
    assert await Appointment.count() == 1
    assert await Event.count().where(Event.kind == "stage") == 1


# Changes


async def test_another_time_counts_up_and_is_told(house: None) -> None:
    account, user = await make.dealership(), await make.user()
    planned = await plan(await make.listing())
    assert await appointments.change(account, planned, user, Agreed("2026-11-26", "9:00", "America/Denver"), 1)
    row = await fresh(planned)
    assert (row.at, row.zone, row.revision) == (datetime(2026, 11, 26, 16, tzinfo=UTC), "America/Denver", 2)
    assert await AuditEntry.count().where(AuditEntry.action == "appointment.changed") == 1


async def test_the_same_again_changes_nothing(house: None) -> None:
    account, user = await make.dealership(), await make.user()
    planned = await plan(await make.listing())
    assert not await appointments.change(account, await fresh(planned), user, AGREED, 1)
    assert (await fresh(planned)).revision == 1


async def test_of_two_who_change_it_at_once_the_second_is_told(house: None) -> None:
    account, user = await make.dealership(), await make.user()
    planned = await plan(await make.listing())
    mine, theirs = await fresh(planned), await fresh(planned)
    await appointments.change(account, mine, user, Agreed("2026-11-26", "9:00"), 1)
    with pytest.raises(Refused) as refused:
        await appointments.change(account, theirs, user, Agreed("2026-11-27", "9:00"), 1)
    assert refused.value.code == "changed"
    assert (await fresh(planned)).at == datetime(2026, 11, 26, 14, tzinfo=UTC)


async def test_a_form_of_an_older_revision_with_equal_words_is_refused_too(house: None) -> None:
    account, user = await make.dealership(), await make.user()
    planned = await plan(await make.listing())
    await appointments.change(account, await fresh(planned), user, Agreed("2026-11-26", "9:00"), 1)
    with pytest.raises(Refused) as refused:
        await appointments.change(account, await fresh(planned), user, Agreed("2026-11-26", "9:00"), 1)
    assert refused.value.code == "changed"


async def test_a_past_one_keeps_its_time_while_the_place_changes(house: None, clock) -> None:
    account, user = await make.dealership(), await make.user()
    planned = await plan(await make.listing())
    clock.set(datetime(2026, 11, 26, 12, tzinfo=UTC))
    assert await appointments.change(account, planned, user, Agreed("2026-11-25", "14:30", place="Lot B"), 1)
    with pytest.raises(Refused) as refused:
        await appointments.change(account, planned, user, Agreed("2026-11-25", "15:30"), 2)
    assert refused.value.field == "date"


async def test_who_left_meanwhile_stays_where_they_stand(house: None) -> None:
    account, user, gone = await make.dealership(), await make.user(), await make.user()
    planned = await plan(await make.listing(), Agreed("2026-11-25", "14:30", meets=str(gone.id)))
    await type(gone).update({type(gone).active: False}).where(type(gone).id == gone.id)
    agreed = Agreed("2026-11-25", "16:00", meets=str(gone.id))
    assert await appointments.change(account, await fresh(planned), user, agreed, 1)
    assert (await fresh(planned)).user == gone.id


# What came of it


@pytest.mark.parametrize("came", ["shown", "no_show"])
async def test_the_result_sets_the_stage_once(house: None, came: str) -> None:
    user, listing = await make.user(), await make.listing()
    planned = await plan(listing)
    assert await appointments.result(planned, user, came)
    assert not await appointments.result(planned, user, came)
    assert await stage(listing) == came
    assert (await fresh(planned)).settled_at is not None
    assert await AuditEntry.count().where(AuditEntry.action == f"appointment.{came}") == 1


async def test_a_settled_one_stays_as_it_is(house: None) -> None:
    account, user, listing = await make.dealership(), await make.user(), await make.listing()
    planned = await plan(listing)
    await appointments.result(planned, user, "shown")
    for attempt in (
        appointments.cancel(planned, user),
        appointments.result(planned, user, "no_show"),
        appointments.change(account, planned, user, Agreed("2026-11-26", "9:00"), 2),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code == "settled"
    assert await stage(listing) == "shown"


async def test_a_cancelled_one_leaves_the_stage_and_makes_room(house: None) -> None:
    user, listing = await make.user(), await make.listing()
    planned = await plan(listing)
    assert await appointments.cancel(planned, user)
    assert not await appointments.cancel(planned, user)
    assert await stage(listing) == "appointed"
    await plan(listing, Agreed("2026-11-28", "9:00"))
    assert await Appointment.count() == 2


async def test_another_word_is_no_result(house: None) -> None:
    planned = await plan(await make.listing())
    for word in ("", "cancelled", "planned", "Shown"):
        with pytest.raises(Refused):
            await appointments.result(planned, await make.user(), word)
    assert (await fresh(planned)).state == "planned"


@pytest.mark.parametrize("ended", ["pass", "dnc", "acquired"])
async def test_a_result_does_not_bring_back_what_is_over(house: None, ended: str) -> None:
    listing = await make.listing()
    planned = await plan(listing)
    await Listing.update({Listing.stage: ended}).where(Listing.id == listing.id)
    await appointments.result(planned, await make.user(), "shown")
    assert await stage(listing) == ended
    assert (await fresh(planned)).state == "shown"


async def test_foreign_and_hidden_ones_are_not_found(house: None) -> None:
    listing = await make.listing()
    planned = await plan(listing)
    with pytest.raises(NotFound):
        await appointments.of((await make.account()).id, planned.id)
    await Listing.update({Listing.hidden: True}).where(Listing.id == listing.id)
    with pytest.raises(NotFound):
        await fresh(planned)


async def test_an_appraisal_is_kept_in_cents_and_moves_the_listing_on(house: None) -> None:
    account, user, listing = await make.dealership(), await make.user(), await make.listing(stage="shown")
    await appraisals.create(account, listing, user, "$14,500.50", "Clean.\n\nTires worn.")
    await appraisals.create(account, listing, user, "14000")
    assert [row["amount"] for row in await Appraisal.select().order_by(Appraisal.at)] == [1_450_050, 1_400_000]
    assert await stage(listing) == "appraised"
    assert await Event.count().where(Event.kind == "appraised") == 2
    assert await Event.count().where(Event.kind == "stage") == 1


@pytest.mark.parametrize("ended", ["pass", "dnc", "acquired"])
async def test_an_appraisal_does_not_bring_back_what_is_over(house: None, ended: str) -> None:
    listing = await make.listing(stage=ended)
    await appraisals.create(await make.dealership(), listing, await make.user(), "14500")
    assert await stage(listing) == ended


@pytest.mark.parametrize(
    ("amount", "note", "field"),
    [("", "", "amount"), ("0", "", "amount"), ("-5", "", "amount"), ("lots", "", "amount"), ("1", "x" * 1001, "note")],
)
async def test_what_is_no_appraisal_is_refused(house: None, amount: str, note: str, field: str) -> None:
    listing = await make.listing()
    with pytest.raises(Refused) as refused:
        await appraisals.create(await make.dealership(), listing, await make.user(), amount, note)
    assert refused.value.field == field
    assert not await Appraisal.exists()


# What messages say of it


async def test_messages_speak_of_the_next_one_on_its_own_clock(house: None) -> None:
    account, user = await make.dealership(), await make.user()
    listing = await make.listing()
    await plan(listing, Agreed("2026-11-26", "16:30", "America/Denver", place="4500 E Speedway Blvd"))
    values = (await scenes.of(account, user, listing)).values()
    assert values["appointment.date"] == "Thursday, Nov 26"
    assert values["appointment.time"] == "4:30 PM"
    assert values["appointment.place"] == "4500 E Speedway Blvd"


async def test_messages_say_nothing_of_one_that_is_over_or_cancelled(house: None, clock) -> None:
    account, user = await make.dealership(), await make.user()
    over, cancelled = await make.listing(), await make.listing()
    await plan(over)
    await appointments.cancel(await plan(cancelled, Agreed("2026-12-01", "9:00")), user)
    clock.set(datetime(2026, 11, 26, 12, tzinfo=UTC))
    for listing in (over, cancelled):
        scene = await scenes.of(account, user, listing)
        assert scene.reach.appointment is None
        assert scene.values()["appointment.date"] == ""


def test_noon_and_midnight_read_as_people_write_them() -> None:
    noon = Next(datetime(2026, 11, 25, 17, tzinfo=UTC), "America/New_York", "")
    assert (noon.day, noon.clock) == ("Wednesday, Nov 25", "12:00 PM")
    assert Next(datetime(2026, 11, 25, 5, 5, tzinfo=UTC), "America/New_York", "").clock == "12:05 AM"


# Clocks that change


@pytest.mark.parametrize(
    ("day", "at", "zone", "utc"),
    [
        ("2026-03-08", "02:30", "America/New_York", "2026-03-08T07:00"),  # left out: 3:00 is the next there is
        ("2026-03-08", "01:59", "America/New_York", "2026-03-08T06:59"),
        ("2026-11-01", "01:30", "America/New_York", "2026-11-01T05:30"),  # twice: the first
        ("2026-03-08", "02:30", "America/Phoenix", "2026-03-08T09:30"),
        ("2026-03-08", "02:15", "America/St_Johns", "2026-03-08T05:30"),
        ("2011-12-30", "12:00", "Pacific/Apia", "2011-12-30T10:00"),  # a whole day left out
    ],
)
def test_a_time_that_is_left_out_or_comes_twice(day: str, at: str, zone: str, utc: str) -> None:
    found = wall_times.moment(date.fromisoformat(day), time.fromisoformat(at), zone)
    assert found == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@given(
    st.datetimes(YEARS[0], YEARS[1]),
    st.sampled_from(sorted(accounts.TIMEZONES)),
)
def test_every_time_means_the_first_moment_that_shows_it_or_the_next_there_is(wall: datetime, zone: str) -> None:
    wall = wall.replace(second=0, microsecond=0)
    found = wall_times.moment(wall.date(), wall.time(), zone)
    there: ZoneInfo = zones.clock(zone)
    shown = found.astimezone(there).replace(tzinfo=None)
    assert shown >= wall
    before = (found - timedelta(minutes=1)).astimezone(there).replace(tzinfo=None)
    if shown == wall:
        assert (found - timedelta(hours=1)).astimezone(there).replace(tzinfo=None) != wall
    else:
        assert before < wall, "the minute before is the last that clocks showed"
    assert found.tzinfo is UTC


async def test_the_account_s_zone_counts_when_none_is_chosen(house: None) -> None:
    listing = await make.listing()
    account = await make.dealership()
    await Account.update({Account.timezone: "America/Phoenix"}).where(Account.id == account.id)
    account.timezone = "America/Phoenix"
    planned = await appointments.create(account, listing, await make.user(), AGREED)
    assert planned.at.astimezone(UTC) == datetime(2026, 11, 25, 21, 30, tzinfo=UTC)
    assert planned.at > clock.now()
