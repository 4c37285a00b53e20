"""Out of the door, once: claim, look again, write the attempt, call, record. The calls themselves are a worker's."""

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain import clock, connections, db, gate, history, ids, messages, phones, plans, receipts, suppressions
from domain.channels.base import Accepted, ChannelError, Kind, Outgoing
from domain.columns import moment
from domain.connections import ConnectionState
from domain.db import DB
from domain.gate import Permit, SenderState
from domain.messages import RANKS, Message, State
from domain.text import storable
from domain.users import User

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


class Lease(Table, db=DB, tablename="lease"):
    """Who may do what only one may do at a time: dispatching on SQLite."""

    name = Varchar(40, primary_key=True)
    owner = Text(default="")
    until = moment()


LEASE = timedelta(seconds=60)
MOST_CONNECTS = 5  # tries in a row that never reached the provider before a person must look
LONGEST_WAIT = 600.0  # seconds
LOST = "It may have been sent: the connection broke before the provider answered."
DISPATCHER = "dispatcher"
LEASED = "state IN ('claimed', 'sending')"  # in the words of the index, or SQLite does not know it again


@dataclass(frozen=True)
class Started:
    """A message whose attempt is written: its call starts now, and only now."""

    outgoing: Outgoing
    permit: Permit
    n: int
    connection: UUID
    listing: UUID
    tries: int


@dataclass(frozen=True)
class Outcome:
    """How a call ended: `accepted`, or else `error`."""

    started: Started
    accepted: Accepted | None = None
    error: ChannelError | None = None


@dataclass
class News:
    """What changed, for those who must hear of it: live pages, and the pace."""

    listings: set[UUID] = field(default_factory=set)
    closed: dict[UUID, float] = field(default_factory=dict)  # connection -> seconds to leave it alone


async def due_connections(limit: int, closed: Iterable[UUID] = ()) -> dict[UUID, int]:
    """The healthy connections with something due now, but for those in `closed`: how many messages, up to `limit`."""
    rows = await Message.raw(
        """SELECT c.id, (SELECT count(*) FROM (
             SELECT 1 FROM message m WHERE m.connection = c.id AND m.state = 'queued' AND m.not_before <= {} LIMIT {}
           ) AS few) AS due FROM connection c WHERE c.state = 'connected'""",
        clock.now(),
        limit,
    )
    shut = set(closed)
    return {row["id"]: row["due"] for row in rows if row["due"] and row["id"] not in shut}


async def next_due() -> datetime | None:
    """When the next message that is not due yet will be."""
    rows = await Message.raw(
        """SELECT m.not_before FROM connection c JOIN message m ON m.id = (
             SELECT id FROM message WHERE connection = c.id AND state = 'queued' AND not_before > {}
             ORDER BY not_before, id LIMIT 1)
           WHERE c.state = 'connected' ORDER BY m.not_before LIMIT 1""",
        clock.now(),
    )
    return rows[0]["not_before"] if rows else None


async def claim(owner: str, connection: UUID, limit: int) -> list[UUID]:
    """Makes up to `limit` due messages of a connection `owner`'s to try, oldest first; nobody else gets them."""
    until, arguments = _lease_end()
    skip = "FOR UPDATE SKIP LOCKED" if db.on_postgres() else ""
    rows = await Message.raw(
        # MATERIALIZED: PostgreSQL must look only once, or it would lock more rows than the limit.
        f"""WITH due AS MATERIALIZED (
              SELECT id FROM message WHERE connection = {{}} AND state = 'queued' AND not_before <= {{}}
              ORDER BY not_before, id LIMIT {{}} {skip})
            UPDATE message SET state = 'claimed', owner = {{}}, lease_until = {until}
            WHERE id IN (SELECT id FROM due) AND state = 'queued' RETURNING id, not_before""",
        connection,
        clock.now(),
        limit,
        owner,
        *arguments,
    )
    return [row["id"] for row in sorted(rows, key=lambda row: (row["not_before"], row["id"]))]


async def release(owner: str, ids: Sequence[UUID]) -> None:
    """Gives claimed messages back untried."""
    if ids:
        await Message.update({Message.state: State.QUEUED, Message.owner: "", Message.lease_until: None}).where(
            Message.id.is_in(list(ids)) & (Message.state == State.CLAIMED) & (Message.owner == owner)
        )


async def give_back(owner: str) -> None:
    """Everything `owner` claimed and has not begun goes back to queued: it is leaving."""
    await Message.raw(
        f"""UPDATE message SET state = 'queued', owner = '', lease_until = NULL
            WHERE {LEASED} AND state = 'claimed' AND owner = {{}}""",
        owner,
    )


async def look_up_senders(owner: str, ids: Sequence[UUID]) -> tuple[list[UUID], News]:
    """Asks the provider for the senders of claimed messages whose last look is old.

    Returns the messages that may go on, and the news. Where the provider could not be asked its messages are
    given back, to be tried later; a refused key breaks the connection.
    """
    news = News()
    if not ids:
        return [], news
    rows = await Message.raw(
        f"""SELECT m.id, m.tries, m.connection, m."user" AS person FROM message m
            LEFT JOIN sender_link s ON s.connection = m.connection AND s."user" = m."user"
            WHERE m.id IN ({_holes(len(ids))}) AND (s.id IS NULL OR s.checked_at < {{}})""",
        *ids,
        clock.now() - connections.LINK_AGE,
    )
    held: set[UUID] = set()
    for connection_id, person in {(row["connection"], row["person"]) for row in rows}:
        connection = await connections.by_id(connection_id)
        user = await User.objects().get(User.id == person)
        if connection is None or user is None:
            continue
        try:
            await connections.sender(connection, user)
        except ChannelError as error:
            mine = [row for row in rows if (row["connection"], row["person"]) == (connection_id, person)]
            held.update(row["id"] for row in mine)
            await _hold(owner, connection, mine, error, news)
    return [each for each in ids if each not in held], news


async def start(owner: str, ids: Sequence[UUID]) -> tuple[list[Started], News]:
    """The gate's last look and the attempt rows, in one transaction; then the calls may begin, all of them at once.

    Messages that are no longer `owner`'s, or were cancelled meanwhile, are left out; refused ones end here; those whose
    connection broke or went meanwhile go back to wait for it.
    """
    news = News()
    started: list[Started] = []
    refused: list[tuple[dict[str, Any], gate.Decision]] = []
    if not ids:
        return started, news
    features = await plans.table()
    now = clock.now()
    async with db.writing():
        for account in sorted({row["account"] for row in await _accounts(ids)}, key=str):
            await suppressions.announce_start(account)
        rows = await _claimed_rows(owner, ids)
        healthy = [row for row in rows if row["connection_state"] == ConnectionState.CONNECTED]
        await release(owner, [row["id"] for row in rows if row["connection_state"] != ConnectionState.CONNECTED])
        decided = [(row, gate.decide(_facts(row, features), now)) for row in healthy]
        for row, decision in decided:
            if not decision.allowed:
                refused.append((row, decision))
                continue
            outgoing = Outgoing(row["id"], row["channel"], row["to_address"], row["body"], row["provider_id"])
            started.append(
                Started(
                    outgoing,
                    gate.permit(decision),
                    row["attempts"] + 1,
                    row["connection"],
                    row["listing"],
                    row["tries"],
                )
            )
        await _write_attempts([(row, decision) for row, decision in decided if decision.allowed], now)
        for row, decision in refused:
            await _refuse(row, decision, now)
    news.listings.update(row["listing"] for row, _ in decided)
    return started, news


async def record(outcomes: Sequence[Outcome]) -> News:
    """Writes how calls ended, in one transaction, whoever holds the lease now: an answer is an answer.

    An accepted message is never moved down; one that a sweep took for unknown gets its true end.
    """
    news = News()
    now = clock.now()
    async with db.writing():
        await _close_attempts(outcomes, now)
        accepted = [each for each in outcomes if each.accepted]
        await _accept(accepted, now)
        for each in outcomes:
            if each.error:
                await _not_accepted(each, each.error, now, news)
        await receipts.apply_early(
            [(each.started.connection, each.accepted.provider_id) for each in accepted if each.accepted]
        )
        await connections.worked({each.started.connection for each in accepted})
    news.listings.update(each.started.listing for each in outcomes)
    for each in outcomes:
        if each.error and each.error.kind is Kind.CONNECTION_BROKEN:
            await connections.broken(each.started.connection, each.error.reason)
    return news


async def renew(owner: str, ids: Sequence[UUID]) -> None:
    """Prolongs the leases of the messages `owner` has in hand; what it lost sight of is left to the sweep."""
    if not ids:
        return
    until, arguments = _lease_end()
    await Message.raw(
        f"""UPDATE message SET lease_until = {until}
            WHERE id IN ({_holes(len(ids))}) AND owner = {{}} AND state IN ('claimed', 'sending')""",
        *arguments,
        *ids,
        owner,
    )


async def sweep() -> News:
    """Heals what a dead worker left: claimed goes back to queued, sending becomes unknown, once the lease ran out."""
    over, arguments = ("now()", []) if db.on_postgres() else ("{}", [clock.now()])
    return await _end_leases(f"lease_until < {over}", arguments)


async def end_dead_leases(is_dead: Callable[[str], bool]) -> News:
    """The same at once for owners known to be dead, without waiting for their leases."""
    rows = await Message.raw(f"SELECT DISTINCT owner FROM message WHERE {LEASED}")
    dead = [row["owner"] for row in rows if is_dead(row["owner"])]
    if not dead:
        return News()
    return await _end_leases(f"owner IN ({_holes(len(dead))})", dead)


async def take_turn(owner: str, seconds: float, is_dead: Callable[[str], bool]) -> bool:
    """On SQLite one worker dispatches. True when that is `owner`, for the next `seconds`; a dead one is succeeded."""
    if db.on_postgres():
        return True
    now = clock.now()
    async with db.writing():
        lease = await Lease.objects().get(Lease.name == DISPATCHER)
        if lease and lease.owner != owner and lease.until and lease.until > now and not is_dead(lease.owner):
            return False
        row = Lease(name=DISPATCHER, owner=owner, until=now + timedelta(seconds=seconds))
        await Lease.insert(row).on_conflict(target=Lease.name, action="DO UPDATE", values=[Lease.owner, Lease.until])
    return True


async def follow_up(limit: int = 200) -> set[UUID]:
    """What acceptance means for the listing: contacted, answered. Its own step, repeated until it is done.

    Returns the listings that changed.
    """
    rows = await Message.raw("SELECT id, listing, at FROM message WHERE follow_up ORDER BY changed_at LIMIT {}", limit)
    if not rows:
        return set()
    newest: dict[UUID, datetime] = {}
    for row in rows:
        if row["listing"]:
            newest[row["listing"]] = max(row["at"], newest.get(row["listing"], row["at"]))
    touched = set(newest)
    now = clock.now()
    async with db.writing():
        if touched:
            await history.contacted(touched, now)
            # Few wait for an answer, and of a batch to new sellers nobody does: the others cost no statement each.
            for listing in await messages.waiting_among(touched):
                await messages.answered(listing, newest[listing], now)
        await Message.update({Message.follow_up: False}).where(Message.id.is_in([row["id"] for row in rows]))
    return touched


def _lease_end() -> tuple[str, list[Any]]:
    """SQL for the end of a new lease, by the database's clock where several machines share one."""
    if db.on_postgres():
        return f"now() + interval '{int(LEASE.total_seconds())} seconds'", []
    return "{}", [clock.now() + LEASE]


async def _accounts(ids: Sequence[UUID]) -> list[dict[str, Any]]:
    return await Message.raw(f"SELECT DISTINCT account FROM message WHERE id IN ({_holes(len(ids))})", *ids)


async def _claimed_rows(owner: str, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    lock = "FOR UPDATE OF m" if db.on_postgres() else ""
    return await Message.raw(
        f"""SELECT m.id, m.account, m.channel, m.kind, m.to_address, m.body, m.attempts, m.tries, m.connection,
                   m.listing, l.stage, a.tier, c.kind AS provider, c.state AS connection_state,
                   s.provider_id, s.numbers, u.active,
                   EXISTS (SELECT 1 FROM opt_out o WHERE o.account = m.account AND o.channel = m.channel
                           AND o.address = m.to_address AND o.lifted_at IS NULL) AS opted_out
            FROM message m
            JOIN listing l ON l.id = m.listing
            JOIN account a ON a.id = m.account
            JOIN connection c ON c.id = m.connection
            JOIN app_user u ON u.id = m."user"
            LEFT JOIN sender_link s ON s.connection = m.connection AND s."user" = m."user"
            WHERE m.id IN ({_holes(len(ids))}) AND m.state = 'claimed' AND m.owner = {{}}
            ORDER BY m.not_before, m.id {lock}""",
        *ids,
        owner,
    )


def _facts(row: Mapping[str, Any], features: Mapping[str, frozenset[str]]) -> gate.Facts:
    included = features.get(row["tier"], frozenset())
    if not row["provider_id"] or not row["active"]:
        sender_state = SenderState.UNLINKED
    else:
        sender_state = SenderState.LINKED if row["numbers"] else SenderState.NO_NUMBER
    return gate.Facts(
        message_id=row["id"],
        channel=row["channel"],
        kind=row["kind"],
        to=row["to_address"],
        address_valid=phones.is_valid(row["to_address"]),
        opted_out=bool(row["opted_out"]),
        stage=row["stage"],
        plan_has_messaging="messaging" in included,
        connected=row["connection_state"] == ConnectionState.CONNECTED
        and connections.included(row["provider"], included),
        sender=row["provider_id"] or "",
        sender_state=str(sender_state),
    )


async def _write_attempts(allowed: Sequence[tuple[dict[str, Any], gate.Decision]], now: datetime) -> None:
    if not allowed:
        return
    rows: list[Any] = []
    for row, decision in allowed:
        rows += [ids.new(), row["id"], row["attempts"] + 1, row["connection"], row["provider"], row["provider_id"]]
        rows += [json.dumps(decision.record()), now]
    one = "({}, {}, {}, {}, {}, {}, {}, {}, null, '', '', '')"
    await Message.raw(
        f"""INSERT INTO attempt (id, message, n, connection, provider, sender, decision, started_at,
                                 finished_at, outcome, reason, provider_id)
            VALUES {", ".join([one] * len(allowed))}""",
        *rows,
    )
    until, arguments = _lease_end()
    await Message.raw(
        f"""UPDATE message SET state = 'sending', rank = 1, attempts = attempts + 1, changed_at = {{}},
                   lease_until = {until}
            WHERE id IN ({_holes(len(allowed))})""",
        now,
        *arguments,
        *[row["id"] for row, _ in allowed],
    )


async def _refuse(row: Mapping[str, Any], decision: gate.Decision, now: datetime) -> None:
    """A refusal at the last look: a recipient of a batch is skipped for its own facts, anything else has failed."""
    first = decision.refusals[0]
    own = row["kind"] == "batch" and first.code not in ("sender_not_linked", "no_connection", "tier")
    await Message.update(
        {
            **messages.unless_it_may_have_arrived(State.SKIPPED if own else State.FAILED),
            Message.code: first.code,
            Message.reason: first.message,
            Message.owner: "",
            Message.lease_until: None,
            Message.changed_at: now,
        }
    ).where(Message.id == row["id"])


async def _close_attempts(outcomes: Sequence[Outcome], now: datetime) -> None:
    """What the provider reported as its own meanwhile stays accepted, whatever became of our call."""
    rows = [
        (
            each.started.outgoing.message_id,
            each.started.n,
            "accepted" if each.accepted else str(each.error.kind) if each.error else "",
            each.accepted.reason if each.accepted else storable(each.error.reason[:2000]) if each.error else "",
            each.accepted.provider_id if each.accepted else "",
        )
        for each in outcomes
    ]
    values, arguments = _values(("uuid", "int", "text", "text", "text"), rows)
    await Message.raw(
        f"""UPDATE attempt SET finished_at = {{}}, outcome = v.column3, reason = v.column4, provider_id = v.column5
            FROM {values} WHERE attempt.message = v.column1 AND attempt.n = v.column2
              AND (attempt.outcome <> 'accepted' OR v.column3 = 'accepted')""",
        now,
        *arguments,
    )


async def _accept(outcomes: Sequence[Outcome], now: datetime) -> None:
    """Also of messages taken for unknown meanwhile, and of those among them that a person sent again and whose next
    attempt has not begun: it is not needed any more."""
    if not outcomes:
        return
    rows = [
        (
            each.started.outgoing.message_id,
            each.started.n,
            str(each.accepted.state),
            RANKS[State(each.accepted.state)],
            each.accepted.provider_id,
            each.accepted.from_address,
            each.accepted.reason,
        )
        for each in outcomes
        if each.accepted
    ]
    values, arguments = _values(("uuid", "int", "text", "int", "text", "text", "text"), rows)
    await Message.raw(
        f"""UPDATE message SET state = v.column3, rank = v.column4, provider_id = v.column5, code = '',
                   from_address = v.column6, reason = v.column7, follow_up = {{}}, tries = 0, changed_at = {{}},
                   owner = '', lease_until = NULL
            FROM {values}
            WHERE message.id = v.column1 AND message.attempts = v.column2 AND message.rank < v.column4
              AND message.state IN ('sending', 'unknown', 'queued', 'claimed')""",
        True,
        now,
        *arguments,
    )


async def _not_accepted(outcome: Outcome, error: ChannelError, now: datetime, news: News) -> None:
    started = outcome.started
    values: dict[Any, Any] = {
        Message.reason: storable(error.reason),
        Message.code: storable(error.code) or "provider",
    }
    if error.kind is Kind.THROTTLED:
        wait = error.retry_after or _backoff(started.n)
        news.closed[started.connection] = max(wait, news.closed.get(started.connection, 0.0))
        values |= _again(now, wait)
    elif error.kind is Kind.CONNECTION_BROKEN:
        values |= _again(now, 0.0)
    elif error.kind is Kind.NEVER_CONNECTED and started.tries + 1 < MOST_CONNECTS:
        values |= _again(now, _backoff(started.tries)) | {Message.tries: started.tries + 1}
    elif error.kind is Kind.UNKNOWN:
        values |= {Message.state: State.UNKNOWN, Message.rank: RANKS[State.UNKNOWN], Message.code: "unknown"}
    else:
        values |= messages.unless_it_may_have_arrived(State.FAILED)
    await Message.update(values | {Message.owner: "", Message.lease_until: None, Message.changed_at: now}).where(
        (Message.id == started.outgoing.message_id)
        & (Message.attempts == started.n)
        # Unknown with another code was cancelled meanwhile: it does not leave again, whatever the late answer is.
        & ((Message.state == State.SENDING) | ((Message.state == State.UNKNOWN) & (Message.code == "unknown")))
    )


async def _hold(
    owner: str, connection: connections.Connection, rows: Sequence[Mapping[str, Any]], error: ChannelError, news: News
) -> None:
    """The provider could not say who sends: no attempt was made, the messages wait."""
    now = clock.now()
    if error.kind is Kind.CONNECTION_BROKEN:
        await connections.broken(connection.id, error.reason)
        await release(owner, [row["id"] for row in rows])
        return
    await connections.failed(connection.id, error.reason)
    if error.kind is Kind.THROTTLED:
        news.closed[connection.id] = error.retry_after or _backoff(0)
    for row in rows:
        if error.kind is not Kind.THROTTLED and row["tries"] + 1 >= MOST_CONNECTS:
            values: dict[Any, Any] = messages.unless_it_may_have_arrived(State.FAILED)
            values |= {Message.code: "provider", Message.reason: storable(error.reason)}
        else:
            values = _again(now, _backoff(row["tries"]))
            if error.kind is not Kind.THROTTLED:
                values[Message.tries] = row["tries"] + 1
        await Message.update(values | {Message.owner: "", Message.lease_until: None, Message.changed_at: now}).where(
            (Message.id == row["id"]) & (Message.state == State.CLAIMED) & (Message.owner == owner)
        )


async def _end_leases(which: str, arguments: Sequence[Any]) -> News:
    now = clock.now()
    async with db.writing():
        rows = await Message.raw(
            f"""UPDATE message SET state = 'unknown', rank = 2, code = 'unknown', reason = {{}}, owner = '',
                       lease_until = NULL, changed_at = {{}}
                WHERE {LEASED} AND state = 'sending' AND {which} RETURNING id, listing, attempts""",
            LOST,
            now,
            *arguments,
        )
        for row in rows:
            await Message.raw(
                "UPDATE attempt SET outcome = 'unknown', reason = {} WHERE message = {} AND n = {} AND outcome = ''",
                LOST,
                row["id"],
                row["attempts"],
            )
        rows += await Message.raw(
            f"""UPDATE message SET state = 'queued', owner = '', lease_until = NULL
                WHERE {LEASED} AND state = 'claimed' AND {which} RETURNING id, listing""",
            *arguments,
        )
    return News(listings={row["listing"] for row in rows if row["listing"]})


def _again(now: datetime, wait: float) -> dict[Any, Any]:
    """Back to queued, due after `wait` seconds."""
    return {Message.state: State.QUEUED, Message.rank: 0, Message.not_before: now + timedelta(seconds=wait)}


def _backoff(tries: int) -> float:
    """Seconds before the next try: 2, 4, 8 … at most ten minutes, spread so that a crowd does not come back at once."""
    return min(2.0 ** min(tries + 1, 10), LONGEST_WAIT) * random.uniform(0.8, 1.2)


def _holes(n: int) -> str:
    return ", ".join(["{}"] * n)


def _values(types: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """`(VALUES …) AS v` with its arguments; its columns are column1, column2 … on both databases."""
    plain = f"({_holes(len(types))})"
    first = f"({', '.join('{}::' + each for each in types)})" if db.on_postgres() else plain
    clause = ", ".join([first, *[plain] * (len(rows) - 1)])
    return f"(VALUES {clause}) AS v", [value for row in rows for value in row]
