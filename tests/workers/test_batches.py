"""Batches become messages each by itself: one that cannot keeps no other waiting, and whoever started it is told."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from domain import attachments
from domain.attachments import Attachment
from domain.batches import expanding, steering, stuck
from domain.batches.tables import Batch
from domain.errors import Refused
from domain.house_mail import Mail
from domain.listings import Listing
from tests import make
from tests.domain.test_batch_steering import few, let_go
from tests.domain.test_batches import fresh, leave, listings, sender, states
from tests.sending import Shop
from tests.workers.test_clockwork import Ctx
from workers import batches as jobs

__all__ = ["few"]


async def two(dealer: Shop, chosen: Sequence[Listing] = ()) -> tuple[Batch, Batch]:
    """Two batches that were let go, the one of which something will be wrong before the other."""
    bad = await let_go(dealer, chosen or await listings(dealer, 5))
    return bad, await let_go(dealer, await listings(dealer, 2))


def breaking(monkeypatch: pytest.MonkeyPatch, batch: Batch, error: Exception) -> None:
    prepare = expanding._prepare

    async def broken(batch_id: UUID) -> Any:
        if batch_id == batch.id:
            raise error
        return await prepare(batch_id)

    monkeypatch.setattr(expanding, "_prepare", broken)


async def test_one_that_cannot_be_made_keeps_no_other_waiting_and_after_a_while_waits_itself(
    house, few, monkeypatch, clock, caplog
):
    dealer = await sender()
    bad, good = await two(dealer)
    breaking(monkeypatch, bad, KeyError("colour"))
    ctx = Ctx()
    await jobs.expand_batches(ctx)
    assert (ctx.woken, (await fresh(bad)).state) == (2, "expanding")
    assert await states(good) == {"queued": 2}
    assert caplog.records[-1].batch == str(bad.id)
    clock.advance(minutes=9)
    await jobs.expand_batches(ctx)
    assert ((await fresh(bad)).state, await Mail.count()) == ("expanding", 0)
    clock.advance(minutes=2)
    await jobs.expand_batches(ctx)
    held = await fresh(bad)
    assert (held.state, held.held_reason) == ("paused", stuck.UNKNOWN)
    [mail] = await Mail.objects()
    assert (mail.recipient, mail.subject) == (dealer.user.email, "Your batch paused: the rest could not be made")
    assert stuck.UNKNOWN in mail.text
    await jobs.expand_batches(ctx)
    assert await Mail.count() == 1


async def test_resumed_it_is_made_and_its_first_few_still_go_ahead(house, few, monkeypatch):
    dealer = await sender()
    bad, _ = await two(dealer)
    with monkeypatch.context() as broken:
        breaking(broken, bad, Refused("The dealership has no name."))
        await jobs.expand_batches(Ctx())
    held = await fresh(bad)
    assert (held.state, held.held_reason) == (
        "paused",
        "The dealership has no name. Resume it once that is mended, or stop it.",
    )
    assert await steering.resume(held, dealer.user)
    await jobs.expand_batches(Ctx())
    assert await states(bad) == {"queued": 2, "pending": 3}


async def test_a_file_of_a_batch_is_not_taken_away_from_it(house):
    dealer = await sender()
    file = await make.attachment(dealer.account)
    batch = await let_go(dealer, await listings(dealer, 2), files=(file.id,), file_choice="without")
    assert not await attachments.discard(file)
    await jobs.expand_batches(Ctx())
    assert await leave(dealer) == 2
    assert await states(batch) == {"accepted": 2}


async def test_one_whose_file_is_gone_all_the_same_says_so_and_the_others_leave(house, clock):
    dealer = await sender()
    file = await make.attachment(dealer.account)
    bad = await let_go(dealer, await listings(dealer, 2), files=(file.id,), file_choice="without")
    good = await let_go(dealer, await listings(dealer, 2))
    await Attachment.update({Attachment.removed_at: clock.now()}).where(Attachment.id == file.id)
    await jobs.expand_batches(Ctx())
    held = await fresh(bad)
    assert (held.state, held.held_reason, await states(good)) == ("paused", stuck.FILE_GONE, {"queued": 2})
