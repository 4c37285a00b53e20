"""The first few of a batch, who go ahead of all others: chosen, looked at, and what follows from how they fared."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain import db, departures
from domain.batches import ending, holding, late
from domain.batches.holding import FROZEN, HELD, HOLDING
from domain.batches.tables import NOT_OVER, Batch
from domain.messages.tables import Message

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

WAIT = timedelta(seconds=60)
MOST_FAILURES = 0.10  # of the canaries
MOST_OPT_OUTS = 0.03
SOON = timedelta(seconds=60)  # before the first leaves, somebody takes the place of who was cancelled
GOT = "state IN ('accepted', 'sent', 'delivered', 'unknown')"  # or may have got
TRIED = "state IN ('accepted', 'sent', 'delivered', 'unknown', 'failed', 'undelivered')"
GOING = "state IN ('queued', 'claimed', 'sending')"
# Who waits for their morning while somebody else could leave earlier. Takes the batch, a moment, and the batch.
ASLEEP = f"""batch = {{}} AND state IN ('queued', 'pending') AND (state = 'queued' OR scheduled_at IS NOT NULL)
             AND attempts = 0
             AND COALESCE(scheduled_at, not_before) > {{}}
             AND COALESCE(scheduled_at, not_before) > (SELECT MIN(not_before) FROM message
                                                       WHERE batch = {{}} AND {HELD})"""


@dataclass(frozen=True)
class Flock:
    """`tried` left or were refused, `failed` of them; `stopped` asked to stop since; the others of the batch that can
    still leave are on their way (`waiting`), or some are `held`, and of some the time was over (`expired`)."""

    held: bool
    waiting: int
    tried: int
    failed: int
    stopped: int
    expired: int


async def due(now: datetime) -> list[Batch]:
    """The batches whose first few are to be looked at: some of it leaves soon or left already, and the minute after
    that is over. Of the others nothing is read but the index, however many wait for their day."""
    rows = await Batch.raw(
        f"""SELECT b.id FROM batch b
            WHERE b.{NOT_OVER} AND b.state = 'running' AND b.canary > 0
              AND (b.canary_until IS NULL OR b.canary_until <= {{}})
              AND (EXISTS (SELECT 1 FROM message m WHERE m.batch = b.id AND m.{ending.OPEN} AND m.not_before <= {{}})
                   OR EXISTS (SELECT 1 FROM message m WHERE m.batch = b.id AND m.{TRIED}))""",
        now,
        now + SOON,
    )
    return await Batch.objects().where(Batch.id.is_in([row["id"] for row in rows])) if rows else []


async def lead(batch: Batch, now: datetime, until: datetime | None = None) -> None:
    """As many go ahead as there shall be canaries and are not yet: who can leave soonest, with `until` only who can by
    then. Call it in your transaction."""
    flock = await _flock(batch.id)
    if (missing := batch.canary - flock.waiting - flock.tried) > 0:
        await holding.let_go(batch, now, missing, until)


async def look(batch: Batch, now: datetime) -> bool:
    """Once they have left, a minute passes; then all others go, or the batch is held with the reason. Whether anything
    changed."""
    flock = await _flock(batch.id)
    if flock.expired and not flock.tried and not flock.waiting and await _expire(batch, now):
        return True
    if flock.held and (flock.waiting + flock.tried < batch.canary or await _some_sleep(batch.id, flock, now)):
        return await _exchange(batch, now)
    if flock.waiting:
        return False
    if not flock.held:  # nobody is left to go ahead of
        return bool(await ending.through(batch.id))
    until: datetime | None = batch.canary_until
    # When they left tells, also where nothing ran since to note when the minute after it is over.
    since = until or await _left_at(batch.id) or now
    if late.stood_still(batch, since, now):
        return await holding.pause(batch, _against(flock) or late.REASON, None)
    if until is None:
        await Batch.update({Batch.canary_until: now + WAIT}).where(Batch.id == batch.id)
        return True
    if now < until:
        return False
    if reason := _against(flock):
        return await holding.pause(batch, reason, None)
    async with db.writing():
        going = Batch.update({Batch.canary: 0, Batch.changed_at: now})
        if await going.where((Batch.id == batch.id) & (Batch.state == "running")).returning(Batch.id):
            await holding.let_go(batch, now)
    return True


def _against(flock: Flock) -> str:
    """Why the others are held, in a sentence; empty: they may go."""
    number = max(flock.tried, 1)
    if flock.failed / number > MOST_FAILURES:
        return f"Of the first {number} messages {flock.failed} failed. Look why before the others go."
    if flock.stopped / number > MOST_OPT_OUTS:
        return f"Of the first {number} sellers {flock.stopped} asked to stop. Read what you send before it goes on."
    return ""


async def _flock(batch: UUID) -> Flock:
    """Counted where they are few: of whom the others go ahead of one is looked for, and none is counted."""
    rows = await Message.raw(
        f"""SELECT SUM(CASE WHEN {GOING} THEN 1 ELSE 0 END) AS going,
                   SUM(CASE WHEN {TRIED} THEN 1 ELSE 0 END) AS tried,
                   SUM(CASE WHEN state IN ('failed', 'undelivered') THEN 1 ELSE 0 END) AS failed,
                   SUM(CASE WHEN {GOT} AND EXISTS (SELECT 1 FROM opt_out o WHERE o.account = m.account
                              AND o.channel = m.channel AND o.address = m.to_address AND o.at >= m.at)
                       THEN 1 ELSE 0 END) AS stopped,
                   SUM(CASE WHEN state = 'expired' THEN 1 ELSE 0 END) AS expired,
                   EXISTS (SELECT 1 FROM message h WHERE h.batch = {{}} AND h.{HELD}) AS held,
                   (SELECT COUNT(*) FROM message p WHERE p.batch = {{}} AND p.state = 'pending'
                      AND p.scheduled_at IS NOT NULL) AS planned
            FROM message m WHERE m.batch = {{}} AND m.state IN ('queued', 'claimed', 'sending', 'accepted', 'sent',
              'delivered', 'unknown', 'failed', 'undelivered', 'expired')""",
        batch,
        batch,
        batch,
    )
    number = {name: int(value or 0) for name, value in rows[0].items()}
    return Flock(
        bool(number["held"]),
        number["going"] + number["planned"],
        number["tried"],
        number["failed"],
        number["stopped"],
        number["expired"],
    )


async def _left_at(batch: UUID) -> datetime | None:
    """When the last of those that were tried was."""
    rows = await Message.raw(
        f"""SELECT a.started_at FROM message m JOIN attempt a ON a.message = m.id
            WHERE m.batch = {{}} AND m.{TRIED} ORDER BY a.started_at DESC LIMIT 1""",
        batch,
    )
    return rows[0]["started_at"] if rows else None


async def _some_sleep(batch: UUID, flock: Flock, now: datetime) -> bool:
    if not flock.waiting:
        return False
    return bool(await Message.raw(f"SELECT 1 FROM message WHERE {ASLEEP} LIMIT 1", batch, now + FROZEN, batch))


async def _expire(batch: Batch, now: datetime) -> bool:
    """Nothing ran here when they were to go ahead: whom they were to go ahead of is late as well, and waits for a
    person."""
    rows = await Message.raw(
        f"""UPDATE message SET state = 'expired', code = 'expired', reason = {{}}, scheduled_at = not_before, at = {{}},
                   changed_at = {{}}
            WHERE batch = {{}} AND {HELD} AND not_before < {{}}
              AND EXISTS (SELECT 1 FROM batch b WHERE b.id = message.batch AND b.state = 'running') RETURNING id""",
        departures.EXPIRED,
        now,
        now,
        batch.id,
        now - departures.LATEST,
    )
    return bool(rows)


async def _exchange(batch: Batch, now: datetime) -> bool:
    """Who sleeps goes back to the others, and who can leave sooner goes ahead instead."""
    async with db.writing():
        still = (Batch.id == batch.id) & (Batch.state == "running") & (Batch.canary > 0)
        if not await Batch.update({Batch.canary_until: None, Batch.changed_at: now}).where(still).returning(Batch.id):
            return False
        await Message.raw(
            f"UPDATE message SET {HOLDING}, changed_at = {{}} WHERE {ASLEEP}", now, batch.id, now + FROZEN, batch.id
        )
        await lead(batch, now)
    return True
