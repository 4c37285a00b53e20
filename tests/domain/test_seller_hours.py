"""Quiet hours at work: what leaves by itself waits for the seller's morning, a person is told and may go on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import clock as house_clock
from domain import composing, quiet_hours, seller_hours, sellers, zones
from domain.audit import AuditEntry
from domain.connections import SenderLink
from domain.errors import NotFound, Refused
from domain.messages import State
from domain.quiet_hours import Hours, Row
from domain.seller_hours import QuietHoursRow
from tests import make
from tests.sending import Shop, again, draft, shop

# Tuesday, 24 November 2026: 23:30 in Tucson, where it is half past six in the morning in London.
NIGHT = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
MORNING = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)  # nine o'clock in Tucson
TUCSON = {"mobile": "+15205550117", "postal_code": "85701"}


@pytest.mark.parametrize("kind", ["batch", "automated"])  # what is scheduled becomes a plan: test_schedules.py
async def test_what_leaves_by_itself_waits_for_the_sellers_morning(house: None, clock: Any, kind: str) -> None:
    clock.set(NIGHT)
    dealer = await shop()
    listing = await make.listing(dealer.account, seller=TUCSON)
    message = await dealer.text(listing, kind=kind, to_address=TUCSON["mobile"])
    assert await dealer.start() == []
    waiting = await again(message)
    assert (waiting.state, waiting.not_before, waiting.attempts) == (State.QUEUED, MORNING, 0)
    assert "outside the hours" in waiting.reason
    assert await dealer.claim() == []
    clock.set(MORNING + timedelta(seconds=1))
    await make_fresh(dealer)
    assert [each.outgoing.message_id for each in await dealer.start()] == [message.id]


async def test_what_a_person_sends_at_night_leaves_and_they_were_told(house: None, clock: Any) -> None:
    clock.set(NIGHT)
    dealer = await shop()
    listing = await make.listing(dealer.account, seller=TUCSON)
    decision = await composing.judge(await dealer.scene(listing), "text")
    assert decision.allowed
    assert [warning.code for warning in decision.warnings] == ["quiet_hours"]
    assert decision.facts.evidence["seller_clock"].startswith("2026-11-24T23:30")
    await composing.send(await dealer.scene(listing), draft())
    clock.advance(minutes=1)
    assert len(await dealer.start()) == 1


async def test_a_refusal_of_another_kind_is_not_put_off(house: None, clock: Any) -> None:
    clock.set(NIGHT)
    dealer = await shop()
    listing = await make.listing(dealer.account, stage="pass", seller=TUCSON)
    message = await dealer.text(listing, kind="scheduled", to_address=TUCSON["mobile"])
    assert await dealer.start() == []
    assert (await again(message)).state == State.FAILED


async def test_a_dealership_may_set_its_own_hours_and_go_back(house: None, clock: Any) -> None:
    clock.set(NIGHT)
    account = await make.account()
    manager = await make.user(account, "manager")
    assert (await seller_hours.at(account.id, "US", "85701", ())).until == MORNING
    late = Row(((8 * 60, 24 * 60),) * 7, True, "Our lawyer said so", NIGHT.date())
    await seller_hours.change(account, manager, "", late, knowing=True)
    assert (await seller_hours.at(account.id, "US", "85701", ())).until is not None  # the federal hours still hold
    early = Row(((6 * 60, 9 * 60),) * 7, True, "Early birds", NIGHT.date())
    await seller_hours.change(account, manager, "US-AZ", early, knowing=True)
    assert (await seller_hours.at(account.id, "US", "85701", ())).until == datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
    await seller_hours.restore(account, manager, "US-AZ")
    await seller_hours.restore(account, manager, "")
    assert (await seller_hours.at(account.id, "US", "85701", ())).until == MORNING
    with pytest.raises(Refused):
        await seller_hours.change(account, await make.user(account), "US-AZ", early)


# The table and who may change it


def row(*hours: Hours | None, holidays: bool = True, why: str = "Our lawyer said so") -> Row:
    """One for the week, or one for each day."""
    return Row(hours * 7 if len(hours) == 1 else hours, holidays, why, NIGHT.date())


async def test_a_change_is_kept_with_who_why_and_what_stood_there(house: None, clock: Any) -> None:
    account = await make.account()
    manager = await make.user(account, "manager", name="Mara Lindt")
    await seller_hours.change(account, manager, "US-KY", row((660, 1200), why="  Ask\nKim "))
    [(region, own)] = (await seller_hours.own(account.id)).items()
    assert (region, own.row.hours, own.row.source, own.by) == ("US-KY", ((660, 1200),) * 7, "Ask Kim", "Mara Lindt")
    assert await seller_hours.own((await make.account()).id) == {}
    await seller_hours.restore(account, manager, "US-KY")
    assert await seller_hours.own(account.id) == {}
    changed, restored = await AuditEntry.objects().where(AuditEntry.account == account.id).order_by(AuditEntry.at)
    assert [changed.action, restored.action] == ["quiet_hours.changed", "quiet_hours.restored"]
    assert (changed.reason, changed.user) == ("Ask Kim", manager.id)
    assert "[600, 1260]" in str(changed.detail)
    assert "[660, 1200]" in str(restored.detail)


@pytest.mark.parametrize("region", ["US-KY", "US-AZ", "US", "CA", "CA-ON", ""])
async def test_hours_beyond_the_shipped_ones_need_somebody_who_answers_for_them(
    house: None, clock: Any, region: str
) -> None:
    account = await make.account()
    manager = await make.user(account, "manager")
    law = quiet_hours.law(region)
    first = law.hours[0]
    assert first is not None
    wide = Row(((first[0] - 1, first[1]), *law.hours[1:]), law.holidays, "Why not", NIGHT.date())
    with pytest.raises(Refused) as refused:
        await seller_hours.change(account, manager, region, wide)
    assert (refused.value.field, refused.value.code) == ("knowing", "wider")
    assert await seller_hours.own(account.id) == {}
    await seller_hours.change(account, manager, region, wide, knowing=True)
    assert set(await seller_hours.own(account.id)) == {region}


async def test_what_is_refused_changes_nothing(house: None, clock: Any) -> None:
    account = await make.account()
    manager = await make.user(account, "manager")
    for region, hours, field in (
        ("US-AZ", row((600, 1200), why=" "), "reason"),
        ("US-AZ", row((600, 1200), why="x" * 501), "reason"),
        ("US-AZ", row(None), "hours"),
        ("US-AZ", row((480, 540)), "hours"),  # before the default begins
        ("", row((1200, 1260)), "hours"),  # when Florida has ended already
    ):
        with pytest.raises(Refused) as refused:
            await seller_hours.change(account, manager, region, hours, knowing=True)
        assert refused.value.field == field, (region, hours)
    assert await QuietHoursRow.count() == 0
    for region in ("US-XX", "MX", "us-az", "US-AZ-1"):
        with pytest.raises(NotFound):
            await seller_hours.change(account, manager, region, row((600, 1200)))


async def test_shipped_hours_that_would_leave_no_time_are_not_put_back(house: None, clock: Any) -> None:
    account = await make.account()
    manager = await make.user(account, "manager")
    await seller_hours.change(account, manager, "", row((480, 720)), knowing=True)
    await seller_hours.change(account, manager, "US-OH", row((480, 540)))
    with pytest.raises(Refused) as refused:
        await seller_hours.restore(account, manager, "")
    assert "Ohio" in refused.value.message
    assert await seller_hours.restore(account, manager, "US-OH")
    assert await seller_hours.restore(account, manager, "")
    assert not await seller_hours.restore(account, manager, "")


@pytest.mark.parametrize("role", ["agent", "support"])
async def test_only_managers_and_admins_change_hours(house: None, clock: Any, role: str) -> None:
    account = await make.account()
    somebody = await make.user(account, role)
    for verb in (
        seller_hours.change(account, somebody, "US-AZ", row((600, 1200))),
        seller_hours.restore(account, somebody, "US-AZ"),
    ):
        with pytest.raises(Refused) as refused:
            await verb
        assert refused.value.code == "no_permission"


def test_every_place_a_seller_can_be_in_has_a_row_to_begin_with() -> None:
    for region in ("", "US", "CA", *zones.regions()):
        begins = seller_hours.row_of(region, {})
        assert begins == (quiet_hours.ROWS.get(region) or quiet_hours.DEFAULT), region
    own = {"": row((600, 1200)), "US-KY": row((660, 1200))}
    assert seller_hours.row_of("US-AZ", own) == own[""]
    assert seller_hours.row_of("US-KY", own) == own["US-KY"]
    assert seller_hours.row_of("US-FL", own) == quiet_hours.ROWS["US-FL"]


@pytest.mark.parametrize(
    ("begins", "ends", "hours"),
    [
        ("09:00", "20:00", (540, 1200)),
        ("9 AM", "8:30 pm", (540, 1230)),
        ("00:00", "00:00", (0, 1440)),
        ("23:59", "12 am", (1439, 1440)),
    ],
)
def test_hours_are_read_as_people_type_them(begins: str, ends: str, hours: Hours) -> None:
    assert seller_hours.read(begins, ends, 3) == hours


@pytest.mark.parametrize(
    ("begins", "ends", "field"),
    [("", "20:00", "from_3"), ("9", "20:00", "from_3"), ("09:00", "", "to_3"), ("20:00", "09:00", "to_3"),
     ("09:00", "09:00", "to_3")],
)  # fmt: skip
def test_hours_that_cannot_be_read_are_refused_at_their_field(begins: str, ends: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        seller_hours.read(begins, ends, 3)
    assert refused.value.field == field


async def make_fresh(dealer: Shop) -> None:
    """The sender was looked up a moment ago."""
    await SenderLink.update({SenderLink.checked_at: house_clock.now()}).where(SenderLink.id == dealer.link.id)


@pytest.mark.parametrize("own", [True, False])
async def test_the_hours_come_along_when_somebody_writes_to_a_seller(
    house: None, count_queries: Any, own: bool
) -> None:
    account = await make.dealership()
    admin = await make.user(role="admin")
    if own:
        for region, hours in (("US-AZ", (600, 1020)), ("", (660, 900))):
            row = Row((hours,) * 5 + (None, hours), True, 'Kim\'s "advice", naïve {} 🚗', house_clock.now().date())
            await seller_hours.change(account, admin, region, row, knowing=True)
    listing = await make.listing(seller=TUCSON)
    said = await seller_hours.rules_of(account.id)
    with count_queries() as queries:
        await sellers.with_reach(account.id, listing.id)
        came = await seller_hours.rules_of(account.id)
        await sellers.with_reach(account.id, listing.id)
    assert ["quiet_hours_row" in statement for statement in queries.statements] == [True, False]
    assert (came.default, came.rows) == (said.default, said.rows)
    assert (said.default.hours[0] == (660, 900)) is own
