"""Where addresses stand on the three lists, for the gate: one or ten thousand at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain import db
from domain.suppressions.addresses import CHANNELS, key
from domain.suppressions.putting import as_table
from domain.suppressions.tables import OptOut

AT_ONCE = 500  # addresses in one query


@dataclass(frozen=True)
class Standing:
    """What stands against an address. `opted_out` holds the channels it said stop on."""

    opted_out: frozenset[str] = frozenset()
    dnc: bool = False
    blocked: bool = False


NOTHING = Standing()


async def standing(account_id: UUID, addresses: Sequence[str]) -> dict[str, Standing]:
    """address -> where it stands, of every address given. One query for 500 of them."""
    wanted = sorted({key(address) for address in addresses if address})
    found: dict[str, Standing] = {}
    for first in range(0, len(wanted), AT_ONCE):
        table, values = as_table(("address",), ("text",), [(each,) for each in wanted[first : first + AT_ONCE]])
        channels = "string_agg(o.channel, ' ')" if db.on_postgres() else "group_concat(o.channel, ' ')"
        # A select for each address: a join would leave it to the planner's guess whether the indexes serve.
        rows = await OptOut.raw(
            f"""SELECT * FROM (
                  SELECT r.address,
                    (SELECT {channels} FROM opt_out o WHERE o.account = {{}} AND o.channel IN ({_CHANNELS})
                     AND o.address = r.address AND o.lifted_at IS NULL) AS channels,
                    (SELECT 1 FROM do_not_contact d WHERE d.account = {{}} AND d.address = r.address
                     AND d.lifted_at IS NULL) AS dnc,
                    (SELECT 1 FROM block b WHERE b.account = {{}} AND b.address = r.address
                     AND b.lifted_at IS NULL) AS blocked
                  FROM {table}) AS s
                WHERE channels IS NOT NULL OR dnc IS NOT NULL OR blocked IS NOT NULL""",  # noqa: S608 - fixed words
            *(account_id, account_id, account_id, *values),
        )
        for row in rows:
            opted_out = frozenset((row["channels"] or "").split())
            found[row["address"]] = Standing(opted_out, row["dnc"] is not None, row["blocked"] is not None)
    return {address: found.get(key(address), NOTHING) for address in addresses}


_CHANNELS = ", ".join(f"'{channel}'" for channel in CHANNELS)  # named, so that the index of the addresses serves
