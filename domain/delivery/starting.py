"""The gate's last look and the attempt row, in one transaction: after it a call begins. What is due goes through it at
once; what was claimed before, because it needs a file or a look at its sender, afterwards."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from domain import (
    carriage,
    clock,
    consents,
    db,
    departures,
    first_turns,
    gate,
    plans,
    quotas,
    renderings,
    seller_hours,
    standing,
)
from domain.answers import is_late
from domain.batches import late
from domain.connections import Connection, ConnectionState
from domain.delivery import lending
from domain.delivery.calls import Started, Unheard, started, unless_heard
from domain.delivery.claiming import put_aside, release
from domain.delivery.ending import defer, give_up, refuse
from domain.delivery.in_hand import (
    announce,
    claimed_rows,
    due_rows,
    facts_of,
    first_contacts,
    give_back_first,
    known_by,
    person_of,
    where,
)
from domain.delivery.leases import lease_end
from domain.delivery.news import News
from domain.delivery.packing import Packed
from domain.delivery.senders import is_old
from domain.gate import BY_ITSELF
from domain.messages import Message
from domain.wordings import Letter

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

ALREADY = "Somebody wrote to this seller about another listing within 14 days."


async def start(
    owner: str,
    ids: Sequence[UUID],
    packed: Mapping[UUID, Packed] = MappingProxyType({}),
    unheard: Unheard | None = None,
) -> tuple[list[Started], News]:
    """The gate's last look and the attempt rows, in one transaction; then the calls may begin, all of them at once.

    Messages that are no longer `owner`'s, or were cancelled meanwhile, are left out; refused ones end here; those whose
    connection broke or went meanwhile go back to wait for it. Those with files that are not among the `packed` stay
    claimed, and the news names them: nothing leaves without its files. Where this raises, what may have been done all
    the same is added to `unheard` (see `take_back`).
    """
    if not ids:
        return [], News()
    features = await plans.table()
    calls: list[Started] = []
    with unless_heard(calls, [], unheard):
        async with db.writing(here=True):
            now = clock.now()  # once it is our turn to write: until then the hours may have begun
            await announce(ids)
            news = await _begin(owner, await claimed_rows(owner, ids, now), packed, features, now, calls)
    return calls, news


async def take(
    owner: str, connection: Connection, limit: int, unheard: Unheard | None = None
) -> tuple[list[Started], News]:
    """The same of up to `limit` due messages of a connection, which are claimed and begun in one step: most need no
    more than the gate's look, and each step of its own would write a line into every index of the history.

    Those that need more are claimed alone, and the news names them: who has files, and whose sender was looked at too
    long ago.
    """
    features = await plans.table()
    calls: list[Started] = []
    apart: list[UUID] = []
    with unless_heard(calls, apart, unheard):
        async with db.writing(here=True):
            now = clock.now()  # what is due then is judged by that moment
            ids, rows = await due_rows(connection, limit, now)
            await give_up(list({*ids} - {row["id"] for row in rows}), now)
            old = dict.fromkeys(row["id"] for row in rows if is_old(row, now))
            news = await _begin(owner, [row for row in rows if row["id"] not in old], {}, features, now, calls)
            apart += [*news.with_files, *old]
            aside = await put_aside(owner, apart)
            news.with_files = [each for each in news.with_files if each in aside]
            news.looked_at, news.to_look_up = len(ids), [each for each in old if each in aside]
    return calls, news


async def _begin(
    owner: str,
    rows: list[dict[str, Any]],
    packed: Mapping[UUID, Packed],
    features: Mapping[str, frozenset[str]],
    now: datetime,
    calls: list[Started],
) -> News:
    """What is the same of both, in their transaction; adds the calls it begins."""
    news = News()
    refused: list[tuple[dict[str, Any], gate.Decision]] = []
    begun: list[tuple[dict[str, Any], gate.Decision]] = []
    leaving: list[tuple[dict[str, Any], gate.Decision, Packed | None]] = []
    put_off: list[dict[str, Any]] = []  # until their turn
    if not rows:
        return news
    held = await late.hold(rows, now)
    news.listings.update(row["listing"] for row in rows if row["batch"] in held)
    rows = [row for row in rows if row["batch"] not in held]
    healthy = [row for row in rows if row["connection_state"] == ConnectionState.CONNECTED]
    hours = {account: await seller_hours.rules_of(account) for account in {row["account"] for row in rows}}
    await release(owner, [row["id"] for row in rows if row["connection_state"] != ConnectionState.CONNECTED])
    ready = await lending.ready(healthy, now)
    news.listings.update({row["listing"] for row in healthy} - {row["listing"] for row in ready})
    healthy = ready
    days = await quotas.of_rows(healthy, now)  # before first contacts are claimed: others may wait for those
    paces = await first_turns.of_rows(healthy, now)
    healthy = await _readdressed(healthy, now)
    letters = await renderings.of_rows([row for row in healthy if renderings.is_open(row)])
    first = await first_contacts(healthy, now)
    just_now: Counter[tuple[UUID, Any]] = Counter()  # automatic ones of this very transaction, by seller
    for row in healthy:
        files = packed.get(row["id"])
        hour = seller_hours.hour(hours[row["account"]], row["country"], *where(row), now)
        person = person_of(row, just_now)
        recent = "" if first.get(row["id"], True) else ALREADY
        written = letters.get(row["id"])
        over_time = is_late(row, now) or departures.is_late(row, now)
        day = days.get(row["connection"])
        over = day.over(row["person"], now) if day else None
        seen = facts_of(row, features, person, hour, files.problems if files else (), recent, over_time, written, over)
        decision = gate.decide(seen, now)
        pace = paces.get(row["account"]) if row["id"] in first else None
        if pace and decision.allowed and row["kind"] == "batch":
            decision = gate.decide(seen._replace(turn=pace.turn(now)), now)
        if decision.defer_until:
            await defer(row, decision, now)
            if decision.facts.turn:
                put_off.append(row)
            news.listings.add(row["listing"])
        elif not decision.allowed:
            refused.append((row, decision))
        elif row["with_files"] and files is None:
            news.with_files.append(row["id"])
        else:
            if written:
                row |= {"body": written.body, "subject": written.subject}
            if day:
                day.take(row["person"], row["body"])
            if pace:
                pace.take()
            begun.append((row, decision))
            if row["kind"] in BY_ITSELF:
                just_now.update(known_by(row))
            leaving.append((row, decision, files))
    beside = await carriage.of_rows([row for row, *_ in leaving if row["channel"] in carriage.CHANNELS])
    calls += [started(*each, beside.get(each[0]["id"], carriage.NOTHING)) for each in leaving]
    await give_back_first(put_off)
    await _write_attempts(begun, calls, now)
    late.begun((row["batch"] for row, _ in begun), now)
    await consents.captured((_seen(row, decision) for row, decision in begun if not row["attempts"]), now)
    await _write_sending(owner, [row for row, _ in begun], letters, now)
    for row, decision in refused:
        await refuse(row, decision, now, "duplicate_recipient" if row["duplicate"] else "")
    news.listings.update(row["listing"] for row, _ in begun + refused)
    return news


def _seen(row: Mapping[str, Any], decision: gate.Decision) -> consents.Seen:
    """The ad as it was seen when this message left, for the record of why it might."""
    evidence = decision.facts.evidence
    return consents.Seen(
        row["account"],
        row["listing"],
        row["channel"],
        row["to_address"],
        row["url"],
        evidence["listing_hash"],
        row["person"],
    )


async def _readdressed(rows: Sequence[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Those that are still to go where they were, and those whose batch writes to their seller's new number already
    (`duplicate`). What leaves by itself follows a number that was changed meanwhile, and is judged anew by that one."""
    kept = []
    for row in rows:
        row["duplicate"] = row["to_now"] != row["to_address"] and not await _move(row, now)
        if row["duplicate"] or row["to_now"] == row["to_address"]:
            kept.append(row)
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


async def _write_attempts(
    allowed: Sequence[tuple[dict[str, Any], gate.Decision]], calls: Sequence[Started], now: datetime
) -> None:
    if not allowed:
        return
    written, arguments = db.given(
        ("uuid", "uuid", "int", "uuid", "text", "text", "json"),
        [
            (
                call.attempt,
                row["id"],
                row["attempts"] + 1,
                row["connection"],
                row["provider"],
                decision.facts.sender,
                decision.written(),
            )
            for (row, decision), call in zip(allowed, calls, strict=True)
        ],
    )
    await Message.raw(
        f"""INSERT INTO attempt (id, message, n, connection, provider, sender, decision, started_at,
                                 finished_at, outcome, reason, provider_id)
            SELECT column1, column2, column3, column4, column5, column6, column7, {{}}, null, '', '', ''
            FROM {written}""",
        now,
        *arguments,
    )


async def _write_sending(
    owner: str, rows: Sequence[Mapping[str, Any]], letters: Mapping[UUID, Letter], now: datetime
) -> None:
    """That their calls begin now; what leaves by itself stands in the history from this moment, and with the words it
    leaves with on messages that held a wording until now."""
    until, lease = lease_end()
    begins = f"""state = 'sending', rank = 1, attempts = attempts + 1, changed_at = {{}}, owner = {{}},
                 lease_until = {until}"""
    of_now = f"{begins}, at = CASE WHEN attempts = 0 AND kind IN {standing.AUTOMATIC} THEN {{}} ELSE at END"
    written = [(letters[row["id"]], row["id"]) for row in rows if row["id"] in letters]
    if written:
        final, arguments = db.given(
            ("uuid", "text", "text", "text", "int"),
            [(each, letter.body, letter.subject, *_cost(letter)) for letter, each in written],
        )
        await Message.raw(
            f"""UPDATE message SET {of_now}, body = column2, subject = column3, encoding = column4, segments = column5
                FROM {final} WHERE message.id = column1""",
            now,
            owner,
            *lease,
            now,
            *arguments,
        )
    others = [row for row in rows if row["id"] not in letters]
    by_itself = [row["id"] for row in others if row["kind"] in BY_ITSELF]
    if by_itself:
        sql = f"UPDATE message SET {of_now} WHERE {db.among('id')}"
        await Message.raw(sql, now, owner, *lease, now, db.listed(by_itself))
    by_hand = [row["id"] for row in others if row["kind"] not in BY_ITSELF]
    if by_hand:
        await Message.raw(f"UPDATE message SET {begins} WHERE {db.among('id')}", now, owner, *lease, db.listed(by_hand))


def _cost(letter: Letter) -> tuple[str, int]:
    cost = letter.rendered.cost
    return (cost.encoding, cost.segments) if letter.channel == "text" else ("", 0)
