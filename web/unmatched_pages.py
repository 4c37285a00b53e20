"""How messages that belong to no listing are shown, and the listings that they may be about."""

from collections.abc import Sequence
from typing import Any

from domain import listings, phones, sellers
from domain.accounts import Account
from domain.unmatched.looking import address
from web import render
from web.entries import CHANNELS, SUBJECT
from web.filters import begun, clock_time, day, money

BRIEF = 280  # characters of a message in the list


def row(account: Account, message: dict[str, Any]) -> dict[str, Any]:
    """One line of the inbox."""
    channel, icon = CHANNELS.get(message["channel"], (message["channel"].title(), "message-square"))
    seller, inbound = address(message), message["direction"] == "in"
    body = message["body"] or ("A picture or file" if inbound else "")
    words = begun(body, BRIEF)
    return {
        "id": message["id"],
        "url": render.url_for("unmatched.show", message_id=message["id"]),
        "shown": shown(message),
        "address": phones.shown(seller) if seller.startswith("+") else seller,
        "inbound": inbound,
        "subject": begun(message["subject"], SUBJECT),
        "body": body,
        "text": words if inbound else f"You, elsewhere: {words}",
        "time": f"{day(message['at'], account.timezone)}, {clock_time(message['at'], account.timezone)}",
        "datetime": message["at"].isoformat(),
        "channel": channel,
        "channel_icon": icon,
        "open": message["responded_at"] is None,
        "guess": guess(message) if message.get("listing") else None,
    }


def shown(message: dict[str, Any]) -> str:
    """Whom it comes from, as people read it: the name they gave, else their number or address."""
    seller = address(message)
    if seller.startswith("+"):
        return phones.shown(seller)
    named = message["author_name"] if message["direction"] == "in" else ""
    return named or (seller if "@" in seller else "Somebody without a name")


def guess(found: dict[str, Any]) -> dict[str, Any]:
    """A listing that a message may be about, and why."""
    return {
        "id": found["listing"],
        "title": listings.title(found["year"], found["make"], found["model"]),
        "seller": sellers.full_name(found["first_name"] or "", found["last_name"] or ""),
        "why": found["why"],
        "url": render.url_for("listings.show", listing_id=found["listing"]),
    }


def results(account: Account, rows: Sequence[dict[str, Any]], names: dict[Any, str]) -> list[dict[str, Any]]:
    """What a search found, in the manner of `guess`."""
    return [
        {
            "id": each["id"],
            "title": listings.title(each["year"], each["make"], each["model"]),
            "seller": names.get(each["id"], ""),
            "why": money(each["price"], account.currency) or "No price",
            "url": render.url_for("listings.show", listing_id=each["id"]),
        }
        for each in rows
    ]


def ad_values(message: dict[str, Any]) -> dict[str, str]:
    """What the form for a new listing knows of the seller already: nothing where a colleague wrote it."""
    if message["colleague"]:
        return {}
    seller = address(message)
    name = message["author_name"].strip() if message["direction"] == "in" else ""
    first, _, last = name.partition(" ") if not name.startswith("+") else ("", "", "")
    values = {"first_name": first, "last_name": last.strip()}
    if message["channel"] == "text":
        values["mobile"] = phones.shown(seller)
    elif message["channel"] == "email":
        values["email"] = seller
    return values
