"""The page of an exported file that people read first: who, about what, every message in order, and how to check it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from domain import listings, phones, sellers

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left;"
    "vertical-align:top}td.t{white-space:nowrap}.b{white-space:pre-wrap}small{color:#555}code{word-break:break-all}"
)
CHECKING = (
    "Every file of this archive stands in manifest.json with its SHA-256. “python3 verify.py ARCHIVE.zip” finds any "
    "changed byte; take verify.py from this archive, or from another one of the same dealership. The SHA-256 of the "
    "whole archive is kept in the audit log where it was made; “./lotwire verify ARCHIVE.zip” asks there."
)


def entry(message: Mapping[str, Any], people: Mapping[Any, str]) -> str:
    """A row of the table of messages."""
    inbound = message["direction"] == "in"
    who = "Seller" if inbound else people.get(message["user"]) or message["author_name"] or "Dealership"
    address = message["from_address"] if inbound else message["to_address"]
    how = f"{message['channel'].capitalize()} {'from' if inbound else 'to'} {_address(address)}"
    subject = f"<b>{escape(message['subject'])}</b><br>" if message["subject"] else ""
    files = "".join(f"<br><small>File: {escape(file['name'])}</small>" for file in message["files"])
    state = "" if inbound else f"{escape(message['state'])}{_said(message['reason'])}"
    decided = "".join(f"<br><small>{escape(each)}</small>" for each in _decisions(message))
    return (
        f'<tr id="{message["id"]}"><td class="t">{_time(message["at"])}</td><td>{escape(who)}<br><small>{how}</small>'
        f'</td><td class="b">{subject}{escape(message["body"])}{files}</td><td>{state}{decided}</td></tr>\n'
    )


def top(about: Mapping[str, Any], ads: Sequence[Mapping[str, Any]]) -> str:
    """The page up to the messages."""
    made, account = about["made_by"], about["account"]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Seller’s file</title><style>{STYLE}'
        f"</style></head><body>\n<h1>{escape(_name(ads[0]))}</h1>\n"
        f"<p>What {escape(account['name'])} knows of this seller. Exported on {_time(about['made_at'])} by "
        f"{escape(made['name'])}, {escape(made['email'])}. All times are UTC.</p>\n<p>{escape(CHECKING)}</p>\n"
        f"<h2>Listings</h2>\n<table>{''.join(map(_ad, ads))}</table>\n<h2>Messages</h2>\n<table>\n"
    )


def bottom(counts: Mapping[str, int], left_out: Sequence[Mapping[str, Any]]) -> str:
    """The page after the messages."""
    files = "".join(
        f"<tr><td>{escape(name)}</td><td>{count:,} {'entry' if count == 1 else 'entries'}</td></tr>"
        for name, count in sorted(counts.items())
    )
    missing = "".join(f"<li>{escape(each['name'])}: {escape(each['why'])}</li>" for each in left_out)
    return (
        f"</table>\n<h2>Files of this archive</h2>\n<table>{files}</table>\n"
        + (f"<h2>Left out</h2>\n<ul>{missing}</ul>\n" if missing else "")
        + "</body></html>\n"
    )


def _ad(ad: Mapping[str, Any]) -> str:
    seller = ad["seller"] or {}
    known = [_address(seller.get(field, "")) for field in ("mobile", "phone", "email")]
    place = [escape(seller.get(field, "")) for field in ("street", "city", "state", "postal_code")]
    title = escape(listings.title(ad["year"], ad["make"], ad["model"]))
    return (
        f"<tr><td>{title}<br><small>{escape(ad['source_name'])} {escape(ad['url'])}</small></td>"
        f"<td>{escape(_name(ad))}<br><small>{_joined([*known, *place])}</small></td></tr>"
    )


def _name(ad: Mapping[str, Any]) -> str:
    seller = ad["seller"] or {"first_name": "", "last_name": ""}
    return sellers.full_name(seller["first_name"], seller["last_name"]) or "Unknown seller"


def _decisions(message: Mapping[str, Any]) -> Iterable[str]:
    """What the gate said each time, as far as it is not plain from the state."""
    for attempt in message["attempts"]:
        yield f"Call {attempt['n']}: {attempt['outcome'] or 'open'}{_plain(attempt['reason'])}"
    codes = (message["decision"] or {}).get("codes")
    if codes:
        yield f"The gate said: {', '.join(codes)}"


def _said(reason: str) -> str:
    return f"<br><small>{escape(reason)}</small>" if reason else ""


def _plain(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part)


def _address(address: str) -> str:
    return escape(phones.shown(address) if address.startswith("+") else address)


def _time(moment: datetime | str) -> str:
    return escape(f"{moment:%Y-%m-%d %H:%M:%S}" if isinstance(moment, datetime) else moment[:19].replace("T", " "))
