"""The gate's last look and the attempt row, in one transaction: after it a call begins."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from domain import clock, connections, db, facts, gate, ids, messages, plans, seller_hours, standing, suppressions
from domain.channels.base import ChannelError, Kind, Outgoing
from domain.connections import ConnectionState
from domain.delivery.claiming import postpone, release
from domain.delivery.leases import lease_end
from domain.delivery.news import News
from domain.delivery.packing import Packed
from domain.delivery.retries import backoff
from domain.delivery.sql import holes
from domain.gate import BY_ITSELF, Permit, SenderState
from domain.messages import Message, State
from domain.seller_hours import Hour
from domain.standing import Standing
from domain.users import User

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


ALREADY = "Somebody wrote to this seller about another listing within 14 days."


@dataclass(frozen=True)
class Started:
    """A message whose attempt is written: its call starts now, and only now."""

    outgoing: Outgoing
    permit: Permit
    n: int
    connection: UUID
    listing: UUID
    tries: int


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
            WHERE m.id IN ({holes(len(ids))}) AND (s.id IS NULL OR s.checked_at < {{}})""",
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


async def start(
    owner: str,
    ids: Sequence[UUID],
    packed: Mapping[UUID, Packed] = MappingProxyType({}),
) -> tuple[list[Started], News]:
    """The gate's last look and the attempt rows, in one transaction; then the calls may begin, all of them at once.

    Messages that are no longer `owner`'s, or were cancelled meanwhile, are left out; refused ones end here; those whose
    connection broke or went meanwhile go back to wait for it. Those with files that are not among the `packed` stay
    claimed, and the news names them: nothing leaves without its files.
    """
    news = News()
    started: list[Started] = []
    refused: list[tuple[dict[str, Any], gate.Decision]] = []
    begun: list[tuple[dict[str, Any], gate.Decision]] = []
    if not ids:
        return started, news
    features = await plans.table()
    now = clock.now()
    async with db.writing():
        await _announce(ids)
        rows = await _claimed_rows(owner, ids, now)
        healthy = [row for row in rows if row["connection_state"] == ConnectionState.CONNECTED]
        hours = {account: await seller_hours.rules_of(account) for account in {row["account"] for row in rows}}
        await release(owner, [row["id"] for row in rows if row["connection_state"] != ConnectionState.CONNECTED])
        first = await _first_contacts(healthy, now)
        just_now: Counter[tuple[UUID, str]] = Counter()  # automatic ones of this very transaction, by address
        for row in healthy:
            files = packed.get(row["id"])
            hour = seller_hours.hour(hours[row["account"]], row["country"], *_where(row), now)
            known = _known(row, just_now)
            recent = "" if first.get(row["id"], True) else ALREADY
            seen = _facts(row, features, known, hour, files.problems if files else (), recent)
            decision = gate.decide(seen, now)
            if decision.defer_until:
                await _defer(row, decision, now)
                news.listings.add(row["listing"])
            elif not decision.allowed:
                refused.append((row, decision))
            elif row["with_files"] and files is None:
                news.with_files.append(row["id"])
            else:
                begun.append((row, decision))
                if row["kind"] in BY_ITSELF:
                    just_now[row["account"], row["to_address"]] += 1
                started.append(_started(row, decision, files))
        await _write_attempts(begun, now)
        for row, decision in refused:
            await _refuse(row, decision, now)
    news.listings.update(row["listing"] for row, _ in begun + refused)
    return started, news


def _started(row: Mapping[str, Any], decision: gate.Decision, files: Packed | None) -> Started:
    outgoing = Outgoing(
        message_id=row["id"],
        channel=row["channel"],
        to=row["to_address"],
        body=row["body"],
        sender=row["provider_id"] or "",  # only texts leave from a person's own number
        subject=row["subject"],
        media=files.media if files else (),
    )
    return Started(
        outgoing, gate.permit(decision), row["attempts"] + 1, row["connection"], row["listing"], row["tries"]
    )


async def _announce(ids: Sequence[UUID]) -> None:
    """Before anything is read: an opt-out of these accounts waits for us or is seen, and of the messages that leave by
    themselves to one address no other worker counts at the same time."""
    rows = await Message.raw(f"SELECT account, kind, to_address FROM message WHERE id IN ({holes(len(ids))})", *ids)
    for account in sorted({row["account"] for row in rows}, key=str):
        await suppressions.announce_start(account)
    await suppressions.one_at_a_time({(row["account"], row["to_address"]) for row in rows if row["kind"] in BY_ITSELF})


async def _first_contacts(rows: Sequence[Mapping[str, Any]], now: datetime) -> dict[UUID, bool]:
    """Of the messages that leave by themselves and are the first about their listing: whether each may be the first
    contact of its address. A person's own message asked for that when it was written."""
    first = [row for row in rows if row["kind"] in BY_ITSELF and row["nothing_yet"] and row["to_address"]]
    if not first:
        return {}
    wanted = [(row["account"], row["to_address"], row["listing"], row["person"], row["id"]) for row in first]
    got = await suppressions.claim_first_contacts(wanted, now)
    return {row["id"]: row["id"] in got for row in first}


async def _claimed_rows(owner: str, ids: Sequence[UUID], now: datetime) -> list[dict[str, Any]]:
    lock = "FOR UPDATE OF m" if db.on_postgres() else ""
    return await Message.raw(
        f"""SELECT m.id, m.account, m.channel, m.kind, m.to_address, m.subject, m.body, m.attempts, m.tries,
                   m.connection, m.listing, m."user" AS person, l.stage, l.url, l.description, a.tier,
                   a.country, p.postal_code, p.mobile, p.phone, c.kind AS provider, c.state AS connection_state,
                   s.provider_id, s.numbers, u.active, i.messageable, i.slug AS source_slug,
                   {standing.of_listing("l")}, {standing.of_address("m.account", "m.channel", "m.to_address")},
                   NOT EXISTS (SELECT 1 FROM message e WHERE e.listing = m.listing AND e.id <> m.id
                               AND (e.direction = 'in' OR e.state IN {standing.LEFT})) AS nothing_yet,
                   EXISTS (SELECT 1 FROM message_attachment f WHERE f.message = m.id AND f.link IS NULL) AS with_files
            FROM message m
            JOIN listing l ON l.id = m.listing
            JOIN source i ON i.id = l.source
            JOIN account a ON a.id = m.account
            LEFT JOIN seller p ON p.listing = m.listing
            JOIN connection c ON c.id = m.connection
            JOIN app_user u ON u.id = m."user"
            LEFT JOIN sender_link s ON s.connection = m.connection AND s."user" = m."user"
            WHERE m.id IN ({holes(len(ids))}) AND m.state = 'claimed' AND m.owner = {{}}
            ORDER BY m.not_before, m.id {lock}""",
        standing.a_day_before(now),
        *ids,
        owner,
    )


def _where(row: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The seller's postal code and numbers, as far as they are known."""
    return row["postal_code"] or "", tuple(number for number in (row["mobile"], row["phone"]) if number)


def _known(row: Mapping[str, Any], just_now: Mapping[tuple[UUID, str], int]) -> Standing:
    """What stands of the address, with the automatic messages that begin beside this one."""
    known = Standing.of(row)
    more = just_now.get((row["account"], row["to_address"]), 0)
    if not more:
        return known
    return replace(known, automatic_today=known.automatic_today + more, unanswered=known.unanswered + more)


def _facts(
    row: Mapping[str, Any],
    features: Mapping[str, frozenset[str]],
    known: Standing,
    hour: Hour,
    files: tuple[str, ...],
    recent_contact: str,
) -> gate.Facts:
    included = features.get(row["tier"], frozenset())
    if not row["provider_id"] or not row["active"]:
        sender_state = SenderState.UNLINKED
    else:
        sender_state = SenderState.LINKED if row["numbers"] else SenderState.NO_NUMBER
    connected = row["connection_state"] == ConnectionState.CONNECTED and connections.included(row["provider"], included)
    return facts.of(
        row["id"],
        row["channel"],
        row["kind"],
        row["to_address"],
        replace(facts.About.of(row), evidence=facts.ad(row["url"], row["description"])),
        facts.Means(included, connected, row["provider_id"] or "", str(sender_state)),
        known,
        hour,
        files=files,
        recent_contact=recent_contact,
    )


async def _write_attempts(allowed: Sequence[tuple[dict[str, Any], gate.Decision]], now: datetime) -> None:
    if not allowed:
        return
    rows: list[Any] = []
    for row, decision in allowed:
        rows += [ids.new(), row["id"], row["attempts"] + 1, row["connection"], row["provider"], decision.facts.sender]
        rows += [json.dumps(decision.record()), now]
    one = "({}, {}, {}, {}, {}, {}, {}, {}, null, '', '', '')"
    await Message.raw(
        f"""INSERT INTO attempt (id, message, n, connection, provider, sender, decision, started_at,
                                 finished_at, outcome, reason, provider_id)
            VALUES {", ".join([one] * len(allowed))}""",
        *rows,
    )
    until, arguments = lease_end()
    await Message.raw(
        f"""UPDATE message SET state = 'sending', rank = 1, attempts = attempts + 1, changed_at = {{}},
                   at = CASE WHEN attempts = 0 AND kind IN {standing.AUTOMATIC} THEN {{}} ELSE at END,
                   lease_until = {until}
            WHERE id IN ({holes(len(allowed))})""",
        now,
        now,
        *arguments,
        *[row["id"] for row, _ in allowed],
    )


async def _refuse(row: Mapping[str, Any], decision: gate.Decision, now: datetime) -> None:
    """A refusal at the last look: a recipient of a batch is skipped for its own facts, anything else has failed."""
    first = decision.first
    own = row["kind"] == "batch" and first.code not in ("sender_not_linked", "no_connection", "tier")
    await Message.update(
        {
            **messages.unless_it_may_have_arrived(State.SKIPPED if own else State.FAILED),
            Message.code: first.code,
            Message.reason: first.message,
            Message.decision: json.dumps(decision.record()),
            Message.owner: "",
            Message.lease_until: None,
            Message.changed_at: now,
        }
    ).where(Message.id == row["id"])


async def _defer(row: Mapping[str, Any], decision: gate.Decision, now: datetime) -> None:
    """Only the hour or an open review stands against it: it waits, and says what for."""
    assert decision.defer_until is not None
    await Message.update(
        {
            Message.state: State.QUEUED,
            Message.rank: 0,
            Message.not_before: decision.defer_until,
            Message.code: decision.refusals[0].code,
            Message.reason: decision.refusals[0].message,
            Message.decision: json.dumps(decision.record()),
            Message.owner: "",
            Message.lease_until: None,
            Message.changed_at: now,
        }
    ).where((Message.id == row["id"]) & (Message.state == State.CLAIMED))


async def _hold(
    owner: str, connection: connections.Connection, rows: Sequence[Mapping[str, Any]], error: ChannelError, news: News
) -> None:
    """The provider could not say who sends: no attempt was made, the messages wait."""
    held = [row["id"] for row in rows]
    if error.kind is Kind.CONNECTION_BROKEN:
        await connections.broken(connection.id, error.reason)
        await release(owner, held)
        return
    await connections.failed(connection.id, error.reason)
    if error.kind is Kind.THROTTLED:
        news.closed[connection.id] = error.retry_after or backoff(0)
    await postpone(owner, held, error.reason, counted=error.kind is not Kind.THROTTLED)
