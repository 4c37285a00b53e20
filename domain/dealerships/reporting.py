"""What reporting a seller as a dealership would do, and doing it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain import audit, clock, listings, messages, sellers, users
from domain.db import writing
from domain.dealerships.hiding import CODE, REASON, hide
from domain.dealerships.matching import Identity, addresses, holes, identities, matching
from domain.dealerships.tables import DealershipReport, ReportedIdentity
from domain.listings import Listing
from domain.messages import WAITING
from domain.users import Permission, User

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

SHOWN = 50


@dataclass(frozen=True)
class Preview:
    """What a report would do.

    name        the seller's, as far as it is known
    by_name     whether the full name counts; never when it is not known
    may_by_name whether first and last name are known, so that they could count
    identities  by what the seller is known again
    count       how many listings are hidden, the reported one among them
    listings    the first 50 as {id, year, make, model, price, stage, hidden, source_name, first_name, last_name}, the
                reported one first, then the newest
    pending     how many messages that wait to leave are cancelled
    """

    name: str
    by_name: bool
    may_by_name: bool
    identities: tuple[Identity, ...]
    count: int
    listings: Sequence[dict[str, Any]]
    pending: int


async def preview(account: UUID, listing: Listing, by_name: bool) -> Preview:
    """What `report` would do now. Three queries, nothing changes."""
    seller = (await sellers.of_listing(listing.id)).to_dict()
    known = identities(seller, by_name)
    shown = await _shown(account, listing.id, known)
    return Preview(
        name=sellers.full_name(seller["first_name"], seller["last_name"]),
        by_name=by_name and bool(seller["name_key"]),
        may_by_name=bool(seller["name_key"]),
        identities=known,
        count=shown[0]["total"] if shown else 0,
        listings=shown,
        pending=await _pending(account, listing.id, known),
    )


async def report(account: UUID, listing: Listing, user: User, by_name: bool) -> DealershipReport:
    """Hides and passes this ad and all of the account that share a number, the email address, the full address or (if
    `by_name`) the full name with it; cancels what waits to leave for them; and filters such ads from now on.

    All of it or nothing. Reporting what stands reported already changes nothing and answers the report that stands.
    """
    users.require(user, Permission.EDIT_LISTING)
    async with writing():
        await listings.wait_for_turn(account)  # an import that runs meanwhile stores its rows before this, or filtered
        seller = (await sellers.of_listing(listing.id)).to_dict()
        known = identities(seller, by_name)
        standing = await _standing(listing.id, known)
        if standing is not None:
            return standing
        made = DealershipReport(
            account=account,
            listing=listing.id,
            name=sellers.full_name(seller["first_name"], seller["last_name"]),
            by_name=by_name and bool(seller["name_key"]),
            reported_by=user.id,
            at=clock.now(),
        )
        await DealershipReport.insert(made)
        if known:
            rows = (
                ReportedIdentity(report=made.id, account=account, kind=each.kind, value=each.value) for each in known
            )
            await ReportedIdentity.insert(*rows)
        sql, arguments = matching(account, listing.id, known)
        found = [row["listing"] for row in await Listing.raw(sql, *arguments)]
        await hide(account, {each: [made.id] for each in found}, user.id)
        for address in addresses(known):  # also what was written about an ad that has another number by now
            await messages.cancel_for_address(account, address, REASON, CODE)
        made.listings = len(found)
        kinds = sorted({identity.kind for identity in known})
        await audit.record(account, user.id, "dealership.reported", made.id, listings=len(found), known_by=kinds)
    return made


async def _standing(listing: UUID, known: Iterable[Identity]) -> DealershipReport | None:
    """The report that hides this listing already and knows all of these."""
    rows = await DealershipReport.raw(
        """SELECT r.id, i.kind, i.value FROM dealership_report r JOIN reported_listing h ON h.report = r.id
           LEFT JOIN reported_identity i ON i.report = r.id
           WHERE h.listing = {} AND r.undone_at IS NULL ORDER BY r.at, r.id""",
        listing,
    )
    covered: dict[UUID, set[tuple[str, str]]] = {}
    for row in rows:
        covered.setdefault(row["id"], set()).add((row["kind"], row["value"]))
    wanted = set(known)
    match = next((report for report, all_known in covered.items() if wanted <= all_known), None)
    return await DealershipReport.objects().get(DealershipReport.id == match) if match else None


async def _shown(account: UUID, listing: UUID, known: Iterable[Identity]) -> list[dict[str, Any]]:
    sql, arguments = matching(account, listing, known)
    return await Listing.raw(
        f"""SELECT l.id, l.year, l.make, l.model, l.price, l.stage, l.hidden, s.name AS source_name,
                   p.first_name, p.last_name, count(*) OVER () AS total
            FROM listing l JOIN source s ON s.id = l.source LEFT JOIN seller p ON p.listing = l.id
            WHERE l.id IN ({sql})
            ORDER BY CASE WHEN l.id = {{}} THEN 0 ELSE 1 END, l.created_at DESC, l.id LIMIT {{}}""",
        *arguments,
        listing,
        SHOWN,
    )


async def _pending(account: UUID, listing: UUID, known: Sequence[Identity]) -> int:
    sql, arguments = matching(account, listing, known)
    waiting = f"m.direction = 'out' AND m.state IN ({holes(WAITING)})"
    asked = [f"SELECT m.id FROM message m WHERE m.listing IN ({sql}) AND {waiting}"]
    arguments += WAITING
    if reached := addresses(known):
        asked.append(
            f"SELECT m.id FROM message m WHERE m.account = {{}} AND m.to_address IN ({holes(reached)}) AND {waiting}"
        )
        arguments += [account, *reached, *WAITING]
    rows = await Listing.raw(f"SELECT count(*) AS n FROM ({' UNION '.join(asked)}) AS few", *arguments)
    return int(rows[0]["n"])
