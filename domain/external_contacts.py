"""Contacts made elsewhere and logged by hand: each is a message of the kind `external`, in the state `logged`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from piccolo.columns import UUID, Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import parent
from domain.db import DB

# How people are in touch without the platform: what stands in `channel` of its message -> as people say it.
WAYS = {
    "call": "Phone call",
    "text": "Text from a phone",
    "email": "Email",
    "facebook": "Facebook",
    "kijiji": "Kijiji",
    "form": "Form at the ad's site",
    "visit": "In person",
    "other": "Something else",
}
PLACES = frozenset({"other"})  # of those, the ones that have to say where


class Type(StrEnum):
    INITIAL = "initial"
    FOLLOW_UP = "follow_up"
    NON_RESPONDER = "non_responder"
    REPLY = "reply"


TYPES = {
    Type.INITIAL: "Initial contact",
    Type.FOLLOW_UP: "Follow-up",
    Type.NON_RESPONDER: "Non-responder",
    Type.REPLY: "Reply",
}


class ExternalContact(Table, db=DB, tablename="external_contact"):
    """What its message does not say. Its channel is one of WAYS."""

    message = UUID(primary_key=True, default=None)
    account = parent(Account, index=False)
    type = Varchar(16)
    place = Text(default="")  # the listing source or app, as people say it
    seconds = Integer(default=0)  # of a call
    assisted = Boolean(default=False)  # our words, sent by a person at the site: "I sent it"


# What is asked of a contact `e` beside its message.
COLUMNS = "e.type AS contact_type, e.place AS contact_place, e.seconds AS contact_seconds, e.assisted"


def of_row(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """{type, place, seconds, assisted, created_at} from a row with COLUMNS and its message's created_at; None when it
    is no contact made elsewhere."""
    if row["contact_type"] is None:
        return None
    return {
        "type": row["contact_type"],
        "place": row["contact_place"],
        "seconds": row["contact_seconds"],
        "assisted": row["assisted"],
        "created_at": row["created_at"],
    }
