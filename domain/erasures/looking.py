"""What erasing a seller would do, for whoever decides it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain import same_seller
from domain.erasures.conversations import ERASED
from domain.listings import Listing
from domain.messages import WAITING
from domain.same_seller import Person, holes

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


@dataclass(frozen=True)
class Preview:
    """What would go.

    person    whose it is: all their listings and addresses
    listings  the first 50 of them
    messages  that still have their words, in either direction
    pending   of them, how many wait to leave and are cancelled
    drafts, visits   what somebody is writing to them, and planned appointments
    """

    person: Person
    listings: Sequence[dict[str, Any]]
    messages: int
    pending: int
    drafts: int
    visits: int

    @property
    def nothing_left(self) -> bool:
        """It was all erased before."""
        return not (
            self.person.addresses or self.messages or self.drafts or self.visits or any(map(_named, self.listings))
        )


async def preview(account: UUID, listing: UUID) -> Preview:
    """What `erase` would do now. Five queries, nothing changes. Raises what `same_seller.of` raises."""
    person = await same_seller.of(account, listing)
    asked, arguments = same_seller.messages_sql(person)
    some = holes(person.listings)
    [counts] = await Listing.raw(
        f"""SELECT count(*) AS messages,
                   COALESCE(SUM(CASE WHEN m.direction = 'out' AND m.state IN ({holes(WAITING)}) THEN 1 ELSE 0 END), 0)
                     AS pending,
                   (SELECT count(*) FROM draft d WHERE d.listing IN ({some})) AS drafts,
                   (SELECT count(*) FROM appointment a WHERE a.listing IN ({some}) AND a.state = 'planned') AS visits
            FROM message m WHERE m.body <> {{}} AND m.id IN (SELECT id FROM ({asked}) AS theirs)""",
        *(*WAITING, *person.listings, *person.listings, ERASED, *arguments),
    )
    return Preview(person, await same_seller.shown(person), **counts)


def _named(row: dict[str, Any]) -> bool:
    return bool(row["first_name"] or row["last_name"])
