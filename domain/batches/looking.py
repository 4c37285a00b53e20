"""The look before anything leaves: for every listing of a batch who gets what by which channel, and who does not and
why."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain import appointments, clock, enclosures, gate, judging, renderings, wordings
from domain.accounts import Account
from domain.batches import drafts, keeping, timing
from domain.batches.drafts import Words
from domain.batches.enclosing import Enclosing
from domain.batches.tables import Batch, BatchListing
from domain.batches.timing import Timing
from domain.departures import Departure, by_then
from domain.enclosures import Enclosures
from domain.gate import Refusal
from domain.judging import FIELDS, Judge
from domain.standing import BESIDE, THEIRS
from domain.users import User
from domain.wordings import Letter

AUTO = ("text", "form", "email")  # in this order the first that works
WAITS = gate.WAITS
STOPS = ("phone_blocked", "phone_dnc", "opted_out", "review_open")  # of the person: Auto tries no other channel
# What stands only against the channel, and is not why a person whom the lists stop is passed over.
OF_CHANNEL = ("no_contact", "phone_invalid", "email_invalid", "phone_landline", "phone_untextable")
OTHER = {"mobile": "phone", "phone": "mobile"}


class Verdict(NamedTuple):
    """What would become of one listing: by which channel it goes and what is said, or why it does not.

    waits   the code of what it waits for before it leaves: the seller's morning, or a look at what they wrote
    """

    listing: UUID
    channel: str = ""
    to: str = ""
    refusal: Refusal | None = None
    waits: str = ""
    letter: Letter | None = None
    stops: bool = False  # the lists stop the person: no other channel is tried
    first: bool = False  # nobody wrote about this listing before
    files: bool = False  # its files go along
    links: bool = False  # they go as links
    leaves: Departure | None = None  # None: now
    until: datetime | None = None  # when what it `waits` for will have passed

    @property
    def sendable(self) -> bool:
        return self.refusal is None

    @property
    def fallbacks(self) -> int:
        return self.letter.rendered.fallbacks if self.letter else 0

    @property
    def segments(self) -> int:
        return self.letter.rendered.cost.segments if self.letter and self.channel == "text" else 0


@dataclass
class Summary:
    """The numbers of a look; `channels` and `codes` together sum to the selection."""

    channels: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    segments: int = 0
    first: int = 0

    def add(self, verdict: Verdict) -> None:
        if verdict.refusal:
            self.codes[verdict.refusal.code] += 1
            return
        self.channels[verdict.channel] += 1
        self.segments += verdict.segments
        self.first += verdict.first
        if verdict.waits:
            self.waits[verdict.waits] += 1

    @property
    def sendable(self) -> int:
        return self.channels.total()

    @property
    def size(self) -> int:
        return self.sendable + self.codes.total()


class Look:
    """Looks at the listings of one batch after another, in the order of the selection, and remembers who was written
    to: one message a number or address, and by Auto or where a channel has neither, one a seller by any of theirs."""

    def __init__(self, judge: Judge, words: Words, enclosed: Enclosures, timing: Timing) -> None:
        self.judge, self.words, self._timing = judge, words, timing
        self._files = Enclosing(words, enclosed, judge.carriers)
        self._judges: dict[datetime, Judge] = {}  # of the moments something leaves at
        self._taken: set[tuple[str, str]] = set()
        self._people: set[str] = set()  # all numbers and emails of whom was written to
        self._known = wordings.ours(judge.account, judge.user)

    def take(self, channel: str, to: str, row: Mapping[str, Any]) -> None:
        """The seller of this row, by {mobile, phone, email}, is written to there already."""
        self._taken.add((channel, to))
        self._people.update(row[name] for name in THEIRS if row[name])

    def at(self, row: Mapping[str, Any]) -> Verdict:
        """What becomes of one row of `rows`."""
        channels = AUTO if self.words.channel == "auto" else (self.words.channel,)
        tried: list[Verdict] = []
        for channel in channels:
            verdict = self._by(row, channel)
            if verdict.sendable:
                self.take(channel, verdict.to, row)
                return verdict
            if verdict.stops:
                return verdict
            tried.append(verdict)
        return self._why(tried)

    def _why(self, tried: Sequence[Verdict]) -> Verdict:
        """Of several channels that cannot carry it: the first for which there is an address has its say."""
        reachable = [
            each
            for each in tried
            if each.refusal and each.refusal.code.partition(":")[0] not in ("no_contact", "no_connection")
        ]
        return (reachable or list(tried))[0]

    def _by(self, row: Mapping[str, Any], channel: str) -> Verdict:
        """The address and the lists first: words are made only where they may go."""
        words, leaves = self.words, self._timing.of(row)
        judge = self._judge_at(leaves.at) if leaves else self.judge
        to = self._to(row, channel)
        problems = self._files.problems(channel, to)
        linked = self._files.as_links(problems)
        stops = problems if problems and words.file_choice == "skip" else ()
        duplicate = bool(to) and (channel, to) in self._taken
        to_field = words.to_field if channel == "text" else ""
        same_seller = bool(to) and self._is_known(row, channel)
        decision = judge.decide(row, channel, to_field, to, files=stops, duplicate=duplicate, same_seller=same_seller)
        if leaves and leaves.at > self.judge.at:
            decision = by_then(decision)
        letter = None
        if {each.code for each in decision.refusals} <= WAITS:
            wording = self._files.wording(channel, linked=linked)
            letter = renderings.of_batch(
                row, judge.account, judge.user, channel, to, words.subject, wording, self._known
            )
            too_long = len(letter.body) > letter.longest
            if letter.missing or too_long:
                seen = decision.facts._replace(missing=letter.missing, too_long=too_long)
                decision = gate.decide(seen, decision.at)
        codes = {each.code for each in decision.refusals}
        waiting = bool(codes) and codes <= WAITS
        refusal = None if decision.allowed or waiting else decision.first
        stopped = self.words.channel == "auto" and refusal is not None and not codes.isdisjoint(STOPS)
        if stopped:
            refusal = next(each for each in decision.refusals if each.code not in OF_CHANNEL)
        if refusal and refusal.code == "no_contact" and to_field and row[OTHER[to_field]]:
            refusal = gate.refusal("no_contact", to_field)
        return Verdict(
            listing=row["listing"],
            channel=channel,
            to=to,
            refusal=refusal,
            waits=decision.refusals[0].code if waiting else "",
            letter=letter,
            stops=stopped,
            first=bool(row["nothing_yet"]),
            files=bool(self._files.files) and not problems,
            links=linked,
            leaves=leaves,
            until=decision.defer_until if waiting else None,
        )

    def _is_known(self, row: Mapping[str, Any], channel: str) -> bool:
        """Whether this batch writes to the same person about another listing, wherever they are reached there."""
        if self.words.channel != "auto" and channel not in BESIDE:
            return False
        return any(row[name] in self._people for name in THEIRS if row[name])

    def _judge_at(self, moment: datetime) -> Judge:
        if moment not in self._judges:
            self._judges[moment] = replace(self.judge, at=moment, _clocks={})
        return self._judges[moment]

    def _to(self, row: Mapping[str, Any], channel: str) -> str:
        if channel == "text":
            return row[self.words.to_field] or ""
        if channel == "email":
            return row["email"] or ""
        return row["form"] if channel == "form" else ""


def title(row: Mapping[str, Any]) -> str:
    return f"{row['year'] or ''} {row['make']} {row['model']}".strip()


def seller(row: Mapping[str, Any]) -> str:
    return f"{row['first_name'] or ''} {row['last_name'] or ''}".strip()


def fields(words: Words, judge: Judge) -> tuple[str, ...]:
    """Those of the seller whose addresses count for these words; none where nothing carries them."""
    if words.channel == "auto":
        return (words.to_field, "email", *(("form",) if "form" in judge.carriers else ()))
    return (words.to_field,) if words.channel == "text" else (words.channel,) if words.channel in FIELDS else ()


async def verdicts(
    account: Account, user: User, words: Words, listings: Sequence[UUID]
) -> AsyncIterator[list[Verdict]]:
    """What becomes of every listing, some hundreds at a time, in the order given."""
    look = await looker(account, user, words)
    async for rows in judging.rows(account, listings, fields(words, look.judge), *what_words_need()):
        yield [look.at(row) for row in rows]
        await asyncio.sleep(0)  # others have their turn between


async def looker(account: Account, user: User, words: Words, since: datetime | None = None) -> Look:
    """Who looks at the listings of a batch, one after another; `since` is when it was let go."""
    judge = await judging.judge(account, user, "batch")
    enclosed = await enclosures.read(account.id, words.files, "")
    return Look(judge, words, enclosed, await timing.timing(account, words.plan, since))


def what_words_need() -> tuple[str, str, tuple[Any, ...]]:
    """What the words need besides what the gate reads: columns, joins, arguments."""
    return renderings.COLUMNS, appointments.joined("l.id"), (clock.now(),)


async def lined(
    account: Account, user: User, words: Words, listings: Sequence[UUID], at: datetime | None = None
) -> Words:
    """The words with the opt-out line where it has to be: when the sender's day held too many texts without it, or does
    with all of this batch, which leaves `at`, or now."""
    if words.opt_out_line or words.channel not in ("auto", "text"):
        return words
    left = await drafts.texts_left(account, user, at)
    if left <= 0 or (at and await drafts.is_locked(account, user)):
        return replace(words, opt_out_line=True)
    if len(listings) <= left:
        return words
    async for some in verdicts(account, user, words, listings):
        left -= sum(each.sendable and each.channel == "text" for each in some)
        if left < 0:
            return replace(words, opt_out_line=True)
    return words


async def look(batch: Batch, account: Account, user: User) -> Summary:
    """Looks at all listings of a draft and keeps what it found with the selection: 10,000 in two seconds.

    When something else would leave than what the look before found, the draft has another revision: what somebody
    confirmed by the old one does not start. `batch` follows.
    """
    before = {row["listing"]: row for row in await keeping.kept(batch)}
    words = drafts.words_of(batch, await drafts.files_of(batch))
    with_line = await lined(account, user, words, list(before), batch.scheduled_at)
    summary, rows = Summary(), []  # type: Summary, list[tuple[Any, ...]]
    another = any(row["channel"] or row["code"] for row in before.values()) and with_line != words
    async for some in verdicts(account, user, with_line, list(before)):
        for verdict in some:
            summary.add(verdict)
            row, found = before[verdict.listing], _found(verdict)
            if (row["channel"] or row["code"]) and row["channel"] != found[0]:
                another = True
            if keeping.found(row) != found:
                rows.append((*found, batch.id, row["n"]))
    await keeping.keep(batch, rows, another, line=with_line.opt_out_line)
    return summary


async def selection(batch: Batch, first: int = 0, number: int = 1_000_000) -> list[tuple[int, UUID]]:
    """The places and listings of a batch, from a place on."""
    rows = await BatchListing.raw(
        "SELECT n, listing FROM batch_listing WHERE batch = {} AND n >= {} AND n < {} ORDER BY n",
        batch.id,
        first,
        first + number,
    )
    return [(row["n"], row["listing"]) for row in rows]


def _found(each: Verdict) -> tuple[Any, ...]:
    """What is kept of a verdict, in the order of keeping.COLUMNS."""
    return (
        each.channel if each.sendable else "",
        each.refusal.code if each.refusal else "",
        each.waits,
        each.first,
        each.segments,
        len(each.letter.body) if each.letter and each.sendable else 0,
        each.fallbacks,
    )
