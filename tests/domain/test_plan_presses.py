"""Two people, two windows and two presses about one plan: each is told, and nothing leaves that nobody looked at."""

import asyncio
from datetime import timedelta

import pytest

from domain import schedules
from domain.audit import AuditEntry
from domain.departures import Plan
from domain.errors import Refused
from domain.messages import Message, State
from domain.schedules import Words
from tests import make
from tests.domain.test_schedules import ZONE, at, planned
from tests.sending import Shop, again, end, put, shop, unknown

MANY = 6  # presses at once


async def over(dealer: Shop, message: Message, body: str = "Theirs") -> Message:
    """A manager saves other words over the newest ones."""
    manager = await make.user(dealer.account, role="manager")
    standing = await again(message)
    await schedules.change(dealer.account, standing, manager, Words(body), at(), standing.revision)
    return await again(message)


async def done(what: str) -> int:
    return await AuditEntry.count().where(AuditEntry.action == what)


# The revision that was looked at


async def test_what_somebody_changed_does_not_leave_on_the_word_of_who_did_not_see_it(house):
    dealer = await shop()
    message = await over(dealer, await planned(dealer))
    with pytest.raises(Refused) as refused:
        await schedules.send_now(dealer.account, message, dealer.user, revision=1)
    assert (refused.value.code, (await again(message)).state) == ("changed", State.PENDING)
    await schedules.send_now(dealer.account, message, dealer.user, revision=2)
    (started,) = await dealer.start()
    assert started.outgoing.body == "Theirs"


async def test_words_given_with_the_press_are_what_leaves_and_what_is_stored(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"first_name": "Dana"})
    message = await planned(dealer, listing)
    shown = await schedules.reads(dealer.account, message, Words("Mine, {{seller.first_name}}"))
    await schedules.send_now(dealer.account, message, dealer.user, Words("Mine, {{seller.first_name}}"), 1)
    (started,) = await dealer.start()
    assert started.outgoing.body == shown.body == (await again(message)).body == "Mine, Dana"


async def test_of_a_batch_they_are_its_wording_and_keep_the_opt_out_line_where_it_is_locked(house, monkeypatch):
    dealer = await shop()
    message = await put(await planned(dealer), kind="batch")

    async def locked(*_):
        return True

    with monkeypatch.context() as patch:
        patch.setattr("domain.batches.drafts.is_locked", locked)
        with pytest.raises(Refused) as refused:
            await schedules.send_now(dealer.account, message, dealer.user, Words("Mine"), 1)
    assert refused.value.code == "opt_out_line"
    await schedules.send_now(dealer.account, message, dealer.user, Words("Mine"), 1)
    sent = await again(message)
    assert (sent.kind, sent.wording, sent.body) == ("batch", "Mine", "Mine")


async def test_what_was_changed_is_not_cancelled_unseen_but_for_what_is_about_to_leave(house, clock):
    dealer = await shop()
    message = await over(dealer, await planned(dealer))
    with pytest.raises(Refused) as refused:
        await schedules.cancel(message, dealer.user, 1)
    assert (refused.value.code, (await again(message)).state) == ("changed", State.PENDING)
    clock.set(message.scheduled_at - timedelta(seconds=5))
    await schedules.release()
    assert await schedules.cancel(await again(message), dealer.user, 1)
    assert (await again(message)).state == State.CANCELLED


async def test_what_was_changed_is_not_scheduled_again_unseen(house):
    dealer = await shop()
    message = await over(dealer, await planned(dealer))
    await schedules.cancel(message, dealer.user, 2)
    with pytest.raises(Refused) as refused:
        await schedules.restore(dealer.account, await again(message), dealer.user, revision=1)
    assert (refused.value.code, (await again(message)).state) == ("changed", State.CANCELLED)
    await schedules.restore(dealer.account, await again(message), dealer.user, said=Words("Mine"), revision=2)
    restored = await again(message)
    assert (restored.state, restored.body) == (State.PENDING, "Mine")


async def test_where_one_brought_it_back_the_other_is_told_and_not_that_it_is_gone(house):
    dealer = await shop()
    message = await planned(dealer)
    await schedules.cancel(message, dealer.user)
    manager = await make.user(dealer.account, role="manager")
    await schedules.restore(dealer.account, await again(message), manager, at(), revision=1)
    with pytest.raises(Refused) as refused:
        await schedules.restore(dealer.account, await again(message), dealer.user, at(timedelta(days=3)), revision=1)
    assert refused.value.code == "changed"
    assert refused.value.message.startswith("Somebody scheduled this message again meanwhile.")


# A second press


async def test_saving_at_once_writes_once_and_refuses_nobody(house):
    dealer = await shop()
    message, plan = await planned(dealer), at(timedelta(days=2))
    saves = [schedules.change(dealer.account, message, dealer.user, Words("Mine"), plan, 1) for _ in range(MANY)]
    await asyncio.gather(*saves)
    assert ((await again(message)).revision, await done("message.rescheduled")) == (2, 1)


async def test_a_second_press_with_other_words_or_another_time_is_told(house):
    dealer = await shop()
    message = await planned(dealer)
    await schedules.change(dealer.account, message, dealer.user, Words("Mine"), at(timedelta(days=2)), 1)
    for words, plan in ((Words("Other"), at(timedelta(days=2))), (Words("Mine"), at(timedelta(days=3)))):
        with pytest.raises(Refused) as refused:
            await schedules.change(dealer.account, await again(message), dealer.user, words, plan, 1)
        assert refused.value.code == "changed"


async def test_a_first_press_that_changes_nothing_still_hears_what_stands_against_it(house):
    dealer = await shop()
    message = await planned(dealer)
    await make.opt_out(message.to_address, dealer.account)
    wall = Plan("zone", schedules.Plan.at(message.scheduled_at, ZONE).wall, ZONE)
    same = Words(message.wording)
    with pytest.raises(Refused) as refused:
        await schedules.change(dealer.account, await again(message), dealer.user, same, wall, 1)
    assert refused.value.code == "opted_out"


async def test_scheduling_again_at_once_does_it_once_and_refuses_nobody(house):
    dealer = await shop()
    message, plan = await planned(dealer), at(timedelta(days=2))
    await schedules.cancel(message, dealer.user)
    gone = await again(message)
    restores = [schedules.restore(dealer.account, gone, dealer.user, plan, revision=1) for _ in range(MANY)]
    moments = {departure.at for departure in await asyncio.gather(*restores)}
    assert moments == {(await again(message)).scheduled_at}
    assert await done("message.restored") == 1


async def test_a_second_press_finds_the_soonest_time_that_the_first_one_could_choose(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    await schedules.cancel(message, dealer.user)
    clock.freeze(clock.now().replace(second=0, microsecond=0))
    soonest = Plan("zone", Plan.at(clock.now() + timedelta(minutes=1), ZONE).wall, ZONE)
    first = await schedules.restore(dealer.account, await again(message), dealer.user, soonest, revision=1)
    clock.freeze(clock.now() + timedelta(seconds=1))
    second = await schedules.restore(dealer.account, await again(message), dealer.user, soonest, revision=1)
    assert first == second


async def test_sending_now_at_once_sends_once_and_refuses_nobody(house):
    dealer = await shop()
    message = await planned(dealer)
    copies = [await again(message) for _ in range(MANY)]
    await asyncio.gather(*(schedules.send_now(dealer.account, each, dealer.user, revision=1) for each in copies))
    assert await done("message.sent_now") == 1
    assert len(await dealer.start()) == 1


async def test_a_second_press_of_another_person_or_after_it_failed_is_told(house):
    dealer = await shop()
    message = await planned(dealer)
    manager = await make.user(dealer.account, role="manager")
    await schedules.send_now(dealer.account, message, dealer.user, revision=1)
    with pytest.raises(Refused):
        await schedules.send_now(dealer.account, await again(message), manager, revision=1)
    await schedules.send_now(dealer.account, await again(message), dealer.user, revision=1)
    await end(await dealer.start(), unknown())
    with pytest.raises(Refused) as refused:
        await schedules.send_now(dealer.account, await again(message), dealer.user, revision=1)
    assert refused.value.code == "left"


async def test_letting_go_at_once_does_it_once_and_refuses_nobody(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    clock.set(message.scheduled_at + timedelta(hours=2))
    await schedules.release()
    over_it = await again(message)
    gone = await asyncio.gather(*(schedules.cancel(over_it, dealer.user, 1) for _ in range(MANY)))
    assert (all(gone), (await again(message)).state) == (True, State.CANCELLED)
