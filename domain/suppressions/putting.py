"""Addresses go onto a list, one or thousands at once, and what was about to leave to them does not."""

import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from domain import clock, db, ids, messages
from domain.errors import Refused
from domain.messages import WAITING, Message
from domain.suppressions.addresses import channel_of
from domain.suppressions.of_threads import spread
from domain.suppressions.opt_outs import wait_for_starts
from domain.suppressions.tables import Block, DoNotContact, OptOut

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


class Kind(StrEnum):
    """The three lists."""

    DNC = "dnc"
    OPT_OUT = "opt_out"
    BLOCK = "block"


# list -> why a message to somebody on it was cancelled: the sentence and the gate's code
ENDS = {
    Kind.DNC: ("The seller is not to be contacted.", "phone_dnc"),
    Kind.OPT_OUT: ("The seller asked to stop.", "opted_out"),
    Kind.BLOCK: ("This address was blocked.", "phone_blocked"),
}
LONGEST_REASON = 500  # characters


class Entry(NamedTuple):
    """An address, as `addresses.clean` gives it, and why it goes onto the list."""

    address: str
    reason: str = ""


class Put(NamedTuple):
    """An address that was not on the list before."""

    id: UUID
    address: str


async def put(
    kind: Kind,
    account_id: UUID,
    entries: Sequence[Entry],
    *,
    source: str = "",
    by: UUID | None = None,
    listing: UUID | None = None,
    channel: str = "",
) -> list[Put]:
    """Puts them onto the list and cancels what is pending to them. Those that are new; the others stand as they were.

    `channel` is of opt-outs: what the address belongs to unless said. Call it in a transaction: after it has committed
    no attempt row appears for any of them.
    """
    await wait_for_starts(account_id)
    rows = await _insert(kind, account_id, entries, source, by, listing, channel)
    if kind is Kind.OPT_OUT:
        if source == "agent":
            await _said_again(
                account_id, {entry.address for entry in entries} - {row["address"] for row in rows}, channel
            )
        for row in rows if channel else ():
            await spread(account_id, channel, row["address"])
    reason, code = ENDS[kind]
    for address in await _waited_for(account_id, [entry.address for entry in entries]):
        await messages.cancel_for_address(account_id, address, reason, code)
    if listing and kind is not Kind.BLOCK:  # of its seller, whichever of their addresses: a block is of one
        await messages.cancel_for_listing(listing, reason, code)
    return [Put(UUID(str(row["id"])), row["address"]) for row in rows]  # SQLite hands the ids back as texts


def said(reason: str, sentence: str = "Say why, in a few words.") -> str:
    """The reason as one line. Raises Refused (field `reason`) when there is none, or too much of it."""
    line = " ".join(reason.split())
    if not line:
        raise Refused(sentence, field="reason", code="required")
    if len(line) > LONGEST_REASON:
        raise Refused(f"This is too long: {LONGEST_REASON} characters at most.", field="reason", code="too_long")
    return line


async def _insert(
    kind: Kind,
    account_id: UUID,
    entries: Sequence[Entry],
    source: str,
    by: UUID | None,
    listing: UUID | None,
    channel: str,
) -> list[dict[str, Any]]:
    rows = [(ids.new(), *entry, channel or channel_of(entry.address)) for entry in entries]
    table, values = as_table(("id", "address", "reason", "channel"), ("uuid", "text", "text", "text"), rows)
    now = clock.now()
    if kind == Kind.DNC:
        return await DoNotContact.raw(
            f"""INSERT INTO do_not_contact (id, account, address, reason, source, listing, added_by, at, lifted_at,
                                            lifted_by, lift_reason)
                SELECT r.id, {{}}, r.address, r.reason, {{}}, {{}}, {{}}, {{}}, null, null, '' FROM {table}
                ON CONFLICT DO NOTHING RETURNING id, address""",
            *(account_id, source, listing, by, now, *values),
        )
    if kind == Kind.BLOCK:
        return await Block.raw(
            f"""INSERT INTO block (id, account, address, reason, added_by, at, lifted_at, lifted_by, lift_reason)
                SELECT r.id, {{}}, r.address, r.reason, {{}}, {{}}, null, null, '' FROM {table}
                ON CONFLICT DO NOTHING RETURNING id, address""",
            *(account_id, by, now, *values),
        )
    return await OptOut.raw(
        f"""INSERT INTO opt_out (id, account, channel, address, word, message, at, lifted_at, lifted_by, source, note,
                                 added_by)
            SELECT r.id, {{}}, r.channel, r.address, '', null, {{}}, null, '', {{}}, r.reason, {{}} FROM {table}
            ON CONFLICT DO NOTHING RETURNING id, address""",
        *(account_id, now, source, by, *values),
    )


async def _said_again(account_id: UUID, addresses: Iterable[str], channel: str) -> None:
    """They asked before, and somebody heard it once more: what they wrote in between was before a stop."""
    again: dict[Any, Any] = {OptOut.said_again_at: clock.now()}
    for address in addresses:
        stands = (OptOut.account == account_id) & (OptOut.address == address) & OptOut.lifted_at.is_null()
        await OptOut.update(again).where(stands & (OptOut.channel == (channel or channel_of(address))))


async def _waited_for(account_id: UUID, addresses: Sequence[str]) -> list[str]:
    """Those of the addresses that a message waits to leave to."""
    among, value = one_of("to_address", addresses)
    rows = await Message.raw(
        f"""SELECT DISTINCT to_address FROM message WHERE account = {{}} AND {among}
            AND state IN ({", ".join(f"'{state}'" for state in WAITING)})""",
        account_id,
        value,
    )
    return [row["to_address"] for row in rows]


def as_table(names: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]]) -> tuple[str, list[Any]]:
    """SQL of a table `r` with these columns, its arguments with it: one for each column, however many rows."""
    if db.on_postgres():
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        holes = ", ".join(f"{{}}::{each}[]" for each in types)
        return f"unnest({holes}) AS r({', '.join(names)})", [list(column) for column in columns]
    picked = ", ".join(f"json_extract(value, '$[{n}]') AS {name}" for n, name in enumerate(names))
    # `WHERE true`, or SQLite takes the ON of ON CONFLICT for that of a join.
    return f"(SELECT {picked} FROM json_each({{}})) AS r WHERE true", [json.dumps([*rows], default=str)]


def one_of(column: str, values: Sequence[str]) -> tuple[str, Any]:
    """SQL: the column is one of the values, and its one argument."""
    if db.on_postgres():
        return f"{column} = ANY({{}}::text[])", list(values)
    return f"{column} IN (SELECT value FROM json_each({{}}))", json.dumps(list(values))
