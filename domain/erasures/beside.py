"""What else is known of a seller goes: their row, their ads' words, drafts, appointments, notes, history, audit."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import consents, db
from domain.appointments import Appointment
from domain.appraisals import Appraisal
from domain.audit import AuditEntry
from domain.consents import Consent
from domain.dealerships import DealershipReport, ReportedIdentity
from domain.drafts import Draft, DraftAttachment
from domain.history import Event
from domain.listings import Listing, search_words
from domain.number_facts import NumberFact
from domain.same_seller import Person, holes, parts
from domain.sellers import Seller
from domain.suppressions import FirstContact

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

BEFORE_DIGEST = "erased:"  # in front of the digest that stands where an address stood
PERSONAL = ("address", "place")  # what events and audit entries may tell of somebody
OURS = "seller."  # audit entries of exports and erasures hold nothing personal, and prove what was done
_COLUMNS = (
    *("first_name", "last_name", "phone", "mobile", "email", "street", "city", "state", "postal_code", "name_key"),
    "address_key",
)
_SEARCHED = ("year", "make", "model", "trim", "vin", "external_id")


async def sellers(person: Person) -> int:
    """Their rows; how many told something."""
    gone = 0
    blank = ", ".join(f"{name} = ''" for name in _COLUMNS)
    told = " OR ".join(f"{name} <> ''" for name in _COLUMNS)
    for part in parts(person.listings):
        rows = await Seller.raw(
            f"UPDATE seller SET {blank} WHERE listing IN ({holes(part)}) AND ({told}) RETURNING id", *part
        )
        gone += len(rows)
    return gone


async def ads(person: Person, now: datetime) -> None:
    """The words of the ads, which the seller wrote."""
    columns = [Listing._meta.get_column_by_name(name) for name in ("id", *_SEARCHED)]
    for part in parts(person.listings):
        for row in await Listing.select(*columns).where(Listing.id.is_in(list(part))):
            words = " ".join(search_words(*(str(row[name]) for name in _SEARCHED)))
            told = (Listing.description != "") | (Listing.search != words)
            await Listing.update(
                {
                    Listing.description: "",
                    Listing.search: words,
                    Listing.revision: Listing.revision + 1,
                    Listing.updated_at: now,
                }
            ).where((Listing.id == row["id"]) & told)


async def drafts(person: Person) -> int:
    """What somebody was writing to them; how many there were."""
    gone = 0
    for part in parts(person.listings):
        mine = [row["id"] for row in await Draft.select(Draft.id).where(Draft.listing.is_in(list(part)))]
        if mine:
            await DraftAttachment.delete().where(DraftAttachment.draft.is_in(mine))
            await Draft.delete().where(Draft.id.is_in(mine))
        gone += len(mine)
    return gone


async def visits(person: Person, now: datetime) -> set[UUID]:
    """Where they were to be met, what was noted of their vehicle; planned visits are off. The appointments' ids."""
    ids: set[UUID] = set()
    for part in parts(person.listings):
        rows = await Appointment.raw(
            f"""UPDATE appointment SET place = '', settled_at = COALESCE(settled_at, {{}}),
                       state = CASE state WHEN 'planned' THEN 'cancelled' ELSE state END
                WHERE listing IN ({holes(part)}) RETURNING id""",
            *(now, *part),
        )
        ids |= {UUID(str(row["id"])) for row in rows}
        await Appraisal.update({Appraisal.note: ""}).where(Appraisal.listing.is_in(list(part)) & (Appraisal.note != ""))
    return ids


async def bases(person: Person, salt: str) -> int:
    """Why they could be written to stays, under a digest of the address; how many reasons there are."""
    changed = 0
    mine: Any = Consent.listing.is_in(list(person.listings))
    if person.own:
        mine |= Consent.address.is_in(list(person.own))
    clear = (Consent.account == person.account) & Consent.address.not_like(f"{BEFORE_DIGEST}%") & mine
    for row in await Consent.select(Consent.id, Consent.address).where(clear):
        await Consent.update(
            {Consent.address: f"{BEFORE_DIGEST}{consents.digest(salt, row['address'])}", Consent.note: ""}
        ).where(Consent.id == row["id"])
        changed += 1
    return changed


async def facts(person: Person) -> None:
    """What was kept by their addresses alone, and by what a report as a dealership knew them."""
    if person.own:
        for table in (FirstContact, NumberFact):
            mine = (table.account == person.account) & table.address.is_in(list(person.own))
            await table.delete().where(mine)
        await ReportedIdentity.delete().where(
            (ReportedIdentity.account == person.account)
            & ReportedIdentity.kind.is_in(["phone", "email"])
            & ReportedIdentity.value.is_in(list(person.own))
        )
    for part in parts(person.listings):
        await FirstContact.delete().where(FirstContact.listing.is_in(list(part)))
        rows = (
            await DealershipReport.update({DealershipReport.name: ""})
            .where(DealershipReport.listing.is_in(list(part)))
            .returning(DealershipReport.id)
        )
        if rows:
            await ReportedIdentity.delete().where(ReportedIdentity.report.is_in([row["id"] for row in rows]))


async def history(person: Person) -> None:
    """The lines between the messages, without addresses and places."""
    for part in parts(person.listings):
        rows = await Event.select(Event.id, Event.detail).where(Event.listing.is_in(list(part))).output(load_json=True)
        await _write(Event, [(row["id"], row["detail"], "") for row in rows], reasons=False)


async def audit(account: UUID, subjects: Collection[UUID]) -> None:
    """Who did what stays; whom it was about, and in whose words, does not."""
    for part in parts(sorted(subjects)):
        query = AuditEntry.select(AuditEntry.id, AuditEntry.detail, AuditEntry.reason, AuditEntry.action).where(
            (AuditEntry.account == account) & AuditEntry.subject.is_in(list(part))
        )
        rows = [row for row in await query.output(load_json=True) if not row["action"].startswith(OURS)]
        await _write(AuditEntry, [(row["id"], row["detail"], row["reason"]) for row in rows], reasons=True)


async def _write(table: Any, rows: Sequence[tuple[UUID, dict[str, Any], str]], *, reasons: bool) -> None:
    """Takes the personal parts out of the details, and with `reasons` empties these, where there are any."""
    changed = []
    for key, detail, reason in rows:
        left = {name: value for name, value in detail.items() if name not in PERSONAL}
        if left != detail or reason:
            changed.append((key, json.dumps(left)))
    if changed:
        given, arguments = db.given(("uuid", "json"), changed)
        name, more = table._meta.tablename, ", reason = ''" if reasons else ""
        await table.raw(
            f"UPDATE {name} SET detail = given.column2{more} FROM {given} WHERE {name}.id = given.column1", *arguments
        )
