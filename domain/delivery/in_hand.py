"""Messages in hand with everything the gate's last look needs, and the facts made of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from domain import (
    appointments,
    connections,
    consents,
    db,
    facts,
    gate,
    imprints,
    renderings,
    standing,
    suppressions,
    threads,
    users,
)
from domain.answers import CONFIRMS
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.delivery import spoken_of
from domain.delivery.claiming import lock_due
from domain.gate import ANSWER, BY_ITSELF, SenderState
from domain.messages import Message
from domain.seller_hours import Hour
from domain.standing import Person
from domain.users import Role
from domain.wordings import Letter

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

# Where what leaves by itself goes: to where the seller is reached now.
TO_NOW = f"""CASE WHEN m.kind NOT IN {standing.AUTOMATIC} THEN m.to_address
                  WHEN m.channel = 'text' AND m.to_field = 'mobile' THEN COALESCE(p.mobile, '')
                  WHEN m.channel = 'text' AND m.to_field = 'phone' THEN COALESCE(p.phone, '')
                  WHEN m.channel = 'email' THEN COALESCE(p.email, '') ELSE m.to_address END"""

# Where the message goes to a thread: whether it can be answered, and when the seller wrote in it last.
_IN_THREADS = str(threads.CHANNELS)
_THREAD = f"t.last_inbound_at AS thread_at, t.id IS NOT NULL AND {threads.alive('t')} AS thread_alive"


async def announce(ids: Sequence[UUID]) -> None:
    """Before anything is read: an opt-out of these accounts waits for us or is seen, and of the messages that leave by
    themselves to one address no other worker counts at the same time. On SQLite nobody else writes meanwhile."""
    if not db.on_postgres():
        return
    rows = await _reached_at(ids)
    for account in sorted({row["account"] for row in rows}, key=str):
        await suppressions.announce_start(account)
    await _one_at_a_time(rows)


async def due_rows(connection: Connection, limit: int, now: datetime) -> tuple[list[UUID], list[dict[str, Any]]]:
    """Up to `limit` messages of a connection that are due at that moment: all of them, and as `claimed_rows` has them
    those that can be read. With all that `announce` does; nobody else gets them until this transaction ends."""
    await suppressions.announce_start(connection.account)
    ids = await lock_due(connection.id, limit, now)
    if not ids:
        return [], []
    if db.on_postgres():
        await _one_at_a_time(await _reached_at(ids))
    return ids, await _rows(ids, now, "m.state = 'queued'", [])


async def claimed_rows(owner: str, ids: Sequence[UUID], now: datetime) -> list[dict[str, Any]]:
    return await _rows(ids, now, "m.state = 'claimed' AND m.owner = {}", [owner])


async def _reached_at(ids: Sequence[UUID]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await Message.raw(
        """SELECT m.account, m.kind, m.attempts, m.to_address, p.mobile, p.phone, p.email
           FROM message m LEFT JOIN seller p ON p.listing = m.listing WHERE m.id = ANY({})""",
        list(ids),
    )
    return rows


async def _one_at_a_time(rows: Sequence[Mapping[str, Any]]) -> None:
    await suppressions.one_at_a_time(
        {(row["account"], each) for row in rows if _is_unasked(row) for each in spoken_of.addresses(row)}
    )


async def _rows(ids: Sequence[UUID], now: datetime, still: str, arguments: list[Any]) -> list[dict[str, Any]]:
    # Passed over is what somebody else holds just now: who waits for a row here, and they for an address of ours, would
    # wait for ever. What is claimed and passed over is due again once its lease runs out.
    lock = "FOR UPDATE OF m SKIP LOCKED" if db.on_postgres() else ""
    rows: list[dict[str, Any]] = await Message.raw(
        f"""SELECT m.id, m.account, m.channel, m.kind, m.to_address, m.subject, m.body, m.attempts, m.tries,
                   m.not_before, m.connection, m.listing, m."user" AS person, m.from_address, m.nonce, m.at,
                   m.kind = 'answer' AND {CONFIRMS} AS confirms, l.stage, l.url, l.description, a.tier,
                   a.first_contacts_an_hour AS an_hour,
                   a.country, a.timezone, ({imprints.complete("a")}) AS with_postal_address,
                   p.postal_code, p.mobile, p.phone, p.email, c.kind AS provider, c.options,
                   c.state AS connection_state, s.provider_id, s.numbers, s.checked_at, u.active, u.role, u.may_batch,
                   i.messageable, i.slug AS source_slug, i.form_transport,
                   l.hidden,
                   m.wording, m.wording_subject, {renderings.COLUMNS}, {TO_NOW} AS to_now, m.batch,
                   {_THREAD},
                   EXISTS (SELECT 1 FROM message_attachment f WHERE f.message = m.id AND f.link IS NULL) AS with_files
            FROM message m
            JOIN listing l ON l.id = m.listing
            JOIN source i ON i.id = l.source
            JOIN account a ON a.id = m.account
            LEFT JOIN seller p ON p.listing = m.listing
            JOIN connection c ON c.id = m.connection
            JOIN app_user u ON u.id = m."user"
            LEFT JOIN sender_link s ON s.connection = m.connection AND s."user" = m."user"
            LEFT JOIN seller_thread t ON m.channel IN {_IN_THREADS} AND t.account = m.account
              AND t.channel = m.channel AND t.address = m.to_address
            {appointments.joined("l.id")}
            WHERE {db.among("m.id")} AND {still}
            ORDER BY m.not_before, m.id {lock}""",
        now,
        now,
        db.listed(ids),
        *arguments,
    )
    await spoken_of.add(rows, now)
    for row in rows:
        row["looked_at"] = now
    return rows


async def first_contacts(rows: Sequence[Mapping[str, Any]], now: datetime) -> dict[UUID, bool]:
    """Of the messages that leave by themselves, or once more, and are the first about their listing: whether each may
    be the first contact of its seller. A person's own message asked for that when it was written."""
    first = [row for row in rows if _is_unasked(row) and row["nothing_yet"] and row["to_address"]]
    if not first:
        return {}
    wanted = [
        (row["account"], address, row["listing"], row["person"], row["id"])
        for row in first
        for address in row["addresses"]
    ]
    got = await suppressions.claim_first_contacts(wanted, now)
    return {row["id"]: row["id"] in got for row in first}


async def give_back_first(rows: Sequence[Mapping[str, Any]]) -> None:
    """Who waits for their turn has not written first: until then somebody may."""
    if rows:
        wanted = [(row["account"], address, row["id"]) for row in rows for address in row["addresses"]]
        await suppressions.give_back_first_contacts(wanted)


def _is_unasked(row: Mapping[str, Any]) -> bool:
    """Nobody asked for a first contact when it was written, or what was granted then may be somebody else's by now."""
    return row["kind"] in BY_ITSELF or (row["kind"] == "one_to_one" and row["attempts"] > 0)


def where(row: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The seller's postal code and numbers, as far as they are known."""
    return row["postal_code"] or "", tuple(number for number in (row["mobile"], row["phone"]) if number)


def person_of(row: Mapping[str, Any], just_now: Mapping[tuple[UUID, Any], int]) -> Person:
    """What stands of the seller, with the automatic messages that begin beside this one."""
    person = consents.person_with_erased(row["seller"], row["person_erased"])
    more = max(just_now.get(each, 0) for each in known_by(row))
    if not more:
        return person
    return replace(person, automatic_today=person.automatic_today + more, unanswered=person.unanswered + more)


def known_by(row: Mapping[str, Any]) -> list[tuple[UUID, Any]]:
    """By what a seller is the same as that of another message."""
    return [(row["account"], each) for each in (row["listing"], *row["addresses"])]


def _may_send(row: Mapping[str, Any]) -> bool:
    """Whether who sends it still may: their role is looked at when it leaves, as it was when it was written."""
    if row["kind"] == ANSWER:
        return True  # nobody sends it
    return users.role_may(row["role"], users.sending(row["kind"]), may_batch=bool(row["may_batch"]))


def facts_of(
    row: Mapping[str, Any],
    features: Mapping[str, frozenset[str]],
    person: Person,
    hour: Hour,
    files: tuple[str, ...],
    recent_contact: str,
    late: bool,
    written: Letter | None,
    over_quota: datetime | None,
) -> gate.Facts:
    return facts.of(
        row["id"],
        row["channel"],
        row["kind"],
        row["to_address"],
        replace(facts.About.of(row), evidence=facts.ad(row["url"], row["description"])),
        _means(
            features.get(row["tier"], frozenset()),
            row["provider"],
            row.get("lender"),
            row["connection_state"],
            row["provider_id"] or "",
            bool(row["numbers"]),
            bool(row["active"]),
            row["role"],
            _may_send(row),
            not row["with_postal_address"],
        ),
        consents.with_erased(row["known"], row["erased"], row["channel"]),
        person,
        hour,
        files=files,
        recent_contact=recent_contact,
        late=late,
        duplicate=row["duplicate"],
        missing=written.missing if written else (),
        too_long=written is not None and len(written.body) > written.longest,
        over_quota=over_quota,
        confirms=bool(row["confirms"]),
        window_open=_window_open(row),
    )


@lru_cache(maxsize=256)  # nearly all of a handful leave by the same
def _means(
    included: frozenset[str],
    provider: str,
    lender: str | None,
    connection_state: str,
    sender: str,
    has_number: bool,
    active: bool,
    role: str,
    may_send: bool,
    without_postal_address: bool,
) -> facts.Means:
    if CHANNELS[provider].senders == "one":
        sender_state = SenderState.LINKED if active else SenderState.UNLINKED
    elif not sender or not active:
        sender_state = SenderState.UNLINKED
    else:
        sender_state = SenderState.LINKED if has_number else SenderState.NO_NUMBER
    in_plan = all(connections.included(each, included) for each in (provider, lender) if each)
    return facts.Means(
        included,
        connection_state == ConnectionState.CONNECTED and in_plan,
        sender,
        str(sender_state),
        may_send,
        role == Role.AGENT,
        connections.as_one(provider),
        without_postal_address,
    )


def _window_open(row: Mapping[str, Any]) -> bool:
    """Of a message that goes to a thread: whether it may be answered now."""
    if row["channel"] not in threads.CHANNELS:
        return True
    options = json.loads(row["options"] or "{}")
    by_person = row["kind"] == "one_to_one"
    return bool(row["thread_alive"]) and threads.is_open(
        CHANNELS[row["provider"]], options, row["thread_at"], by_person, row["looked_at"]
    )
