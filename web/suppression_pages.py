"""The words and rows of the pages about whom nothing is sent to."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from domain import phones, users
from domain.accounts import Account
from domain.errors import NotFound
from domain.suppressions import Kind, ListImport, files
from domain.suppressions.by_hand import MAY_ADD
from domain.suppressions.erased import Remembered
from domain.suppressions.paging import Listed
from domain.users import Permission, User
from web.filters import day
from web.render import url_for

LABELS = {Kind.OPT_OUT: "Opted out", Kind.DNC: "Do not contact", Kind.BLOCK: "Blocked"}  # in the order of the tabs
LEADS = {
    Kind.OPT_OUT: "They asked you to stop. Only their START lifts it, or written consent that a manager records.",
    Kind.DNC: "Your dealership decided not to write to them. A manager can lift that.",
    Kind.BLOCK: "What they write is kept and nobody is told; nothing goes out to them. A manager can lift that.",
}
ADD = {Kind.OPT_OUT: "Record an opt-out", Kind.DNC: "Add somebody", Kind.BLOCK: "Block somebody"}
WHY = {
    Kind.OPT_OUT: ("What did you hear, and where?", "Such as: told Ben on the phone to stop texting."),
    Kind.DNC: ("Why?", "Whoever looks here later reads it."),
    Kind.BLOCK: ("Why?", "Such as: threats. Whoever looks here later reads it."),
}
LIFT = {Kind.OPT_OUT: "Record the consent", Kind.DNC: "Take off the list", Kind.BLOCK: "Unblock"}
LIFT_WHY = {
    Kind.OPT_OUT: ("Where is their written consent?", "Such as: signed form of 20 November, in the deal folder."),
    Kind.DNC: ("Why?", "It is kept with your name."),
    Kind.BLOCK: ("Why?", "It is kept with your name."),
}
SOURCES = {
    "seller": "The seller said so",
    "provider": "The provider’s list",
    "agent": "Heard by an agent",
    "import": "Imported",
    "email": "The seller’s email",
    "stage": "Stage set to Do not contact",
    "report": "Reported as a dealership",
}
CHANNELS = {"text": "texts", "email": "email", "facebook": "Facebook", "kijiji": "Kijiji", "form": "forms"}


def kind_of(slug: str) -> Kind | None:
    """The list of that name; None when there is none."""
    return Kind(slug) if slug in list(Kind) else None


def id_of(text: str) -> UUID:
    """The id in an address. Raises NotFound when it cannot be one."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def tabs(current: Kind, counts: dict[Kind, int]) -> list[dict[str, Any]]:
    return [
        {"label": label, "count": f"{counts[kind]:,}", "url": list_url(kind), "current": kind == current}
        for kind, label in LABELS.items()
    ]


def list_url(kind: Kind, **query: str) -> str:
    return f"{url_for('suppressions.index')}?kind={kind}" + "".join(f"&{name}={each}" for name, each in query.items())


def row(entry: Listed, account: Account) -> dict[str, Any]:
    """An entry as a person reads it."""
    return {
        "id": entry.id,
        "address": phones.shown(entry.address) if entry.address.startswith("+") else entry.address,
        "of": CHANNELS[entry.channel] if entry.kind == Kind.OPT_OUT else "",
        "reason": entry.reason,
        "source": "" if entry.reason.startswith("Imported ") else SOURCES.get(entry.source, ""),
        "by": entry.added_by,
        "since": day(entry.at, account.timezone),
        "datetime": entry.at.isoformat(),
        "lifted": day(entry.lifted_at, account.timezone) if entry.lifted_at else None,
        "lifted_by": entry.lifted_by,
        "lift_reason": entry.lift_reason,
        "url": url_for("suppressions.show", kind=entry.kind, entry_id=entry.id),
        "listing_url": url_for("listings.show", listing_id=entry.listing) if entry.listing else None,
    }


def remembered(entry: Remembered) -> dict[str, Any]:
    """The same of an address that was erased and stays on the list: there is nothing to tell but that."""
    nothing = dict.fromkeys(("source", "by", "lifted_by", "lift_reason"), "")
    return {
        **nothing,
        "id": None,
        "label": LABELS[entry.kind],
        "address": phones.shown(entry.address) if entry.address.startswith("+") else entry.address,
        "of": CHANNELS[entry.channel] if entry.kind == Kind.OPT_OUT else "",
        "reason": "Erased on request: only a fingerprint of the address is kept.",
        "since": "",
        "lifted": None,
        "url": f"{url_for('suppressions.erased', kind=entry.kind)}?address={quote(entry.address)}",
        "listing_url": None,
    }


def rights(me: User, kind: Kind) -> dict[str, bool]:
    """What this person may do here; support reads only."""
    return {
        "may_add": users.may(me, MAY_ADD[kind]),
        "may_lift": users.may(me, Permission.LIFT_DNC),
        "may_import": users.may(me, Permission.IMPORT),
    }


def job(each: ListImport, account: Account) -> dict[str, Any]:
    """An import into a list."""
    return {
        "name": each.name,
        "url": url_for("suppression_imports.show", import_id=each.id),
        "list": LABELS[Kind(each.kind)],
        "list_url": list_url(Kind(each.kind)),
        "state": each.state,
        "problem": each.problem,
        "rows": each.rows,
        "added": each.added,
        "known": each.known,
        "refused": each.refused,
        "on": day(each.at, account.timezone),
        "fetched": day(each.scrubbed_at, "UTC") if each.scrubbed_at else None,
        "more_refused": each.refused > files.SHOWN_REFUSALS,
    }
