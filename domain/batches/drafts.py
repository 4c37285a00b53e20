"""What is to be sent to many, before anything leaves: written, checked, changed."""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import clock, db, introductions, message_templates, offers, text, users, wildcards, wordings
from domain.accounts import Account
from domain.batches import timing
from domain.batches.files import BatchAttachment
from domain.batches.tables import Batch, BatchListing
from domain.departures import Departure, Plan
from domain.errors import Refused
from domain.messages import Message
from domain.template_files import checked as checked_files
from domain.users import Permission, User

CHANNELS = ("auto", "text", "email", "form")
TO_FIELDS = ("mobile", "phone")
FILE_CHOICES = ("skip", "without", "link")
LOCKED_FROM = 500  # texts a sender's day holds before the opt-out line stays on
NOT_A_DRAFT = "This batch has begun. Look at how it goes, or choose listings for a new one."
OVERTAKEN = "Somebody changed this message after you opened it. Theirs stands here, and yours below."
CHANGED = "This batch changed since you looked: its wording, or who gets it. Look at it again."


@dataclass(frozen=True)
class Words:
    """What goes to everybody, with its wildcards.

    to_field      mobile | phone: the field of the seller a text goes to
    file_choice   who cannot get the files: skip them, send without, or as a link
    plan          when it leaves; None: now. `stays_on_reply`: also to those who wrote meanwhile
    """

    wording: str
    channel: str = "auto"
    to_field: str = "mobile"
    subject: str = ""
    template_version: UUID | None = None
    opt_out_line: bool = True
    files: tuple[UUID, ...] = ()
    file_choice: str = "skip"
    plan: Plan | None = None
    stays_on_reply: bool = False

    def of(self, channel: str, links: Sequence[str] = ()) -> str:
        """The wording as it goes by a channel, and a line for each link. A text ends with the opt-out line, unless that
        was switched off."""
        wording = "\n".join([*([self.wording] if self.wording else []), *links])
        if channel == "text" and self.opt_out_line:
            return introductions.with_opt_out(wording)
        return wording


def mark_of(words: Words) -> str:
    """Tells these words from others: a form carries it, so that who writes over somebody's is told first. The opt-out
    line is no word of theirs: it can be locked on meanwhile."""
    said = astuple(replace(words, opt_out_line=True))
    return hashlib.sha256(repr(said).encode(errors="replace")).hexdigest()[:16]


def words_of(batch: Batch, files: tuple[UUID, ...] = ()) -> Words:
    """What a batch says."""
    return Words(
        wording=batch.wording,
        channel=batch.channel,
        to_field=batch.to_field,
        subject=batch.subject,
        template_version=batch.template_version,
        opt_out_line=batch.opt_out_line,
        files=files,
        file_choice=batch.files,
        plan=timing.plan_of(batch),
        stays_on_reply=batch.stays_on_reply,
    )


async def change(batch: Batch, account: Account, user: User, words: Words, seen: str = "") -> Batch:
    """Writes what a draft says, and forgets what was looked at before. Raises Refused at `body`, `subject`, `channel`,
    `to_field`, `attachment`, `date`, `time` or `zone`, once the batch has begun, and (`overtaken`) when it does not say
    any more what was `seen`, the `mark_of` its words."""
    users.require(user, Permission.BATCH)
    words = await checked(account, user, words)
    leaves = await timing.checked(account, words.plan) if words.plan else None
    async with db.writing():
        if seen and await _overtaken(batch, seen, words):
            raise Refused(OVERTAKEN, field="body", code="overtaken")
        changed = (
            await Batch.update(
                {
                    Batch.wording: words.wording,
                    Batch.channel: words.channel,
                    Batch.to_field: words.to_field,
                    Batch.subject: words.subject,
                    Batch.template_version: words.template_version,
                    Batch.opt_out_line: words.opt_out_line,
                    Batch.files: words.file_choice,
                    **planned(words, leaves),
                    Batch.user: user.id,
                    Batch.revision: Batch.revision + 1,
                    Batch.changed_at: clock.now(),
                }
            )
            .where((Batch.id == batch.id) & (Batch.state == "draft"))
            .returning(Batch.id)
        )
        if not changed:
            raise Refused(NOT_A_DRAFT, code="started")
        await forget(batch)
        await BatchAttachment.delete().where(BatchAttachment.batch == batch.id)
        rows = [BatchAttachment(batch=batch.id, attachment=each, position=n) for n, each in enumerate(words.files)]
        if rows:
            await BatchAttachment.insert(*rows)
    return await now(batch)


async def _overtaken(batch: Batch, seen: str, words: Words) -> bool:
    """Whether the draft says other words by now than were seen, and others than are to be written. In your
    transaction, to whose end nobody else changes it."""
    lock = "FOR UPDATE" if db.on_postgres() else ""
    await Batch.raw(f"SELECT id FROM batch WHERE id = {{}} {lock}", batch.id)  # noqa: S608 - fixed words
    fresh = await now(batch)
    return fresh.state == "draft" and mark_of(words_of(fresh, await files_of(fresh))) not in (seen, mark_of(words))


async def now(batch: Batch) -> Batch:
    """The batch as it stands now."""
    fresh = await Batch.objects().get(Batch.id == batch.id)
    assert fresh is not None
    return fresh


async def forget(batch: Batch) -> None:
    """There was no look at this draft from now on. In your transaction."""
    await BatchListing.update({BatchListing.channel: "", BatchListing.code: ""}).where(BatchListing.batch == batch.id)


def planned(words: Words, leaves: Departure | None) -> dict[Any, Any]:
    """What a batch keeps of its plan."""
    plan = words.plan
    return {
        Batch.schedule_rule: plan.rule if plan else "",
        Batch.schedule_zone: plan.zone if plan else "",
        Batch.schedule_wall: f"{plan.wall:%Y-%m-%dT%H:%M}" if plan else "",
        Batch.scheduled_at: leaves.at if leaves else None,
        Batch.stays_on_reply: words.stays_on_reply and plan is not None,
    }


async def checked(account: Account, user: User, words: Words) -> Words:
    """The words as they may go. Raises Refused at the field that is wrong."""
    if words.channel not in CHANNELS:
        raise Refused("Choose Auto, Text, Email or Form.", field="channel")
    if words.to_field not in TO_FIELDS:
        raise Refused("Choose the mobile or the phone number.", field="to_field")
    if words.file_choice not in FILE_CHOICES:
        raise Refused("Choose what happens where the files cannot go along.", field="file_choice")
    for field, said in (("body", words.wording), ("subject", words.subject)):
        if problems := wildcards.problems(said):
            raise Refused(problems[0].message, field=field, code="unknown_wildcard")
    if text.is_blank(words.wording) and not words.files:
        raise Refused("Write a message first.", field="body", code="required")
    channel = "email" if words.channel == "email" else "text"
    if len(words.wording) > wordings.LONGEST[channel]:
        longest = f"{offers.ONE[channel]} holds {wordings.LONGEST[channel]:,} characters"
        raise Refused(f"{longest}; this one has {len(words.wording):,}. Shorten it.", field="body", code="too_long")
    await checked_files(account.id, words.files, "A message")
    if words.template_version:  # of another dealership, or of none: the words are theirs who typed them
        known = await message_templates.known_version(account.id, words.template_version)
        words = replace(words, template_version=known)
    if not words.opt_out_line and await is_locked(account, user):
        return replace(words, opt_out_line=True)
    return words


async def is_locked(account: Account, user: User, at: datetime | None = None) -> bool:
    """Whether the opt-out line stays on until midnight (the account's clock): the sender's day holds 500 texts. The day
    is today, or that of `at`."""
    return await texts_left(account, user, at) <= 0


async def texts_left(account: Account, user: User, at: datetime | None = None) -> int:
    """How many texts more of that day may leave without the line. What waits for its turn counts like what left, and so
    does a batch whose messages are not made yet."""
    zone = ZoneInfo(account.timezone)
    day = (at or clock.now()).astimezone(zone).date()
    begins = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + timedelta(days=1), time(), zone)
    rows = await Message.raw(
        """SELECT COUNT(*) AS number, (
             SELECT SUM(b.size - b.expanded) FROM batch b WHERE b.account = {} AND b."user" = {}
               AND b.state IN ('expanding', 'paused') AND b.channel IN ('auto', 'text')
               AND COALESCE(b.scheduled_at, b.started_at) >= {} AND COALESCE(b.scheduled_at, b.started_at) < {}
           ) AS coming FROM (
             SELECT 1 FROM message m WHERE m.account = {} AND m.at >= {} AND m.at < {} AND m."user" = {}
               AND m.channel = 'text' AND m.direction = 'out'
               AND m.state IN ('pending', 'queued', 'claimed', 'sending', 'accepted', 'sent', 'delivered',
                               'undelivered', 'unknown')
             LIMIT {}) AS few""",
        account.id,
        user.id,
        begins,
        ends,
        account.id,
        begins,
        ends,
        user.id,
        LOCKED_FROM,
    )
    return LOCKED_FROM - int(rows[0]["number"]) - int(rows[0]["coming"] or 0)


async def files_of(batch: Batch) -> tuple[UUID, ...]:
    """The files of a batch, in their order."""
    rows = await (
        BatchAttachment.select(BatchAttachment.attachment)
        .where(BatchAttachment.batch == batch.id)
        .order_by(BatchAttachment.position)
    )
    return tuple(row["attachment"] for row in rows)
