"""The gate's last look and the attempt row, in one transaction: after it a call begins."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from domain import (
    clock,
    db,
    departures,
    gate,
    ids,
    plans,
    renderings,
    seller_hours,
    standing,
)
from domain.answers import is_late
from domain.channels.base import Outgoing
from domain.connections import ConnectionState
from domain.delivery.claimed import announce, claimed_rows, facts_of, first_contacts, known_of, where
from domain.delivery.claiming import release
from domain.delivery.ending import defer, refuse
from domain.delivery.leases import lease_end
from domain.delivery.news import News
from domain.delivery.packing import Packed
from domain.delivery.sql import as_table, holes
from domain.gate import ANSWER, BY_ITSELF, Permit
from domain.messages import Message
from domain.seller_hours import Hour
from domain.standing import Standing
from domain.wordings import Letter

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
        await announce(ids)
        rows = await claimed_rows(owner, ids, now)
        healthy = [row for row in rows if row["connection_state"] == ConnectionState.CONNECTED]
        hours = {account: await seller_hours.rules_of(account) for account in {row["account"] for row in rows}}
        await release(owner, [row["id"] for row in rows if row["connection_state"] != ConnectionState.CONNECTED])
        healthy = await _readdressed(healthy, now)
        letters = await renderings.of_messages([row["id"] for row in healthy if row["wording"]], now)
        first = await first_contacts(healthy, now)
        just_now: Counter[tuple[UUID, str]] = Counter()  # automatic ones of this very transaction, by address
        for row in healthy:
            files = packed.get(row["id"])
            hour = seller_hours.hour(hours[row["account"]], row["country"], *where(row), now)
            known = known_of(row, just_now)
            recent = "" if first.get(row["id"], True) else ALREADY
            written = letters.get(row["id"])
            late = is_late(row, now) or departures.is_late(row, now)
            seen = facts_of(row, features, known, hour, files.problems if files else (), recent, late, written)
            decision = gate.decide(seen, now)
            if decision.defer_until:
                await defer(row, decision, now)
                news.listings.add(row["listing"])
            elif not decision.allowed:
                refused.append((row, decision))
            elif row["with_files"] and files is None:
                news.with_files.append(row["id"])
            else:
                if written:
                    row |= {"body": written.body, "subject": written.subject}
                begun.append((row, decision))
                if row["kind"] in BY_ITSELF:
                    just_now[row["account"], row["to_address"]] += 1
                started.append(_started(row, decision, files))
        await _write_attempts(begun, now)
        await _write_letters([(row["id"], letters[row["id"]]) for row, _ in begun if row["id"] in letters])
        for row, decision in refused:
            await refuse(row, decision, now)
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
        from_address=row["from_address"] if row["kind"] == ANSWER else "",
    )
    return Started(
        outgoing, gate.permit(decision), row["attempts"] + 1, row["connection"], row["listing"], row["tries"]
    )


async def _readdressed(rows: Sequence[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Those whose seller can still be reached where they were to go. What leaves by itself follows a number that was
    changed meanwhile: it is judged anew by that one; where its batch writes there already, it is skipped."""
    kept = []
    for row in rows:
        if row["to_now"] == row["to_address"]:
            kept.append(row)
        elif not await _move(row, now):
            decision = gate.decide(
                replace(facts_of(row, {}, Standing(), Hour("", "", None), (), "", False, None), duplicate=True), now
            )
            await refuse(row, decision, now, "duplicate_recipient")
    return kept


async def _move(row: Mapping[str, Any], now: datetime) -> bool:
    """Sends it to where the seller is now. False when its batch writes to that address already."""
    moved = await Message.raw(
        """UPDATE message SET to_address = {}, state = 'queued', rank = 0, owner = '', lease_until = NULL,
                  changed_at = {}
           WHERE id = {} AND NOT EXISTS (SELECT 1 FROM message o WHERE o.batch = message.batch AND o.to_address = {}
                                         AND o.to_address <> '' AND o.state <> 'skipped') RETURNING id""",
        row["to_now"],
        now,
        row["id"],
        row["to_now"],
    )
    return bool(moved)


async def _write_letters(written: Sequence[tuple[UUID, Letter]]) -> None:
    """The words as they leave, on messages that held a wording until now."""
    if not written:
        return
    rows = [
        (each, letter.body, letter.subject, letter.rendered.cost.encoding, letter.rendered.cost.segments)
        if letter.channel == "text"
        else (each, letter.body, letter.subject, "", 0)
        for each, letter in written
    ]
    table, values = as_table(("uuid", "text", "text", "text", "int"), rows)
    await Message.raw(
        f"""UPDATE message SET body = given.column2, subject = given.column3, encoding = given.column4,
                   segments = given.column5
            FROM {table} WHERE message.id = given.column1""",
        *values,
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
