"""How an email ends that nobody wrote to one seller alone: who sends it, where they are, and how to get no more."""

import base64
import hmac
from typing import Any
from uuid import UUID

from domain import wordings
from domain.settings import settings

KINDS = ("batch", "automated")  # of messages
BY_ANSWER = "To get no more emails from us, answer with the word STOP."
BY_LINK = "To get no more emails from us: "
# 15 U.S.C. 7704(a)(5)(A)(iii) and CASL want an address at which mail arrives: all of it.
POSTAL = ("street", "city", "state", "postal_code")


def wanted(kind: str, channel: str) -> bool:
    """Whether a message of this kind ends with it."""
    return channel == "email" and kind in KINDS


def is_known(account: Any) -> bool:
    """Whether the dealership has said where mail reaches it."""
    return all(getattr(account, part).strip() for part in POSTAL)


def complete(account: str) -> str:
    """The same as an SQL expression of fixed words on an account's row."""
    return " AND ".join(f"TRIM({account}.{part}) <> ''" for part in POSTAL)


def below(account: Any, listing: UUID, to: str) -> str:
    """The last lines of an email about this listing to this address. The same whenever it is asked for, so that what is
    previewed is what leaves."""
    at = link(listing, to)
    return f"{account.name}, {wordings.address(account)}\n{f'{BY_LINK}{at}' if at else BY_ANSWER}"


def link(listing: UUID, to: str) -> str:
    """Where the seller, or their mail program (RFC 8058), ends our emails to this address; empty while this
    installation has no https address."""
    public = settings().public_url
    return f"{public}/unsubscribe/{listing}/{signature(listing, to)}" if public.startswith("https://") else ""


def signature(listing: UUID, to: str) -> str:
    """What only this installation can say of an address that it wrote to about a listing: HMAC-SHA256 with a key of its
    own, 43 characters."""
    key = hmac.digest(settings().secret_key, b"unsubscribe", "sha256")
    return base64.urlsafe_b64encode(hmac.digest(key, listing.bytes + to.encode(), "sha256")).decode().rstrip("=")
