"""Messages that leave later over the API: planned once a key, shown, cancelled, refused."""

from datetime import UTC, datetime, timedelta

import pytest

from domain import clock
from domain.accounts import Account
from domain.messages import Message, State
from tests import make
from tests.sending import without
from tests.web.api.conftest import Api, codes

LATER = "2026-11-30T09:00:17-05:00"


async def test_a_message_is_planned_to_the_second_and_leaves_with_the_values_of_then(api: Api) -> None:
    listing = await make.listing(seller={"first_name": "Dana"})
    answer = await api.send(listing, body="Hi {{seller.first_name}}", send_at=LATER)
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    [message] = await Message.objects()
    assert (message.state, message.kind, message.wording) == (State.PENDING, "scheduled", "Hi {{seller.first_name}}")
    assert message.scheduled_at == datetime(2026, 11, 30, 14, 0, 17, tzinfo=UTC)
    shown = (await api.get(f"/messages/{message.id}")).json()
    assert datetime.fromisoformat(shown["scheduled_at"]) == message.scheduled_at
    assert (shown["state"], shown["kind"], shown["body"]) == ("pending", "scheduled", "Hi Dana")


async def test_what_leaves_at_once_was_not_planned(api: Api) -> None:
    answer = await api.send(await make.listing())
    assert (await api.get(f"/messages/{answer.json()['id']}")).json()["scheduled_at"] is None


async def test_one_key_plans_once_even_when_its_time_is_over(api: Api, clock) -> None:
    listing = await make.listing()
    first = await api.send(listing, key="k", send_at=LATER)
    clock.advance(days=10)
    again = await api.send(listing, key="k", send_at=LATER)
    assert (again.status_code, again.json()) == (202, first.json())
    assert await Message.count() == 1


async def test_a_plan_is_cancelled(api: Api) -> None:
    answer = await api.send(await make.listing(), send_at=LATER)
    cancelled = await api.delete(f"/messages/{answer.json()['id']}/schedule")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")


@pytest.mark.parametrize(
    ("ahead", "code"),
    [(timedelta(seconds=50), "too_soon"), (timedelta(days=91), "too_far"), (-timedelta(1), "too_soon")],
)
async def test_a_time_out_of_bounds_is_refused(api: Api, ahead: timedelta, code: str) -> None:
    answer = await api.send(await make.listing(), send_at=(clock.now() + ahead).isoformat())
    assert (answer.status_code, codes(answer)) == (422, [("send_at", code)])


@pytest.mark.parametrize("far", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_the_ends_of_the_calendar_are_refused_like_any_other_time(api: Api, far: str) -> None:
    answer = await api.send(await make.listing(), send_at=far)
    assert (answer.status_code, codes(answer)[0][0]) == (422, "send_at")


@pytest.mark.parametrize("how", ["switch", "plan"])
async def test_where_scheduling_is_off_a_time_is_refused(api: Api, how: str) -> None:
    if how == "switch":
        await Account.update({Account.scheduled_messages: False}).where(Account.id == api.user.account)
    else:
        await without("scheduled")
    answer = await api.send(await make.listing(), send_at=LATER)
    assert (answer.status_code, codes(answer)) == (422, [("send_at", "scheduling_off" if how == "switch" else "tier")])


async def test_night_is_no_reason_and_an_opt_out_is_one(api: Api) -> None:
    at_night = await api.send(await make.listing(), send_at="2026-11-30T03:00:00-05:00")
    assert at_night.status_code == 202
    listing = await make.listing()
    await make.opt_out((await make.seller_of(listing)).mobile)
    answer = await api.send(listing, send_at=LATER)
    assert (answer.status_code, codes(answer)) == (422, [("to_number", "opted_out")])


async def test_a_message_leaves_by_the_clock_a_program_names(api: Api) -> None:
    listing = await make.listing(seller={"mobile": "+16025550134", "postal_code": "85001"})  # two hours behind
    expected = {None: "15:00", "America/Denver": "17:00", "seller": "17:00"}
    for zone, at in expected.items():
        answer = await api.send(listing, send_local="2026-12-01T10:00", send_zone=zone)
        assert (answer.status_code, answer.json()["state"]) == (202, "pending")
        message = await Message.objects().get(Message.id == answer.json()["id"])
        assert message
        assert f"{message.scheduled_at:%H:%M}" == at
    nowhere = await api.send(listing, send_local="2026-12-01T10:00", send_zone="Mars/Base")
    assert codes(nowhere) == [("send_zone", "invalid")]
    far = await api.send(listing, send_at="9999-12-31T23:59:59-23:59")
    assert codes(far) == [("send_at", "too_far")]
