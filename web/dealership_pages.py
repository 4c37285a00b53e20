"""How dealership reports are shown: the report, what its seller is known by, and the listings it hides."""

from collections.abc import Mapping
from typing import Any

from domain import listings, phones, sellers, stages
from domain.accounts import Account
from domain.dealerships import Identity, Report
from web import inventory, render
from web.filters import clock_time, day, money

KINDS = {"phone": ("Phone", "phone"), "email": ("Email", "mail"), "address": ("Address", "map-pin")}
NAME = ("Name", "user-round")


def report(account: Account, report: Report) -> dict[str, Any]:
    """A report as dealership_reports/index.html and show.html take it."""
    return {
        "id": report.id,
        "url": render.url_for("dealership_reports.show", report_id=report.id),
        "name": report.name or "Unknown seller",
        "listings": f"{report.listings:,}",
        "by": report.by,
        "at": f"{day(report.at, account.timezone)}, {clock_time(report.at, account.timezone)}",
        "datetime": report.at.isoformat(),
        "stands": report.stands,
        "undone_by": report.undone_by,
        "undone_at": day(report.undone_at, account.timezone),
    }


def known_by(identity: Identity) -> dict[str, str]:
    """`Phone` and `+1 520 555 0117`; addresses and names with large letters again."""
    kind, icon = KINDS.get(identity.kind, NAME)
    value = identity.value
    if identity.kind == "phone":
        value = phones.shown(value)
    elif identity.kind == "address":
        street, city, state = value.split("|")
        value = f"{_large(street)}, {_large(city)}, {state.upper() if len(state) == 2 else _large(state)}"
    elif identity.kind == "name":
        value = _large(value)
    return {"kind": kind, "icon": icon, "value": value}


def row(account: Account, row: Mapping[str, Any]) -> dict[str, Any]:
    """A listing that a report hides, or would hide; `was` is its stage before."""
    stage = row.get("was", row["stage"])
    return {
        "id": row["id"],
        "url": render.url_for("listings.show", listing_id=row["id"]),
        "title": listings.title(row["year"], row["make"], row["model"]),
        "seller": sellers.full_name(row["first_name"] or "", row["last_name"] or "") or "Unknown seller",
        "source": row["source_name"],
        "price": money(row["price"], account.currency) or "No price",
        "stage": stages.label(stage),
        "tone": inventory.STAGE_TONES.get(stage, "muted"),
        "hidden": bool(row["hidden"]),
    }


def _large(folded: str) -> str:
    return " ".join(word.capitalize() for word in folded.split())
