"""Quiet hours at work: what leaves by itself waits for the seller's morning, a person is told and may go on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import clock as house_clock
from domain import composing, seller_hours
from domain.connections import SenderLink
from domain.errors import Refused
from domain.messages import State
from domain.quiet_hours import Row
from tests import make
from tests.sending import Shop, again, draft, shop

# Tuesday, 24 November 2026: 23:30 in Tucson, where it is half past six in the morning in London.
NIGHT = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
MORNING = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)  # nine o'clock in Tucson
TUCSON = {"mobile": "+15205550117", "postal_code": "85701"}


@pytest.mark.parametrize("kind", ["batch", "scheduled", "automated"])
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
    await seller_hours.change(account, manager, "", late)
    assert (await seller_hours.at(account.id, "US", "85701", ())).until is not None  # the federal hours still hold
    early = Row(((6 * 60, 9 * 60),) * 7, True, "Early birds", NIGHT.date())
    await seller_hours.change(account, manager, "US-AZ", early)
    assert (await seller_hours.at(account.id, "US", "85701", ())).until == datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
    await seller_hours.restore(account, manager, "US-AZ")
    await seller_hours.restore(account, manager, "")
    assert (await seller_hours.at(account.id, "US", "85701", ())).until == MORNING
    with pytest.raises(Refused):
        await seller_hours.change(account, await make.user(account), "US-AZ", early)


async def make_fresh(dealer: Shop) -> None:
    """The sender was looked up a moment ago."""
    await SenderLink.update({SenderLink.checked_at: house_clock.now()}).where(SenderLink.id == dealer.link.id)
