"""Rows as the JSON the API gives; the shapes are those of `schemas`."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.accounts import Account
from domain.wordings import Letter
from web.handlers.api.problems import Problem
from web.handlers.api.schemas import OTHER_VEHICLE_FIELDS, SELLER_FIELDS

Row = Mapping[str, Any]

AS_THEY_ARE = (
    "id",
    "channel",
    "direction",
    "author_kind",
    "kind",
    "origin",
    "state",
    "code",
    "reason",
    "subject",
    "body",
)


def listing(row: Row, account: Account) -> dict[str, Any]:
    """A row of `domain.api_records.listings`."""
    seller = row["seller"] or {}
    return {
        **{name: row[name] for name in ("id", "source", "external_id")},
        "vehicle": {name: row[name] for name in ("year", "make", "model", *OTHER_VEHICLE_FIELDS)},
        "price": _amount(row["price"]),
        "previous_price": _amount(row["previous_price"]),
        "currency": account.currency,
        **{name: row[name] for name in ("url", "description", "posted_on", "pictures", "stage")},
        "hidden": bool(row["hidden"]),
        "seller": {name: seller.get(name, "") for name in SELLER_FIELDS},
        "main_user": _person(row["main_user_id"], row["main_user_name"]),
        **{name: row[name] for name in ("waiting_since", "last_contact_at", "created_at", "updated_at")},
    }


def message(row: Row) -> dict[str, Any]:
    """A row of `domain.api_records.messages`."""
    return {
        **{name: row[name] for name in AS_THEY_ARE},
        "listing_id": row["listing"],
        "author": _person(row["user_id"], row["user_name"]),
        "to": row["to_address"],
        "from": row["from_address"],
        "attachments": [{**file(each), "as": "link" if each["link"] else "file"} for each in row["files"]],
        **{name: row[name] for name in ("encoding", "segments", "scheduled_at", "at", "changed_at")},
    }


def preview(letter: Letter, against: Sequence[Problem]) -> dict[str, Any]:
    """What would be read, what a text costs, and what stands against it."""
    cost = letter.rendered.cost
    is_text = letter.channel == "text"
    return {
        "body": letter.body,
        "subject": letter.subject,
        "html": letter.html,
        "encoding": cost.encoding if is_text else "",
        "characters": cost.characters if is_text else len(letter.body),
        "segments": cost.segments if is_text else 0,
        "missing": list(letter.missing),
        "refusals": [{"code": each.code, "message": each.message} for each in against],
    }


def file(row: Row) -> dict[str, Any]:
    """An attachment, as a row or as what was just kept."""
    return {name: row[name] for name in ("id", "name", "media_type", "size")}


def message_detail(row: Row) -> dict[str, Any]:
    """The row of `domain.api_records.message`."""
    return {**message(row), "attempts": row["attempts"], "receipts": row["receipts"]}


def template(row: Row, files: Sequence[Row]) -> dict[str, Any]:
    """A row of `domain.message_templates.page` with its files, of which only those that are there are told."""
    return {
        **{name: row[name] for name in ("id", "type", "scope", "purpose", "name", "subject", "body")},
        "attachments": [each["id"] for each in files if each["removed_at"] is None],
        "version": row["n"],
        "created_at": row["created_at"],
        "changed_at": row["changed_at"],
    }


def _amount(cents: int | None) -> float | int | None:
    if cents is None:
        return None
    return cents // 100 if cents % 100 == 0 else cents / 100


def _person(user_id: Any, name: str | None) -> dict[str, Any] | None:
    return {"id": user_id, "name": name} if user_id else None
