"""A seller's file is exported: written aside, sealed, and its digest kept in the audit log."""

import asyncio
import errno
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from domain import accounts, audit, clock, db, installations, listings, same_seller, users
from domain.accounts import Account
from domain.audit import AuditEntry
from domain.errors import Unavailable
from domain.listings import Listing
from domain.same_seller import Person
from domain.seller_files.archive import Parts
from domain.seller_files.filling import Filling
from domain.settings import settings
from domain.users import Permission, User

ACTION = "seller.exported"
FORMAT = "Lotwire seller’s file 1"
SHOWN = 10


@dataclass(frozen=True)
class Exported:
    """An archive, open at its beginning. Whoever takes it closes it, and then it is gone."""

    file: IO[bytes]
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Earlier:
    """An export as the audit log has it; `by` is a name, empty when nobody's."""

    at: datetime
    by: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Preview:
    """What an archive would hold: `listings` are the first 50 of the person's, `size` is of the attached files."""

    person: Person
    listings: Sequence[dict[str, Any]]
    messages: int
    files: int
    size: int


async def preview(account: UUID, listing: UUID) -> Preview:
    """What `export` would hold now. Five queries. Raises what `same_seller.of` raises."""
    person = await same_seller.of(account, listing)
    asked, arguments = same_seller.messages_sql(person)
    [counts] = await Listing.raw(
        f"""SELECT (SELECT count(*) FROM ({asked}) AS theirs) AS messages, count(*) AS files,
                   COALESCE(SUM(a.size), 0) AS size
            FROM attachment a WHERE a.removed_at IS NULL AND a.id IN (
              SELECT f.attachment FROM message_attachment f WHERE f.message IN (
                SELECT id FROM ({asked}) AS theirs))""",  # noqa: S608 - fixed words
        *arguments,
        *arguments,
    )
    counts = {name: int(value) for name, value in counts.items()}  # PostgreSQL adds up to a Decimal
    return Preview(person, await same_seller.shown(person), **counts)


async def export(account: Account, listing: Listing, user: User) -> Exported:
    """All that is known of this listing's seller, also by their other listings, as a ZIP.

    Raises Refused for who may not, and for a seller who has too many listings; Unavailable when the file store does
    not answer, or the disk is full.
    """
    users.require(user, Permission.EXPORT)
    person = await same_seller.of(account.id, listing.id)
    about = await _about(account, user, person)
    try:
        with Parts(settings().data_dir) as parts:
            filling = Filling(parts)
            await filling.fill(person, about)
            sealed = await asyncio.to_thread(parts.seal, {**about, "left_out": filling.left_out})
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Unavailable("The disk is full, so the file was not made. Free some space and try again.") from error
    try:
        async with db.writing():
            facts: dict[str, Any] = {"sha256": sealed.sha256, "size": sealed.size, "listings": len(person.listings)}
            await audit.record(account.id, user.id, ACTION, listing.id, **facts)
    except BaseException:
        sealed.file.close()
        raise
    return Exported(sealed.file, _file_name(listing, sealed.sha256), sealed.size, sealed.sha256)


async def earlier(listing: UUID) -> list[Earlier]:
    """The newest exports that began with this listing."""
    rows = await (
        AuditEntry.select(AuditEntry.at, AuditEntry.detail, AuditEntry.user.name.as_alias("by"))
        .where((AuditEntry.subject == listing) & (AuditEntry.action == ACTION))
        .order_by(AuditEntry.at, ascending=False)
        .limit(SHOWN)
        .output(load_json=True)
    )
    return [Earlier(row["at"], row["by"] or "", row["detail"]["sha256"], row["detail"]["size"]) for row in rows]


async def _about(account: Account, user: User, person: Person) -> dict[str, Any]:
    """What the manifest says besides the files."""
    return {
        "format": FORMAT,
        "made_at": clock.now().isoformat(),
        "made_by": {"id": str(user.id), "name": user.name, "email": user.email, "role": user.role},
        "installation": str((await installations.here()).id),
        "account": {"id": str(account.id), "name": account.name, "slug": account.slug},
        "listing": str(person.listing),
        "listings": [str(each) for each in person.listings],
        "addresses": list(person.own),
        "addresses_of_others_too": list(person.shared),
    }


def _file_name(listing: Listing, sha256: str) -> str:
    title = accounts.slug_of(listings.title(listing.year, listing.make, listing.model))
    return f"seller-{title}-{sha256[:12]}.zip"
