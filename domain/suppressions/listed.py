"""Where addresses stand on the three lists, for the gate: one or ten thousand at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.suppressions.addresses import CHANNELS, key
from domain.suppressions.putting import one_of
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
    found: dict[str, set[str]] = {}
    for first in range(0, len(wanted), AT_ONCE):
        among, value = one_of("address", wanted[first : first + AT_ONCE])
        here = f"account = {{}} AND lifted_at IS NULL AND {among}"
        rows = await OptOut.raw(
            f"""SELECT address, channel AS list FROM opt_out WHERE channel IN ({_CHANNELS}) AND {here}
                UNION ALL SELECT address, 'dnc' AS list FROM do_not_contact WHERE {here}
                UNION ALL SELECT address, 'block' AS list FROM block WHERE {here}""",  # noqa: S608 - fixed words
            *([account_id, value] * 3),
        )
        for row in rows:
            found.setdefault(row["address"], set()).add(row["list"])
    return {address: _of(found.get(key(address))) for address in addresses}


_CHANNELS = ", ".join(f"'{channel}'" for channel in CHANNELS)  # named, so that the index of the addresses serves


def _of(lists: set[str] | None) -> Standing:
    if not lists:
        return NOTHING
    return Standing(frozenset(lists - {"dnc", "block"}), "dnc" in lists, "block" in lists)
