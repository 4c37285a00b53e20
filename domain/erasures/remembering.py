"""That somebody is not written to outlives what is known of them: lists give way to digests."""

from collections.abc import Sequence
from uuid import UUID

from domain import consents
from domain.consents import Entry
from domain.same_seller import holes, parts
from domain.suppressions import OptOut
from domain.suppressions.addresses import channel_of

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

_TABLES = {"opt_out": "opt_out", "dnc": "do_not_contact", "block": "block"}


async def bury(account: UUID, addresses: Sequence[str], salt: str) -> tuple[int, set[UUID]]:
    """Takes these addresses off the lists, and keeps a digest for each list that one stood on; for one that stood on
    none, that we do not contact them. How many digests are new, and the ids of the entries that went."""
    gone: set[UUID] = set()
    entries: set[Entry] = set()
    for part in parts(addresses):
        for name, table in _TABLES.items():
            channel = "channel" if name == "opt_out" else "'' AS channel"
            rows = await OptOut.raw(
                f"""DELETE FROM {table} WHERE account = {{}} AND address IN ({holes(part)})
                    RETURNING id, address, lifted_at, {channel}""",
                *(account, *part),
            )
            gone |= {UUID(str(row["id"])) for row in rows}
            entries |= {
                Entry(name, row["channel"] or channel_of(row["address"]), row["address"])
                for row in rows
                if row["lifted_at"] is None
            }
    known = {entry.address for entry in entries} | (await consents.tombstoned(account, addresses)).keys()
    entries |= {Entry("dnc", channel_of(each), each) for each in addresses if each not in known}
    return await consents.bury(account, salt, sorted(entries)), gone
