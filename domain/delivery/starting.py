"""The gate's last look and the attempt row, in one transaction: after it a call begins."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from domain import clock, connections, db, gate, ids, messages, offers, plans, seller_hours, standing, suppressions
from domain.channels.base import ChannelError, Kind, Outgoing
from domain.connections import ConnectionState
from domain.delivery.claiming import postpone, release
from domain.delivery.leases import lease_end
from domain.delivery.news import News
from domain.delivery.packing import Packed
from domain.delivery.retries import backoff
from domain.delivery.sql import holes
from domain.gate import Permit, SenderState
from domain.messages import Message, State
from domain.seller_hours import Hour
from domain.users import User

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


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
        for account in sorted({row["account"] for row in await _accounts(ids)}, key=str):
            await suppressions.announce_start(account)
        rows = await _claimed_rows(owner, ids)
        healthy = [row for row in rows if row["connection_state"] == ConnectionState.CONNECTED]
        hours = {account: await seller_hours.rules_of(account) for account in {row["account"] for row in rows}}
        await release(owner, [row["id"] for row in rows if row["connection_state"] != ConnectionState.CONNECTED])
        for row in healthy:
            files = packed.get(row["id"])
            hour = seller_hours.hour(hours[row["account"]], row["country"], *_where(row), now)
            decision = gate.decide(_facts(row, features, files.problems if files else (), hour), now)
            if decision.defer_until:
                await _defer(row, decision, now)
                news.listings.add(row["listing"])
            elif not decision.allowed:
                refused.append((row, decision))
            elif row["with_files"] and files is None:
                news.with_files.append(row["id"])
            else:
                begun.append((row, decision))
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


async def _accounts(ids: Sequence[UUID]) -> list[dict[str, Any]]:
    return await Message.raw(f"SELECT DISTINCT account FROM message WHERE id IN ({holes(len(ids))})", *ids)


async def _claimed_rows(owner: str, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    lock = "FOR UPDATE OF m" if db.on_postgres() else ""
    return await Message.raw(
        f"""SELECT m.id, m.account, m.channel, m.kind, m.to_address, m.subject, m.body, m.attempts, m.tries,
                   m.connection, m.listing, l.stage, l.url, l.description, a.tier, a.country, p.postal_code, p.mobile,
                   p.phone, c.kind AS provider, c.state AS connection_state,
                   s.provider_id, s.numbers, u.active, i.messageable, {standing.of_listing("l")},
                   {standing.of_address("m.account", "m.channel", "m.to_address")},
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
        *ids,
        owner,
    )


def _where(row: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The seller's postal code and numbers, as far as they are known."""
    return row["postal_code"] or "", tuple(number for number in (row["mobile"], row["phone"]) if number)


def _facts(
    row: Mapping[str, Any], features: Mapping[str, frozenset[str]], files: tuple[str, ...], hour: Hour
) -> gate.Facts:
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
        address_valid=offers.can_exist(row["channel"], row["to_address"]),
        opted_out=bool(row["opted_out"]),
        dnc=bool(row["dnc"]),
        blocked=bool(row["blocked"]),
        review_open=bool(row["review_open"]),
        hidden=bool(row["hidden"]),
        reported=bool(row["reported"]),
        source_messageable=bool(row["messageable"]),
        stage=row["stage"],
        plan_has_messaging="messaging" in included,
        connected=row["connection_state"] == ConnectionState.CONNECTED
        and connections.included(row["provider"], included),
        sender=row["provider_id"] or "",
        sender_state=str(sender_state),
        files=files,
        not_before=hour.until,
        evidence={
            "listing_url": row["url"],
            "listing_hash": hashlib.sha256(row["description"].encode()).hexdigest(),
            "seller_clock": hour.local,
            "seller_clock_by": hour.evidence,
        },
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
                   lease_until = {until}
            WHERE id IN ({holes(len(allowed))})""",
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
