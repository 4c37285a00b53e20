"""What the look before a batch found, as it was kept: its numbers, its rows, its messages with the worst first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import clock, connections, db, judging, renderings, users
from domain.accounts import Account
from domain.attachments import Attachment
from domain.batches import drafts, looking
from domain.batches.enclosing import Enclosing
from domain.batches.looking import Summary
from domain.batches.tables import Batch, BatchListing
from domain.connections import Connection, SenderLink
from domain.enclosures import Enclosures
from domain.users import User
from domain.wordings import Letter

PAGE = 50
Carriers = Mapping[str, tuple[Connection, SenderLink | None]]
FRESH = timedelta(seconds=5)
WHILE_PAGING = timedelta(minutes=1)


@dataclass(frozen=True)
class Sample:
    """One message as it would leave: `place` of `of`, the longest with the most fallbacks first."""

    letter: Letter
    listing: UUID
    title: str
    seller: str
    place: int
    of: int
    waits: str


async def looked(
    batch: Batch, account: Account, user: User, *, anew: bool = False, paging: bool = False
) -> tuple[User, Summary]:
    """Who sends the draft, and what a look at it found: the one that was kept, or a new one where there is none, where
    that is old or where it shall be made `anew`. Who reads it does not become its sender. While one is `paging` in it,
    the rows stay in their places for longer."""
    if batch.state != "draft":
        return user, await summary_of(batch) or Summary()
    sender = user if batch.user == user.id else await users.of(account.id, batch.user)
    is_old = clock.now() - batch.changed_at > (WHILE_PAGING if paging else FRESH)
    summary = None if anew or is_old else await summary_of(batch)
    return sender, summary or await looking.look(batch, account, sender)


async def look_again(batch: Batch, account: Account, user: User) -> Summary:
    """Looks at everything anew, with this person as the sender: what was found for another is forgotten. `batch`
    follows."""
    if batch.user != user.id:
        async with db.writing():
            taken = await Batch.raw(
                """UPDATE batch SET "user" = {}, revision = revision + 1, changed_at = {}
                   WHERE id = {} AND state = 'draft' RETURNING revision""",
                user.id,
                clock.now(),
                batch.id,
            )
            if taken:
                await drafts.forget(batch)
        if taken:
            batch.user, batch.revision = user.id, taken[0]["revision"]
    return await looking.look(batch, account, user)


async def summary_of(batch: Batch) -> Summary | None:
    """The numbers of the look that was kept; None when there was none since the words were changed."""
    rows = await BatchListing.raw(
        """SELECT channel, code, waits, first, COUNT(*) AS number, SUM(segments) AS segments FROM batch_listing
           WHERE batch = {} GROUP BY channel, code, waits, first""",
        batch.id,
    )
    summary = Summary()
    for row in rows:
        number = int(row["number"])
        if row["code"]:
            summary.codes[row["code"]] += number
            continue
        if not row["channel"]:
            return None
        summary.channels[row["channel"]] += number
        summary.segments += int(row["segments"])
        summary.first += number if row["first"] else 0
        if row["waits"]:
            summary.waits[row["waits"]] += number
    return summary


async def page(
    batch: Batch, channel: str = "", code: str = "", after: int | None = None, limit: int = PAGE
) -> list[dict[str, Any]]:
    """The listings of a draft in their order, one more than `limit` when there are more: {n, listing, channel, code,
    waits, segments, fallbacks, year, make, model, hidden, source, first_name, last_name}. Those that would go by a
    channel, or would not go for a reason (or wait for it), after a place."""
    where, values = ["b.batch = {}"], [batch.id]  # type: list[str], list[Any]
    if channel:
        where.append("b.channel = {}")
        values.append(channel)
    if code:
        where.append("(b.code = {} OR b.waits = {})")
        values += [code, code]
    if after is not None:
        where.append("b.n > {}")
        values.append(after)
    return await BatchListing.raw(
        f"""SELECT b.n, b.listing, b.channel, b.code, b.waits, b.segments, b.fallbacks, l.year, l.make, l.model,
                   l.hidden, i.name AS source, p.first_name, p.last_name
            FROM batch_listing b JOIN listing l ON l.id = b.listing JOIN source i ON i.id = l.source
            LEFT JOIN seller p ON p.listing = l.id
            WHERE {" AND ".join(where)} ORDER BY b.n LIMIT {{}}""",  # noqa: S608 - fixed words
        *values,
        limit + 1,
    )


async def sample(
    batch: Batch, account: Account, user: User, summary: Summary, place: int, carriers: Carriers | None = None
) -> Sample | None:
    """The message at a place, from 1, when the longest and those with the most fallbacks come first; None when nothing
    would leave. Two queries, and one where files go as links and nobody hands over what `connections.carriers` says."""
    place = max(1, min(place, summary.sendable))
    rows = await BatchListing.raw(
        """SELECT r.listing, r.channel, r.waits, a.id, a.name, a.media_type, a.size
           FROM (SELECT batch, listing, channel, waits FROM batch_listing WHERE batch = {} AND channel <> ''
                 ORDER BY length DESC, fallbacks DESC, n LIMIT 1 OFFSET {}) AS r
           LEFT JOIN batch_attachment b ON b.batch = r.batch
           LEFT JOIN attachment a ON a.id = b.attachment AND a.removed_at IS NULL ORDER BY b.position""",
        batch.id,
        place - 1,
    )
    if not rows:
        return None
    row, words = rows[0], drafts.words_of(batch)
    names = ("id", "name", "media_type", "size")
    files = [Attachment(account=account.id, **{name: each[name] for name in names}) for each in rows if each["id"]]
    async for found in judging.rows(account, [row["listing"]], (), *looking.what_words_need()):
        for known in found:
            by, to = row["channel"], known["email"] or ""
            wording = words.of(by)
            if files and words.file_choice == "link":
                carriers = carriers or await connections.carriers(account.id, user.id)
                enclosing = Enclosing(
                    words, Enclosures(tuple(files)), {each: one for each, (one, _) in carriers.items()}
                )
                problems = enclosing.problems(by, known[words.to_field if by == "text" else by] or "")
                wording = enclosing.wording(by, linked=enclosing.as_links(problems))
            letter = renderings.of_batch(known, account, user, by, to, words.subject, wording)
            return Sample(
                letter,
                row["listing"],
                looking.title(known),
                looking.seller(known),
                place,
                summary.sendable,
                row["waits"],
            )
    return None
