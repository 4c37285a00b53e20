"""A batch that carriers take for spam waits, tells who started it, and goes on when a person says so."""

from typing import Any

import pytest

from domain import delivery
from domain.batches import expanding, reasons, steering, watching
from domain.batches.tables import Batch
from domain.channels.base import SPAM, Accepted, ChannelError, Kind, Receipt
from domain.delivery import Started
from domain.house_mail import Mail
from domain.inbox import reported
from domain.inbox.tables import ProviderEvent
from domain.messages import Message, State
from tests.domain.test_batches import fresh, leave, listings, sender, started, states
from tests.sending import OWNER, Shop, again, end

WORDS = "The carrier took this text for spam. Change the words before you try again."
TAKEN = ChannelError(WORDS, Kind.PERMANENT, code=SPAM)


async def batch_of(dealer: Shop, number: int, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """Without first ones that go ahead, which would hold it for themselves."""
    monkeypatch.setattr("domain.batches.starting.CANARY_ABOVE", 1000)
    return await started(dealer, await listings(dealer, number))


async def go(dealer: Shop, number: int, spam: int) -> list[Started]:
    """So many leave, and of them carriers take some for spam."""
    begun, _ = await delivery.start(OWNER, await dealer.claim(limit=number))
    assert len(begun) == number
    if spam:
        await end(begun[:spam], TAKEN)
    for each in begun[spam:]:
        await end([each], Accepted(f"p-{each.outgoing.message_id}"))
    return list(begun)


async def test_more_than_five_in_a_hundred_for_spam_hold_the_rest_and_tell_who_started_it(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    dealer = await sender()
    batch = await batch_of(dealer, 30, monkeypatch)
    await go(dealer, 20, spam=2)
    await steering.tend()
    await steering.tend()
    held = await fresh(batch)
    assert held.state == "paused"
    assert held.held_reason.startswith(
        "Carriers took 2 of the last 20 messages for spam. Stop it and write to the rest"
    )
    assert await leave(dealer) == 0
    [mail] = await Mail.select()
    assert (mail["recipient"], mail["subject"]) == (dealer.user.email, "Your batch paused: carriers take it for spam")
    assert "your batch to 30 listings paused. Carriers took 2 of the last 20 messages for spam." in mail["text"]
    assert reasons.sentence(SPAM) == "The carrier took it for spam."


@pytest.mark.parametrize(("number", "spam"), [(19, 5), (20, 1), (40, 2)])
async def test_few_tried_or_few_of_them_hold_nothing(
    house: None, monkeypatch: pytest.MonkeyPatch, number: int, spam: int
) -> None:
    dealer = await sender()
    batch = await batch_of(dealer, 45, monkeypatch)
    await go(dealer, number, spam)
    await steering.tend()
    assert (await fresh(batch)).state == "running"
    assert await Mail.select() == []


async def test_the_share_counts_as_soon_as_enough_were_tried(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    dealer = await sender()
    batch = await batch_of(dealer, 30, monkeypatch)
    await go(dealer, 10, spam=2)
    await steering.tend()
    assert (await fresh(batch)).state == "running"
    await go(dealer, 10, spam=0)
    await steering.tend()
    assert (await fresh(batch)).state == "paused"


async def test_resumed_it_is_not_held_again_for_the_same_figures_but_for_new_ones(
    house: None, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    dealer = await sender()
    batch = await batch_of(dealer, 60, monkeypatch)
    await go(dealer, 20, spam=20)
    await steering.tend()
    clock.advance(seconds=5)
    assert await steering.resume(await fresh(batch), dealer.user)
    await steering.tend()
    assert (await fresh(batch)).state == "running"
    await go(dealer, 19, spam=2)
    await steering.tend()
    assert (await fresh(batch)).state == "running"
    await go(dealer, 1, spam=1)
    await steering.tend()
    held = await fresh(batch)
    assert (held.state, held.held_reason[:40]) == ("paused", "Carriers took 3 of the last 20 messages ")
    assert len(await Mail.select()) == 2


async def test_paused_by_hand_and_resumed_its_figures_still_count(
    house: None, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    dealer = await sender()
    batch = await batch_of(dealer, 30, monkeypatch)
    await go(dealer, 10, spam=2)
    assert await steering.pause(batch, dealer.user)
    clock.advance(seconds=5)
    assert await steering.resume(await fresh(batch), dealer.user)
    await go(dealer, 10, spam=0)
    await steering.tend()
    assert (await fresh(batch)).state == "paused"


async def test_what_carriers_took_for_spam_is_not_tried_again_with_the_other_failed(
    house: None, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    dealer = await sender()
    batch = await batch_of(dealer, 22, monkeypatch)
    await go(dealer, 20, spam=5)
    begun, _ = await delivery.start(OWNER, await dealer.claim(limit=2))
    await end(begun, ChannelError("The line is busy.", Kind.PERMANENT))
    await steering.tend()
    assert (await fresh(batch)).state == "done"
    clock.advance(seconds=5)
    progress = await watching.progress(await fresh(batch))
    assert (progress.groups["failed"], progress.spam, progress.retriable) == (7, 5, 2)
    assert await steering.retry_failed(await fresh(batch), dealer.user) == 2
    await steering.tend()
    assert ((await fresh(batch)).state, await states(batch)) == ("running", {"accepted": 15, "failed": 5, "queued": 2})


async def test_what_carriers_say_afterwards_counts_too_also_while_it_is_still_being_made(
    house: None, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    dealer = await sender()
    batch = await batch_of(dealer, 30, monkeypatch)
    begun = await go(dealer, 20, spam=0)
    for n, each in enumerate(begun[:2]):
        event = ProviderEvent(connection=dealer.connection.id, event_key=f"r-{n}", payload="{}")
        await ProviderEvent.insert(event)
        said = Receipt(f"p-{each.outgoing.message_id}", "undelivered", WORDS, clock.now(), code=SPAM)
        await reported.heed(dealer.connection, event, said)
    ended = await Message.objects().get(Message.id == begun[0].outgoing.message_id)
    assert ended is not None
    assert (ended.state, ended.code, ended.reason) == (State.UNDELIVERED, SPAM, WORDS)
    await Batch.update({Batch.state: "expanding"}).where(Batch.id == batch.id)
    await steering.tend()
    assert (await fresh(batch)).state == "paused"
    assert await expanding.due() == []
    assert (await again(ended)).code == SPAM
