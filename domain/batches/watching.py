"""How a batch goes: counts that sum to the selection, who got it, who did not and why, and when it will be through."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import clock, first_turns, pace_limits
from domain.batches import reasons
from domain.batches.tables import Batch
from domain.channels.base import SPAM
from domain.connections import Connection
from domain.delivery.sql import holes
from domain.messages import Message
from domain.users import Role, User

# How states are told to people; together they are all there are of what goes out.
GROUPS: dict[str, tuple[str, ...]] = {
    "queued": ("pending", "queued", "claimed", "sending"),
    "sent": ("accepted", "sent"),
    "delivered": ("delivered",),
    "failed": ("failed", "undelivered", "expired"),
    "unknown": ("unknown",),
    "skipped": ("skipped",),
    "cancelled": ("cancelled",),
}
# What can be asked for: a group, or all who did not get it.
SHOWN = {
    **GROUPS,
    "missed": tuple(state for group in ("failed", "unknown", "skipped", "cancelled") for state in GROUPS[group]),
}
GROUP_OF = {state: group for group, states in GROUPS.items() for state in states}
PAGE = 50
LIST = 20  # batches of a page: each may have ten thousand messages to count
CHUNK = 500  # rows of an export read at once
MOMENTS = 200  # later ones at which something leaves, the last of them


@dataclass(frozen=True)
class Progress:
    """`groups` sum to `size`; `codes` are why messages failed or were skipped; `gone` left or ended, of `size`.

    leaves_at   when the last one will have left at the pace of the last minutes; None while that cannot be told
    reasons     of each code the reason that all its messages bear; empty where they bear several
    starter     the name of who started it, or would
    spam        of those that failed, how many carriers took for spam: they are not tried again
    """

    size: int
    groups: dict[str, int]
    codes: dict[str, int]
    leaves_at: datetime | None
    reasons: dict[str, str]
    starter: str
    spam: int = 0

    @property
    def retriable(self) -> int:
        return self.groups["failed"] - self.spam

    @property
    def gone(self) -> int:
        return self.size - self.groups["queued"]


async def progress(batch: Batch) -> Progress:
    """Three queries at most."""
    now = clock.now()
    starter, rows = await _counted(batch)
    groups = dict.fromkeys(GROUPS, 0)
    codes: dict[str, int] = {}
    for row in rows:
        group = GROUP_OF[row["state"]]
        groups[group] += row["number"]
        if row["code"] and group in ("failed", "skipped", "cancelled", "unknown"):
            codes[row["code"]] = codes.get(row["code"], 0) + row["number"]
    groups[GROUP_OF[_unmade(batch)]] += batch.size - sum(groups.values())
    spam = sum(row["number"] for row in rows if row["code"] == SPAM and GROUP_OF[row["state"]] == "failed")
    leaves_at = await _leaves_at(batch, groups["queued"], now)
    return Progress(batch.size, groups, codes, leaves_at, _reasons(rows), starter, spam)


async def _counted(batch: Batch) -> tuple[str, list[dict[str, Any]]]:
    """Who started it, or would, and of its messages how many stand how and why."""
    rows = await Message.raw(
        """SELECT u.name, m.state, m.code, COUNT(*) AS number, MIN(m.reason) AS least, MAX(m.reason) AS most
           FROM app_user u LEFT JOIN message m ON m.batch = {} WHERE u.id = {} GROUP BY u.name, m.state, m.code""",
        batch.id,
        batch.user,
    )
    return rows[0]["name"] if rows else "", [row for row in rows if row["state"]]


def _reasons(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["code"], set()).add(reasons.alike(row["least"], row["most"]))
    return {code: said.pop() if len(said) == 1 else "" for code, said in found.items()}


@dataclass(frozen=True)
class Counts:
    """`states` of the recipients and `codes` of why they ended so, empty where nothing is to be said: each sums to the
    size. Whoever is no message yet is pending. `reasons` are as in `Progress`."""

    states: dict[str, int]
    codes: dict[str, int]
    reasons: dict[str, str]


async def counts(batch: Batch) -> Counts:
    """One query."""
    _, rows = await _counted(batch)
    states = {state: 0 for group in GROUPS.values() for state in group}
    codes: dict[str, int] = {"": 0}
    for row in rows:
        states[row["state"]] += row["number"]
        codes[row["code"]] = codes.get(row["code"], 0) + row["number"]
    unmade = batch.size - sum(states.values())
    states[_unmade(batch)] += unmade
    codes[""] += unmade
    return Counts(states, codes, _reasons(rows))


def _unmade(batch: Batch) -> str:
    """What those are who are no messages yet."""
    return "cancelled" if batch.state == "stopped" else "pending"


async def leaves_at(batch: Batch, counts: Counts) -> datetime | None:
    """When the last one will have left, as in `Progress`."""
    return await _leaves_at(batch, sum(counts.states[each] for each in GROUPS["queued"]), clock.now())


async def _leaves_at(batch: Batch, waiting: int, now: datetime) -> datetime | None:
    """Those whose time has come leave one after another; whoever waits for their morning not before it, and then in
    their turn; who has a turn of first contacts by night has none, and all that come after them are put off, too."""
    if not waiting or batch.state not in ("running", "expanding"):
        return None
    later = await Message.raw(
        """SELECT not_before, COUNT(*) AS number FROM message
           WHERE batch = {} AND state IN ('pending', 'queued') AND not_before > {}
           GROUP BY not_before ORDER BY not_before DESC LIMIT {}""",
        batch.id,
        now,
        MOMENTS,
    )
    pace = await _pace(batch, now)
    known = {name: pace[name] for name in ("kind", "options")}
    carrier = Connection(account=batch.account, **known) if pace["kind"] else None
    each = _seconds_each(pace, carrier, now, some_wait=bool(later))
    if each is None:
        return None
    ends = now + timedelta(seconds=waiting * each)
    number = 0
    for row in later:
        number += row["number"]
        ends = max(ends, row["not_before"] + timedelta(seconds=number * each))
    return max(ends, await first_turns.last_of(batch.account, pace, now))


async def _pace(batch: Batch, now: datetime) -> dict[str, Any]:
    """What says how fast it goes: {number, first} of what began in the last minutes, {kind, options} of the connection
    by which some of what waits leaves, and the turns of first contacts. One query."""
    [row] = await Message.raw(
        f"""SELECT begun.number, begun.first, c.kind, c.options, {first_turns.of_batch("b.id")}
            FROM batch b JOIN account a ON a.id = b.account CROSS JOIN (
              SELECT COUNT(*) AS number, MIN(t.started_at) AS first FROM message m
              JOIN attempt t ON t.message = m.id AND t.started_at > {{}} WHERE m.batch = {{}}) begun
            LEFT JOIN connection c ON c.id = (
              SELECT m.connection FROM message m WHERE m.batch = b.id AND m.state IN ('pending', 'queued')
                AND m.connection IS NOT NULL LIMIT 1)
            WHERE b.id = {{}}""",  # noqa: S608 - fixed words
        now - timedelta(minutes=5),
        batch.id,
        batch.id,
    )
    return row


def _seconds_each(
    pace: Mapping[str, Any], carrier: Connection | None, now: datetime, *, some_wait: bool
) -> float | None:
    """How long each takes, going by the last minutes, but no less than the sender's minute allows: a full one goes at
    once, and the next not before it is over. When nothing left meanwhile as `some_wait` for a later time, by the pace
    of the connection. None while that cannot be told."""
    begun, first = pace["number"], pace["first"]
    if begun:
        if isinstance(first, str):
            first = datetime.fromisoformat(first)
        a_minute = pace_limits.of_sender(carrier) if carrier else 0
        return max((now - first).total_seconds() / begun, 1.0 / begun, 60 / a_minute if a_minute else 0.0)
    return pace_limits.minutes(carrier, 1) * 60 if carrier and some_wait else None


async def stands_still(batch: Batch) -> list[dict[str, Any]]:
    """The connections by which nothing leaves of what waits: {provider, provider_state, provider_rests_until}. One that
    only rests does so beyond the time of something. One query."""
    return await Message.raw(
        """SELECT c.kind AS provider, c.state AS provider_state, c.rests_until AS provider_rests_until
           FROM connection c
           WHERE c.account = {} AND (c.state <> 'connected' OR c.rests_until > {}) AND EXISTS (
             SELECT 1 FROM message m WHERE m.batch = {} AND m.state IN ('pending', 'queued') AND m.connection = c.id
               AND (c.state <> 'connected' OR COALESCE(m.scheduled_at, m.not_before) < c.rests_until))
           ORDER BY c.kind""",
        batch.account,
        clock.now(),
        batch.id,
    )


async def recipients(
    batch: Batch, group: str = "", code: str = "", after: UUID | None = None, limit: int = PAGE, state: str = ""
) -> list[dict[str, Any]]:
    """One page of the recipients that are messages by now, in the order they were made: {id, listing, state, code,
    reason, channel, to_address, attempts, changed_at, scheduled_at, not_before, year, make, model, first_name,
    last_name}, one more than `limit` when there are more. Those of a group of SHOWN, with a code, after a message."""
    states = SHOWN.get(group, ())
    where: list[str] = ["m.batch = {}"]
    values: list[Any] = [batch.id]
    if states:
        where.append(f"m.state IN ({', '.join(repr(each) for each in states)})")
    if state:
        where.append("m.state = {}")
        values.append(state)
    if code:
        where.append("m.code = {}")
        values.append(code)
    if after:
        where.append("m.id > {}")
        values.append(after)
    return await Message.raw(
        f"""SELECT m.id, m.listing, m.state, m.code, m.reason, m.channel, m.to_address, m.attempts, m.changed_at,
                   m.segments, m.body, m.scheduled_at, m.not_before, l.year, l.make, l.model, p.first_name, p.last_name
            FROM message m JOIN listing l ON l.id = m.listing LEFT JOIN seller p ON p.listing = l.id
            WHERE {" AND ".join(where)} ORDER BY m.id LIMIT {{}}""",  # noqa: S608 - fixed words
        *values,
        limit + 1,
    )


async def every_recipient(batch: Batch, group: str = "", code: str = "") -> AsyncIterator[dict[str, Any]]:
    """All of them, some hundreds read at a time."""
    after: UUID | None = None
    while True:
        rows = await recipients(batch, group, code, after, CHUNK)
        for row in rows[:CHUNK]:
            yield row
        if len(rows) <= CHUNK:
            return
        after = rows[CHUNK - 1]["id"]


async def page(
    account: UUID, reader: User, before: tuple[datetime, UUID] | None = None, limit: int = LIST
) -> list[dict[str, Any]]:
    """The account's batches, the newest first, one more than `limit` when there are more: {id, created_at, state, size,
    channel, wording, started_at, finished_at, scheduled_at, schedule_rule, held_reason, user, person}. Drafts of
    colleagues only for those who may discard them."""
    mine = "" if all_drafts(reader) else "AND (b.state <> 'draft' OR b.\"user\" = {})"
    beyond = "AND (b.created_at, b.id) < ({}, {})" if before else ""
    return await Batch.raw(
        f"""SELECT b.id, b.created_at, b.state, b.size, b.channel, b.wording, b.started_at, b.finished_at,
                   b.scheduled_at, b.schedule_rule, b.held_reason, b."user", u.name AS person
            FROM batch b JOIN app_user u ON u.id = b."user"
            WHERE b.account = {{}} {mine} {beyond} ORDER BY b.created_at DESC, b.id DESC LIMIT {{}}""",  # noqa: S608
        account,
        *([reader.id] if mine else []),
        *(before or ()),
        limit + 1,
    )


def all_drafts(reader: User) -> bool:
    """Whether colleagues' drafts are theirs to see, and to discard."""
    return reader.role in (Role.ADMIN, Role.MANAGER)


async def groups_of(batches: Sequence[tuple[UUID, int]]) -> dict[UUID, dict[str, int]]:
    """(batch, size) -> its groups, which sum to the size. One query."""
    if not batches:
        return {}
    rows = await Message.raw(
        f"""SELECT batch, state, COUNT(*) AS number FROM message WHERE batch IN ({holes(len(batches))})
            GROUP BY batch, state""",  # noqa: S608 - placeholders
        *[batch for batch, _ in batches],
    )
    found = {batch: dict.fromkeys(GROUPS, 0) for batch, _ in batches}
    for row in rows:
        found[row["batch"]][GROUP_OF[row["state"]]] += row["number"]
    for batch, size in batches:
        found[batch]["queued"] += size - sum(found[batch].values())
    return found
