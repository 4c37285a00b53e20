"""What is left of erased addresses: digests by which the gate still knows them, and nobody can read them.

Whoever asks the gate reads `salt_where_erased` with the rest. Where it is NULL, as at almost every account, nothing
more is to be asked.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain import clock, ids
from domain.consents.tables import Tombstone
from domain.standing import Person, Standing

LISTS = ("opt_out", "dnc", "block")
CHANNELS = ("text", "email", "facebook", "kijiji", "form")
AT_ONCE = 500  # addresses in one query

Kept = frozenset[tuple[str, str]]  # (list, channel)


class Entry(NamedTuple):
    """An address that is erased, and the list it stays on: opt_out, dnc or block."""

    list: str
    channel: str
    address: str


def salt_where_erased(account: str) -> str:
    """SQL: the salt if this account erased anybody, else NULL. The argument is an SQL expression of fixed words."""
    return f"""(SELECT installation.salt FROM installation
                WHERE EXISTS (SELECT 1 FROM tombstone t WHERE t.account = {account}))"""  # noqa: S608


def digest(salt: str, address: str) -> str:
    """HMAC-SHA256 of the address as the lists have it: E.164, or in lower case; 64 hexadecimal digits."""
    plain = address.casefold() if "@" in address else address
    return hmac.digest(salt.encode(), plain.encode(), "sha256").hex()


async def tombstoned(account_id: UUID, addresses: Iterable[str]) -> dict[str, Kept]:
    """address -> the lists it stays on although it was erased, each with its channel; of those there are.

    One small query where the account erased nobody, else a second one.
    """
    rows = await Tombstone.raw(f"SELECT {salt_where_erased('{}')} AS salt", account_id)
    pairs = [(account_id, address) for address in addresses]
    found = await tombstoned_among(rows[0]["salt"], pairs)
    return {address: kept for (_, address), kept in found.items()}


async def tombstoned_among(salt: str | None, asked: Iterable[tuple[UUID, str]]) -> dict[tuple[UUID, str], Kept]:
    """The same of (account, address) pairs, by the salt that was read with them; no query without a salt."""
    if not salt:
        return {}
    names: dict[tuple[str, str], set[tuple[UUID, str]]] = {}
    for account, address in asked:
        if address:
            names.setdefault((str(account), digest(salt, address)), set()).add((account, address))
    found: dict[tuple[UUID, str], set[tuple[str, str]]] = {}
    wanted = list(names)
    for first in range(0, len(wanted), AT_ONCE):
        for row in await _rows(wanted[first : first + AT_ONCE]):
            for pair in names.get((str(row["account"]), row["digest"]), ()):
                found.setdefault(pair, set()).add((row["list"], row["channel"]))
    return {pair: frozenset(kept) for pair, kept in found.items()}


def with_erased(known: Standing, kept: Kept, channel: str) -> Standing:
    """What stands of an address for a message of this channel, with the lists it stays on."""
    if not kept:
        return known
    lists = {name for name, _ in kept}
    return replace(
        known,
        opted_out=known.opted_out or ("opt_out", channel) in kept,
        dnc=known.dnc or "dnc" in lists,
        blocked=known.blocked or "block" in lists,
    )


def person_with_erased(known: Person, kept: Kept) -> Person:
    """What stands of a seller, with the lists on which any of their numbers and their email stay."""
    if not kept:
        return known
    lists = {name for name, _ in kept}
    return replace(
        known,
        dnc=known.dnc or "dnc" in lists,
        blocked=known.blocked or "block" in lists,
        opted_out=known.opted_out or "opt_out" in lists,
    )


async def bury(account_id: UUID, salt: str, entries: Iterable[Entry]) -> int:
    """Keeps these addresses on their lists as digests; how many are new. Call it inside a transaction."""
    now, added = clock.now(), 0
    for each in entries:
        added += len(
            await Tombstone.raw(
                """INSERT INTO tombstone (id, account, list, channel, digest, at) VALUES ({}, {}, {}, {}, {}, {})
                   ON CONFLICT DO NOTHING RETURNING id""",
                *(ids.new(), account_id, each.list, each.channel, digest(salt, each.address), now),
            )
        )
    return added


async def lift(account_id: UUID, entry: Entry, until: datetime | None = None) -> bool:
    """Takes an erased address off a list, unless it came there after `until`. True when it was on it."""
    rows = await Tombstone.raw(f"SELECT {salt_where_erased('{}')} AS salt", account_id)
    if not rows[0]["salt"]:
        return False
    mine: Any = (Tombstone.account == account_id) & (Tombstone.digest == digest(rows[0]["salt"], entry.address))
    mine &= (Tombstone.list == entry.list) & (Tombstone.channel == entry.channel)
    if until is not None:
        mine &= Tombstone.at <= until
    return bool(await Tombstone.delete().where(mine).returning(Tombstone.id))


async def _rows(wanted: list[tuple[str, str]]) -> list[Mapping[str, Any]]:
    """Lists and channels are named, so that the index of the digests serves."""
    accounts = sorted({account for account, _ in wanted})
    holes = ", ".join(["{}"] * len(wanted))
    return await Tombstone.raw(
        f"""SELECT account, list, channel, digest FROM tombstone
            WHERE account IN ({", ".join(["{}"] * len(accounts))}) AND list IN {LISTS} AND channel IN {CHANNELS}
              AND digest IN ({holes})""",  # noqa: S608 - fixed words
        *[UUID(account) for account in accounts],
        *[name for _, name in wanted],
    )
