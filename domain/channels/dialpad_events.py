"""What Dialpad's events say: one JWT each, by a hook or over a line, then texts and delivery states."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from json import loads
from typing import Any

import jwt

from domain import clock
from domain.channels import read
from domain.channels.base import (
    BadSignature,
    HookCall,
    HookEvent,
    Incoming,
    IncomingFile,
    NotUnderstood,
    Receipt,
    TooOld,
)
from domain.channels.dialpad_api import id_of
from domain.channels.dialpad_errors import code_of, state, tells


def verified(call: HookCall, secret: str, max_age: timedelta) -> list[HookEvent]:
    """The body itself is a JWT, signed with HS256 by the webhook's secret; no header says anything. Raises TooOld for
    an event older than `max_age`: nothing else in it guards against a replay."""
    if not secret:
        raise BadSignature("This connection has no webhook secret, so nothing can prove the event is Dialpad's.")
    try:
        payload = jwt.decode(
            _token(call.body),
            # HMAC itself fills a short key up with zeros (RFC 2104); done here, PyJWT does not warn at each event.
            secret.encode().ljust(32, b"\0"),
            algorithms=["HS256"],
            options={"verify_aud": False, "verify_iat": False, "verify_sub": False, "verify_jti": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise BadSignature("The event is not signed with this connection's webhook secret.") from None
    event_id = id_of(payload.get("id"))
    at = _moment(payload.get("event_timestamp")) or _moment(payload.get("created_date"))
    if not event_id or at is None:
        raise NotUnderstood("Dialpad's event has no id or no time.")
    if clock.now() - at > max_age:
        raise TooOld(f"Dialpad's event is from {at:%Y-%m-%d %H:%M} UTC, too long ago to be taken.")
    # Dialpad names no event: these four tell apart everything it reports about a message.
    facts = [
        event_id,
        *(str(payload.get(name)) for name in ("direction", "message_status", "message_delivery_result")),
    ]
    return [HookEvent(hashlib.sha256("|".join(facts).encode("utf-8", "replace")).hexdigest(), at, payload)]


def said(payload: dict[str, Any]) -> list[Incoming] | list[Receipt]:
    """What an event says; nothing where it is within the company. Raises NotUnderstood."""
    if not isinstance(payload, dict):
        raise NotUnderstood("Dialpad's event is not an object.")
    if payload.get("is_internal") is True:
        return []
    provider_id = id_of(payload.get("id"))
    if not provider_id:
        raise NotUnderstood("Dialpad's event has no id.")
    if payload.get("direction") == "inbound":
        return _incoming(provider_id, payload)
    if payload.get("direction") == "outbound":
        return [_receipt(provider_id, payload)]
    raise NotUnderstood("Dialpad's event says neither inbound nor outbound.")


def _incoming(provider_id: str, payload: dict[str, Any]) -> list[Incoming]:
    from_number = payload.get("from_number")
    if isinstance(from_number, str) and re.fullmatch(r"\d{3,8}|[A-Za-z][\w .&-]{0,30}", from_number.strip()):
        return []  # a short code or a name: a machine, never a seller
    target = payload.get("target")
    target_number = read.e164(target.get("phone_number")) if isinstance(target, dict) else ""
    to_numbers = [number for number in map(read.e164, _to_numbers(payload)) if number]
    # A group text names others too; the target is the number that is ours.
    to_address = target_number if target_number in to_numbers or not to_numbers else to_numbers[0]
    from_address = read.e164(from_number)
    at = _moment(payload.get("created_date")) or _moment(payload.get("event_timestamp"))
    if not from_address or not to_address or at is None:
        raise NotUnderstood("Dialpad's event does not say who wrote to whom, or when.")
    return [Incoming(provider_id, from_address, to_address, _text(payload) or "", at, _media(payload))]


def _receipt(provider_id: str, payload: dict[str, Any]) -> Receipt:
    at = _moment(payload.get("event_timestamp")) or _moment(payload.get("created_date"))
    if at is None:
        raise NotUnderstood("Dialpad's event does not say when.")
    reached, reason = state(payload)
    target = payload.get("target")
    by_user = isinstance(target, dict) and target.get("type") == "user"
    return Receipt(
        provider_id,
        reached,
        reason,
        at,
        to=next(filter(None, map(read.e164, _to_numbers(payload))), ""),
        sender=id_of(target.get("id")) if by_user and isinstance(target, dict) else "",
        from_address=read.e164(payload.get("from_number")),
        body=_text(payload),
        tells=tells(payload, payload.get("mms") is True),
        code=code_of(payload),
    )


def _to_numbers(payload: dict[str, Any]) -> list[Any]:
    """Events say `to_number`, REST answers `to_numbers`; both are lists, and a lone string is taken as well."""
    found = payload.get("to_number") or payload.get("to_numbers") or []
    return found if isinstance(found, list) else [found]


def _text(payload: dict[str, Any]) -> str | None:
    """None when the API key lacks the scope to export what messages say."""
    for name in ("text", "text_content"):
        if isinstance(payload.get(name), str):
            return str(payload[name])
    return None


def _media(payload: dict[str, Any]) -> tuple[IncomingFile, ...]:
    found = payload.get("mms_url")
    urls = found if isinstance(found, list) else [found]
    return tuple(IncomingFile(url) for url in urls if isinstance(url, str) and url)


def _moment(raw: object) -> datetime | None:
    """The time of epoch milliseconds, or None."""
    if isinstance(raw, str) and re.fullmatch(r"\d{1,15}", raw, re.ASCII):
        raw = int(raw)
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        return None
    try:
        return datetime.fromtimestamp(raw / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _token(body: bytes) -> str:
    """The JWT of a hook's body, which may come bare or as a JSON string."""
    token = body.decode("ascii").strip()
    if token.startswith('"'):
        token = loads(token)
    return token
