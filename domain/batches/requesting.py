"""A batch as a program asks for it: looked at and started in one, once a key. A refused one leaves no trace."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain import audit, clock, db, idempotency, ids, plans, users
from domain.accounts import Account
from domain.batches import choosing, drafts, looking, starting, timing
from domain.batches.drafts import Words
from domain.batches.files import BatchAttachment
from domain.batches.looking import Summary, Verdict
from domain.batches.tables import Batch
from domain.departures import Departure
from domain.errors import Refused
from domain.users import Permission, User


async def look(
    account: Account, user: User, chosen: Sequence[UUID], words: Words
) -> tuple[Words, Departure | None, Summary, list[Verdict]]:
    """The words as they may go, when, the numbers, and what becomes of each listing. Nothing is stored.

    Raises Refused for who may not, for no listing, and for words that cannot go."""
    users.require(user, Permission.BATCH)
    await plans.require(account, "messaging")
    await plans.require(account, "batch")
    if not chosen:
        raise Refused(choosing.NOTHING_CHOSEN, field="listing_ids", code="required")
    words = await drafts.checked(account, user, words)
    leaves = await timing.checked(account, words.plan) if words.plan else None
    words = await looking.lined(account, user, words, chosen, leaves.at if leaves else None)
    summary, found = Summary(), []
    async for some in looking.verdicts(account, user, words, chosen):
        for verdict in some:
            summary.add(verdict)
            found.append(verdict)
    return words, leaves, summary, found


async def start(
    account: Account, user: User, chosen: Sequence[UUID], words: Words, key: str, request: Mapping[str, Any]
) -> UUID:
    """Starts the batch unless the key was used before; of fifty at once one does, all get its id. Raises what `look`
    and `starting.check` raise."""
    words, leaves, summary, _ = await look(account, user, chosen, words)
    starting.check(summary, linked=words.file_choice == "link" and bool(words.files))
    now = clock.now()
    batch = Batch(
        id=ids.new(),
        account=account.id,
        user=user.id,
        origin="api",
        channel=words.channel,
        to_field=words.to_field,
        subject=words.subject,
        wording=words.wording,
        template_version=words.template_version,
        opt_out_line=words.opt_out_line,
        files=words.file_choice,
        size=len(chosen),
        state="expanding",
        revision=1,
        canary=starting.canaries(summary.sendable),
        started_at=now,
        created_at=now,
        changed_at=now,
    )
    for column, value in drafts.planned(words, leaves).items():
        setattr(batch, column._meta.name, value)
    try:
        async with db.writing():
            await starting.require_line(batch, account, user, summary)
            await choosing.put(batch, chosen)
            rows = [BatchAttachment(batch=batch.id, attachment=each, position=n) for n, each in enumerate(words.files)]
            if rows:
                await BatchAttachment.insert(*rows)
            await idempotency.remember_batch(account.id, key, request, batch.id)
            facts: dict[str, Any] = {"size": batch.size, "sendable": summary.sendable, "channel": batch.channel}
            await audit.record(account.id, user.id, "batch.started", batch.id, **facts)
    except (*db.DUPLICATE, Refused) as error:
        # What was refused may be the same request: the first of it has filled the day.
        if not isinstance(error, Refused) and not db.is_duplicate(error):
            raise
        first = await idempotency.first_batch(account.id, key, request)
        if first is None:
            raise
        return first
    return batch.id
