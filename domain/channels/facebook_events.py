"""What the Messenger Platform tells: each item of a call an event, each event what somebody wrote, got or read."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from domain.channels.base import (
    HookEvent,
    Incoming,
    IncomingFile,
    NotUnderstood,
    ReadUntil,
    Receipt,
    Said,
)

OURS = "lotwire:"  # what the metadata of our own messages begins with; an echo brings it back
MOST_FILES = 30
LONGEST_ID = 250
PERSON = re.compile(r"\d{1,40}", re.ASCII)
NOT_SHOWN = "(Something that Facebook shows only in Messenger.)"


def events(page: str, call: Any) -> list[HookEvent]:
    """Every item of a call that is about this page, in its order. Raises NotUnderstood."""
    if not isinstance(call, dict) or call.get("object") != "page" or not isinstance(call.get("entry"), list):
        raise NotUnderstood("This is not about a Facebook Page.")
    found: dict[str, HookEvent] = {}
    for item in _items(page, call["entry"]):
        key, at = _key(item), _moment(item.get("timestamp"))
        if key and at is not None:
            found.setdefault(key, HookEvent(key, at, {"page": page, "item": item}))
    return list(found.values())


def _items(page: str, entries: list[Any]) -> Iterator[dict[str, Any]]:
    """Of `standby`, too: another app answers for the Page there, but the seller wrote all the same."""
    for entry in entries:
        if not isinstance(entry, dict) or str(entry.get("id")) != page:
            continue  # one app may serve several Pages, and calls one address for all of them
        for name in ("messaging", "standby"):
            listed = entry.get(name)
            for item in listed if isinstance(listed, list) else ():
                if isinstance(item, dict):
                    # Deliveries have no time of their own in some versions.
                    yield {"timestamp": entry.get("time"), **item}


def _key(item: Mapping[str, Any]) -> str:
    """What names it for ever: a message by its mid, whatever comes around it. "" for what we do not hear."""
    message, delivery, read, postback = (item.get(name) for name in ("message", "delivery", "read", "postback"))
    facts: list[Any]
    if isinstance(message, dict) and _mid(message):
        facts = ["message", _mid(message)]
    elif isinstance(delivery, dict):
        facts = ["delivery", _id(item, "sender"), delivery]
    elif isinstance(read, dict):
        facts = ["read", _id(item, "sender"), read]
    elif isinstance(postback, dict):
        facts = ["postback", _mid(postback) or [_id(item, "sender"), item.get("timestamp"), postback]]
    else:
        return ""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def said(own: str, payload: Any) -> list[Said]:
    """What one stored event says to the connection of the page `own`. Raises NotUnderstood."""
    item = payload.get("item") if isinstance(payload, dict) else None
    page = payload.get("page") if isinstance(payload, dict) else None
    if not isinstance(item, dict) or not isinstance(page, str):
        raise NotUnderstood("This is no event of Messenger.")
    at = _moment(item.get("timestamp"))
    if at is None:
        raise NotUnderstood("Facebook's event does not say when.")
    message, delivery, read, postback = (item.get(name) for name in ("message", "delivery", "read", "postback"))
    if isinstance(message, dict):
        if message.get("is_echo") is True:
            return _echo(page, item, message, at, _ours(message) if page == own else "")
        return _wrote(page, item, message, at)
    if isinstance(delivery, dict):
        return _arrived(item, delivery, at)
    if isinstance(read, dict):
        until = _moment(read.get("watermark"))
        return [ReadUntil(_id(item, "sender"), until)] if until and _id(item, "sender") else []
    if isinstance(postback, dict):
        return _pressed(page, item, postback, at)
    return []


def _wrote(page: str, item: Mapping[str, Any], message: Mapping[str, Any], at: datetime) -> list[Said]:
    sender, mid = _id(item, "sender"), _mid(message)
    if not sender or not mid or sender == page:
        raise NotUnderstood("Facebook's event does not say who wrote.")
    if message.get("is_deleted") is True:
        return []
    text, files, about = _text(message), [], _about(item, message)
    lines = [text] if text else []
    for each in _attachments(message):
        kind, payload = each.get("type"), each.get("payload")
        payload = payload if isinstance(payload, dict) else {}
        url = payload.get("url")
        if kind in ("image", "video", "audio", "file") and _is_web(url):
            files.append(IncomingFile(str(url)))
        elif kind == "location":
            lines.append(_place(payload))
        else:
            link = url or each.get("url")
            lines.append(f"{payload.get('title') or each.get('title') or ''} {link or ''}".strip())
            about = about or (str(link) if _is_web(link) else "")
    body = "\n".join(line for line in lines if line)
    if not body and not files:
        body = NOT_SHOWN
    return [Incoming(mid, sender, page, body, at, tuple(files[:MOST_FILES]), about=about)]


def _echo(page: str, item: Mapping[str, Any], message: Mapping[str, Any], at: datetime, ours: str) -> list[Said]:
    """What the Page wrote: from here (`ours`, words or a file of it), or in Facebook's own inbox, by anybody."""
    person, mid = _id(item, "recipient"), _mid(message)
    if not person or not mid:
        raise NotUnderstood("Facebook's event does not say who it was written to.")
    body = _text(message)
    if not body and not ours:
        body = "(A file, sent in Messenger.)" if _attachments(message) else NOT_SHOWN
    return [Receipt(mid, "sent", "", at, to=person, from_address=page, body=body, ours=ours)]


def _ours(message: Mapping[str, Any]) -> str:
    """The id of the message of ours that an echo names: as hexadecimal digits, empty when it names none."""
    metadata = message.get("metadata")
    if not isinstance(metadata, str) or not metadata.startswith(OURS):
        return ""
    try:
        return UUID(metadata.removeprefix(OURS)).hex
    except ValueError:
        return ""


def _arrived(item: Mapping[str, Any], delivery: Mapping[str, Any], at: datetime) -> list[Said]:
    mids, person = delivery.get("mids"), _id(item, "sender")
    found: list[Said] = [
        Receipt(mid, "delivered", "", at)
        for mid in (mids if isinstance(mids, list) else ())
        if isinstance(mid, str) and 0 < len(mid) <= LONGEST_ID
    ]
    until = _moment(delivery.get("watermark"))
    if until and person:
        found.append(ReadUntil(person, until))
    return found


def _pressed(page: str, item: Mapping[str, Any], postback: Mapping[str, Any], at: datetime) -> list[Said]:
    """A button they pressed says what stands on it."""
    sender, title = _id(item, "sender"), postback.get("title")
    if not sender or not isinstance(title, str) or not title.strip():
        return []
    mid = _mid(postback) or f"postback-{_key(item)}"
    return [Incoming(mid, sender, page, title.strip(), at, about=_about(item, postback))]


def _about(item: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """The ad's address, where the link by which they came (m.me/page?ref=…) names it."""
    for each in (said.get("referral"), item.get("referral")):
        ref = each.get("ref") if isinstance(each, dict) else None
        if _is_web(ref):
            return str(ref)
    return ""


def _text(message: Mapping[str, Any]) -> str:
    text = message.get("text")
    return text if isinstance(text, str) else ""


def _attachments(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = message.get("attachments")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _place(payload: Mapping[str, Any]) -> str:
    where = payload.get("coordinates")
    where = where if isinstance(where, dict) else {}
    return f"Location: {where.get('lat')}, {where.get('long')}" if {"lat", "long"} <= where.keys() else ""


def _is_web(raw: object) -> bool:
    try:
        return isinstance(raw, str) and len(raw) <= 4000 and urlsplit(raw).scheme == "https"
    except ValueError:
        return False


def _mid(message: Mapping[str, Any]) -> str:
    mid = message.get("mid")
    return mid if isinstance(mid, str) and 0 < len(mid) <= LONGEST_ID else ""


def _id(item: Mapping[str, Any], whose: str) -> str:
    """Who it is from or for: digits, which older versions sent as a number."""
    named = item.get(whose)
    raw = str(named.get("id")) if isinstance(named, dict) else ""
    return raw if PERSON.fullmatch(raw) else ""


def _moment(raw: object) -> datetime | None:
    """The time of epoch milliseconds, or None."""
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        return None
    try:
        return datetime.fromtimestamp(raw / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def name_in(said: Mapping[str, Any]) -> str:
    """How a person calls themself, of what the Graph API says of them."""
    told = said.get("name")
    return told if isinstance(told, str) else ""
