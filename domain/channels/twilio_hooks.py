"""What Twilio's hook calls say: the signature over the address it was told, then texts and delivery states."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from domain.channels import read
from domain.channels.base import HookCall, Incoming, IncomingFile, Kind, NotUnderstood, Receipt, Said, State, Stopped
from domain.channels.twilio_errors import CANCELLED, FAILED, MEANINGS, code_of, next_day

SID = re.compile(r"(?:SM|MM)[0-9a-f]{32}", re.ASCII | re.IGNORECASE)
RECEIPTS = "status"  # beneath our hook: where delivery states are asked for; the hook itself takes them, too
REFERENCE = "message"  # in the query of the address we ask to be called at: which message of ours it is about
OUR_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
MOST_FILES = 10
PORTS = {"https": 443, "http": 80}

STATES: dict[str, State] = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "sent",
    "partially_delivered": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "undelivered",
    "canceled": "undelivered",
}


def is_signed(call: HookCall, token: str) -> bool:
    """Whether X-Twilio-Signature is that of this account's token, over the URL with or without its port."""
    given = call.headers.get("x-twilio-signature", "").encode()
    said = parse_qs(urlsplit(call.url).query).get("bodySHA256", [""])[0]
    if said:
        if not hmac.compare_digest(said.lower().encode(), hashlib.sha256(call.body).hexdigest().encode()):
            return False
        pairs: list[tuple[str, str]] = []
    else:
        pairs = call.form
    signatures = [signature(token, url, pairs) for url in _urls(call.url)]
    return any(hmac.compare_digest(given, each.encode()) for each in signatures)


def signature(token: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """HMAC-SHA1 over the URL and each field in order, its values each once."""
    words = "".join(f"{name}{value}" for name, value in sorted(set(pairs)))
    mac = hmac.digest(token.encode(), (url + words).encode("utf-8", "surrogateescape"), "sha1")
    return base64.b64encode(mac).decode()


def _urls(url: str) -> set[str]:
    """The URL as it is, with its port said, and without."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    port = parts.port or PORTS.get(parts.scheme, 443)
    others = {urlunsplit(parts._replace(netloc=each)) for each in (named, f"{named}:{port}")}
    return {url} | (others if port == PORTS.get(parts.scheme) or parts.port is None else {url})


def key(fields: Mapping[str, str], asked: str = "") -> str:
    """What names an event for ever: Twilio tells of each state once, and again when it was not answered. What it was
    `asked` about a message of ours is another event."""
    sid = fields.get("MessageSid") or fields.get("SmsSid", "")
    names = ("MessageStatus", "ErrorCode", "OptOutType")
    facts = "|".join([sid, *(fields.get(name, "") for name in names), *([asked] if asked else [])])
    return hashlib.sha256(facts.encode("utf-8", "replace")).hexdigest()


def said(fields: Mapping[str, str], at: datetime, reference: str, account: str) -> list[Said]:
    """What an event says; nothing when it concerns nobody here. Raises NotUnderstood."""
    if fields.get("AccountSid", account) != account:
        return []
    sid = fields.get("MessageSid") or fields.get("SmsSid", "")
    if not SID.fullmatch(sid):
        raise NotUnderstood("Twilio's event names no message.")
    status = fields.get("MessageStatus", "")
    if status in STATES:
        return [_receipt(sid, status, fields, at, reference)]
    if status not in ("", "receiving", "received"):
        raise NotUnderstood("Twilio's event has a state that is not known.")
    return _incoming(sid, fields, at)


def state_of(status: str, error: object, message: str = "") -> tuple[State, str]:
    """How far a message got, and the sentence when it got nowhere."""
    state = STATES.get(status, "accepted")
    if state != "undelivered":
        return state, ""
    if status == "canceled":
        return state, CANCELLED
    meaning = MEANINGS.get(code_of(error))
    return state, meaning.words if meaning else read.said("Twilio", message) or FAILED


def _receipt(sid: str, status: str, fields: Mapping[str, str], at: datetime, reference: str) -> Receipt:
    state, reason = state_of(status, fields.get("ErrorCode"), fields.get("ErrorMessage", ""))
    meaning = MEANINGS.get(code_of(fields.get("ErrorCode"))) if state == "undelivered" else None
    ours = reference if OUR_ID.fullmatch(reference) else ""
    body = fields.get("Body")
    return Receipt(
        sid,
        state,
        reason,
        at,
        # A call that is not about a message of ours, and does not say the words, could only be some other program's.
        to=read.e164(fields.get("To")) if ours or body is not None else "",
        from_address=read.e164(fields.get("From")),
        body=body,
        tells=meaning.tells if meaning else "",
        ours=ours,
        out_of_credit=meaning is not None and meaning.kind is Kind.OUT_OF_CREDIT,
        code=meaning.code if meaning else "",
        rests_until=next_day(at) if meaning and meaning.kind is Kind.RESTS else None,
    )


def _incoming(sid: str, fields: Mapping[str, str], at: datetime) -> list[Said]:
    raw = fields.get("From", "")
    if not raw.startswith("+"):
        return []  # a short code, a name, or another app's address (whatsapp:…): never a seller's number
    from_address, to_address = read.e164(raw), read.e164(fields.get("To"))
    if not from_address or not to_address:
        raise NotUnderstood("Twilio's event does not say who wrote to whom.")
    body, opt = fields.get("Body", ""), fields.get("OptOutType", "").upper()
    message = Incoming(sid, from_address, to_address, body, at, _files(fields), answered=bool(opt))
    if opt not in ("STOP", "START"):
        return [message]
    # The word may be one that only Twilio knows. After the message, so that the list names it where we know it, too.
    return [message, Stopped(from_address, body.strip()[:40] or opt, at, again=opt == "START")]


def _files(fields: Mapping[str, str]) -> tuple[IncomingFile, ...]:
    number = fields.get("NumMedia", "0")
    count = min(int(number), MOST_FILES) if re.fullmatch(r"\d{1,3}", number, re.ASCII) else 0
    found = [(fields.get(f"MediaUrl{n}", ""), fields.get(f"MediaContentType{n}", "")) for n in range(count)]
    return tuple(IncomingFile(url, media_type=kind[:100]) for url, kind in found if url)


def payload(fields: Mapping[str, str], at: datetime, reference: str = "") -> dict[str, Any]:
    """An event as it is kept: the hook names no time, so the one it came at."""
    return {"at": at.isoformat(), "reference": reference, "fields": dict(fields)}


def unpacked(kept: Mapping[str, Any]) -> tuple[dict[str, str], datetime, str]:
    """The parts of a kept event. Raises NotUnderstood."""
    try:
        at = datetime.fromisoformat(str(kept["at"]))
        fields = {str(name): str(value) for name, value in dict(kept["fields"]).items()}
    except (KeyError, TypeError, ValueError):
        raise NotUnderstood("The event is not one of Twilio's.") from None
    return fields, at if at.tzinfo else at.replace(tzinfo=UTC), str(kept.get("reference") or "")


def as_told(listed: Mapping[str, Any], account: str) -> dict[str, str]:
    """A text of Twilio's list in the words of its hook."""
    names = {
        "MessageSid": "sid",
        "MessageStatus": "status",
        "To": "to",
        "From": "from",
        "Body": "body",
        "ErrorCode": "error_code",
        "ErrorMessage": "error_message",
    }
    told = {name: str(listed[raw]) for name, raw in names.items() if listed.get(raw) is not None}
    return {"AccountSid": account, **told}


def moment(raw: object) -> datetime | None:
    """A time as Twilio's lists say it (RFC 2822), or None."""
    try:
        at = parsedate_to_datetime(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at
