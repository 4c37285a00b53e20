"""From a batch to its messages: some hundreds of listings a transaction, by a worker, wherever it was left off."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import attachments, clock, db, first_turns, gate, ids, judging, template_files
from domain.accounts import Account
from domain.attachments import Attachment, FileLink, MessageAttachment
from domain.batches import canaries, credit, drafts, looking
from domain.batches.looking import Look, Verdict
from domain.batches.tables import Batch, BatchListing
from domain.listings import Listing
from domain.messages import Message, State
from domain.users import User

logger = logging.getLogger(__name__)

AT_ONCE = 200  # listings of one transaction


@dataclass
class Expansion:
    """What a batch needs while it becomes messages, and how many there are by now."""

    batch: Batch
    account: Account
    user: User
    look: Look
    files: list[Attachment]
    reached: int = 0  # listings of which is known what became of them
    first: int = 0  # contacts
    turns_from: datetime | None = None  # behind those of other batches; only with a limit of them an hour


async def due() -> list[UUID]:
    """Batches that were started and are not all messages yet."""
    rows = await Batch.raw("SELECT id FROM batch WHERE state = 'expanding' ORDER BY changed_at")
    return [row["id"] for row in rows]


async def expand(batch_id: UUID) -> int:
    """All that is left of a batch becomes messages; how many listings that were. Of several workers at it each chunk is
    one's: the place where it was left off is taken by a conditional update, and whoever takes it knows what the others
    made meanwhile."""
    prepared = await _prepare(batch_id)
    done = 0
    while prepared and (number := await _chunk(prepared)):
        done += number
    return done


async def _prepare(batch_id: UUID) -> Expansion | None:
    batch = await Batch.objects().get((Batch.id == batch_id) & (Batch.state == "expanding"))
    if batch is None:
        return None
    account = await Account.objects().get(Account.id == batch.account)
    user = await User.objects().get(User.id == batch.user)
    assert account is not None
    assert user is not None
    files = await drafts.files_of(batch)
    look = await looking.looker(account, user, drafts.words_of(batch, files), batch.started_at)
    there = await template_files.checked(account.id, files)
    prepared = Expansion(batch, account, user, look, there)
    if an_hour := account.first_contacts_an_hour:
        prepared.turns_from = await first_turns.begins(account.id, an_hour, clock.now(), batch.id)
    await _remember(prepared, batch.expanded)
    return prepared


async def _remember(prepared: Expansion, until: int) -> None:
    """What other workers, an earlier one or one beside this, made of the listings up to that place: whom they wrote to
    and how many first contacts those were."""
    batch = prepared.batch
    rows = await Message.raw(
        """SELECT m.channel, m.to_address, p.mobile, p.phone, p.email
           FROM batch_listing s JOIN message m ON m.batch = s.batch AND m.listing = s.listing
           LEFT JOIN seller p ON p.listing = m.listing
           WHERE s.batch = {} AND s.n >= {} AND s.n < {} AND m.state <> 'skipped' AND m.to_address <> ''""",
        batch.id,
        prepared.reached,
        until,
    )
    for row in rows:
        prepared.look.take(row["channel"], row["to_address"], row)
    prepared.reached = until
    if prepared.turns_from and until:
        prepared.first = await _first_before(batch, until)


async def _first_before(batch: Batch, until: int) -> int:
    """How many first contacts an earlier worker made, by the look before it left."""
    before = (BatchListing.batch == batch.id) & (BatchListing.n < until) & (BatchListing.code == "")
    return int(await BatchListing.count().where(before & (BatchListing.first == True)))  # noqa: E712 - SQL


async def _chunk(prepared: Expansion) -> int:
    """The next listings become messages, all of them or none."""
    batch, look = prepared.batch, prepared.look
    now = clock.now()
    async with db.writing():
        rows = await Batch.raw(
            """UPDATE batch SET changed_at = {} WHERE id = {} AND state = 'expanding'
               RETURNING expanded, canary, held_reason""",
            now,
            batch.id,
        )
        if not rows:
            return 0
        first, batch.canary = rows[0]["expanded"], rows[0]["canary"]
        if first != prepared.reached:
            await _remember(prepared, first)
        chosen = await looking.selection(batch, first, AT_ONCE)
        found: list[Verdict] = []
        listings = [listing for _, listing in chosen]
        async for some in judging.rows(
            prepared.account, listings, looking.fields(look.words, look.judge), *looking.what_words_need()
        ):
            found += [look.at(row) for row in some]
        await _write(prepared, found, now)
        over = len(chosen) < AT_ONCE or first + len(chosen) >= batch.size
        if batch.canary:  # who can leave now need not wait for the others to be messages
            await canaries.lead(batch, now, None if over else now)
        if rows[0]["held_reason"]:  # which goes when it is resumed or tried again
            await credit.holds(batch.id, now)
        await Batch.raw(
            "UPDATE batch SET expanded = {}, state = {}, changed_at = {} WHERE id = {}",
            first + len(chosen),
            "running" if over else "expanding",
            now,
            batch.id,
        )
        prepared.reached += len(chosen)
    return len(chosen) if not over else 0


COLUMNS = """id, account, listing, channel, direction, author_kind, "user", kind, origin, batch, wording,
             wording_subject, template_version, to_field, to_address, encoding, segments, state, code, reason,
             connection, scheduled_at, schedule_zone, schedule_wall, stays_on_reply, not_before, at, changed_at,
             created_at"""


async def _write(prepared: Expansion, found: Sequence[Verdict], now: datetime) -> None:
    if not found:
        return
    rows = [(each, ids.new(), *_when(prepared, each, now)) for each in found]
    shared = await _share(prepared, [each.listing for each in found if each.links and each.sendable])
    values: list[Any] = []
    for verdict, message, state, scheduled_at, not_before in rows:
        links = shared.get(verdict.listing, [])
        values += _message(prepared, verdict, message, state, scheduled_at, not_before, now, links)
    one = f"({', '.join(['{}'] * (len(values) // len(rows)))})"
    await Message.raw(
        f"INSERT INTO message ({COLUMNS}) VALUES {', '.join([one] * len(rows))}",  # noqa: S608 - fixed words
        *values,
    )
    sent = [(verdict, message) for verdict, message, *_ in rows if verdict.sendable]
    await _enclose(prepared, sent, shared)
    await _first_users([verdict.listing for verdict, _ in sent if verdict.first], prepared.user)


def _when(prepared: Expansion, verdict: Verdict, now: datetime) -> tuple[State, datetime | None, datetime]:
    """State, planned time and not-before of a message. Of a batch with canaries all are held: those who can leave
    soonest go first."""
    batch = prepared.batch
    if not verdict.sendable:
        return State.SKIPPED, None, now
    leaves = max(verdict.leaves.at if verdict.leaves else now, now)
    if verdict.first and prepared.turns_from:
        leaves = leaves if batch.schedule_rule else max(leaves, prepared.turns_from)
        leaves += first_turns.apart(prepared.account.first_contacts_an_hour) * prepared.first
        prepared.first += 1
    if batch.canary:
        return State.PENDING, None, max(leaves, verdict.until or leaves)
    if leaves > now and batch.schedule_rule:
        return State.PENDING, leaves, leaves
    return State.QUEUED, None, leaves


def _message(
    prepared: Expansion,
    verdict: Verdict,
    message: UUID,
    state: State,
    scheduled_at: datetime | None,
    not_before: datetime,
    now: datetime,
    links: Sequence[FileLink],
) -> list[Any]:
    batch, channel = prepared.batch, verdict.channel
    carrier = prepared.look.judge.carriers.get(channel)
    is_text = channel == "text"
    refusal = verdict.refusal
    if verdict.waits and state == State.PENDING and scheduled_at is None:  # held until what it waits for has passed
        refusal = gate.refusal(verdict.waits, channel=channel)
    elif verdict.first and not batch.schedule_rule and not_before > now:
        refusal = gate.refusal(first_turns.CODE)
    return [
        message,
        batch.account,
        verdict.listing,
        channel or "text",
        "out",
        "agent",
        batch.user,
        "batch",
        batch.origin,
        batch.id,
        prepared.look.words.of(channel, list(map(attachments.url, links, prepared.files))),
        batch.subject if channel == "email" else "",
        batch.template_version,
        batch.to_field if is_text else "",
        verdict.to,
        verdict.letter.rendered.cost.encoding if verdict.letter and is_text else "",
        verdict.segments,
        str(state),
        refusal.code if refusal else "",
        refusal.message if refusal else "",
        carrier.id if carrier else None,
        scheduled_at,
        verdict.leaves.zone if verdict.leaves else "",
        verdict.leaves.wall if verdict.leaves else "",
        batch.stays_on_reply,
        not_before,
        not_before,
        now,
        now,
    ]


async def _share(prepared: Expansion, listings: Sequence[UUID]) -> dict[UUID, list[FileLink]]:
    """listing -> the addresses of the files for its seller, one a file."""
    files = prepared.files
    if not files or not listings:
        return {}
    links = await attachments.share_all([(each, listing) for listing in listings for each in files], prepared.user)
    return {listing: links[n * len(files) :][: len(files)] for n, listing in enumerate(listings)}


async def _enclose(
    prepared: Expansion, sent: Sequence[tuple[Verdict, UUID]], shared: Mapping[UUID, Sequence[FileLink]]
) -> None:
    """The files of those who get them. As links they stand in the words, each seller's own."""
    rows: list[MessageAttachment] = []
    for verdict, message in sent:
        links = shared.get(verdict.listing)
        if links or verdict.files:
            rows += [
                MessageAttachment(message=message, attachment=each.id, link=links[n].id if links else None, position=n)
                for n, each in enumerate(prepared.files)
            ]
    if rows:
        await MessageAttachment.insert(*rows)


async def _first_users(listings: Sequence[UUID], user: User) -> None:
    """Who writes first about a listing looks after it."""
    if listings:
        await Listing.update({Listing.main_user: user.id}).where(
            Listing.id.is_in(list(listings)) & Listing.main_user.is_null()
        )
